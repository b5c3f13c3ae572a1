"""Pictures -> H.264 packets. Each state is encoded once, as a key frame, and held by pictures that say "as before"."""

import functools
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av import Packet
from av.codec.context import Flags
from av.error import FFmpegError
from av.stream import Stream
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from kinescribe_server.film.skip import SkipWriter, UnmatchedEncoderError
from kinescribe_server.jobs.errors import MakeError

Plane = NDArray[np.uint8]

X264 = "libx264"
# A player that seeks waits for the next key frame; the live playlist cuts only at key frames.
KEY_FRAME_SECONDS = 2
# Without B pictures, weights and a look-ahead the parameter sets are those that skip pictures are written for.
# crf 18 veryfast: PSNR-Y above 51 dB on slides; `medium` takes twice the time for the same picture.
_X264_OPTIONS = {
    "preset": "veryfast",
    "crf": "18",
    "x264-params": "bframes=0:weightp=0:ref=1:mbtree=0:rc-lookahead=0:sync-lookahead=0:scenecut=0:open-gop=0:threads=1",
}
# Without these options a picture that is cut short is a picture with a grey rest.
_WHOLE_PICTURES = {"err_detect": "crccheck+bitstream+buffer+explode"}
# For encoders that know no constant quality: about 0.1 bit for each pixel of each second frame.
_OTHER_BITS_PER_PIXEL = 0.05


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """Size in pixels (both even), frames per second, and the name of FFmpeg's encoder."""

    width: int
    height: int
    frame_rate: int
    encoder: str = X264

    @property
    def key_frame_distance(self) -> int:
        return KEY_FRAME_SECONDS * self.frame_rate

    @property
    def time_base(self) -> Fraction:
        return Fraction(1, self.frame_rate)


@dataclass(frozen=True, slots=True)
class Hold:
    """A picture (a PNG file), for how many frames it stays, and what is below it (a PNG; b"" for nothing)."""

    picture: Path
    frames: int
    band: bytes = b""


def describe(context: av.VideoCodecContext, form: VideoFormat) -> None:
    """Sets everything that an encoder has to know before it is opened."""
    context.width, context.height, context.pix_fmt = form.width, form.height, "yuv420p"
    context.time_base, context.framerate = form.time_base, Fraction(form.frame_rate)
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.gop_size, context.max_b_frames, context.thread_count = form.key_frame_distance, 0, 1
    context.flags |= Flags.global_header | Flags.closed_gop
    if form.encoder == X264:
        context.profile = "High"
        context.options = _X264_OPTIONS
    else:
        context.bit_rate = round(form.width * form.height * form.frame_rate * _OTHER_BITS_PER_PIXEL)


def encode(holds: Sequence[Hold], form: VideoFormat) -> "Iterator[Packet[Stream]]":
    """The packets of a clip, timed in frames from 0, each picture starting with a key frame.

    Raises MakeError for a damaged picture and for an encoder that cannot be had.
    """
    try:
        skip = SkipWriter(_open_encoder(form).extradata or b"")
    except UnmatchedEncoderError:
        return _encode_every_frame(holds, form)
    return _encode_each_picture_once(holds, form, skip)


def _encode_each_picture_once(holds: Sequence[Hold], form: VideoFormat, skip: SkipWriter) -> "Iterator[Packet[Stream]]":
    time = 0
    for hold in holds:
        key_frame = _key_frame(hold, form)
        for length in _groups(hold.frames, form.key_frame_distance):
            yield _packet(key_frame, time, form, is_key=True)
            for position in range(1, length):
                yield _packet(skip.picture(position), time + position, form)
            time += length


def _encode_every_frame(holds: Sequence[Hold], form: VideoFormat) -> "Iterator[Packet[Stream]]":
    context = _open_encoder(form)
    time = 0
    for hold in holds:
        picture = _picture_of(hold, form)
        for length in _groups(hold.frames, form.key_frame_distance):
            for position in range(length):
                picture.pts, picture.time_base = time + position, form.time_base
                picture.pict_type = av.video.frame.PictureType.I if position == 0 else av.video.frame.PictureType.NONE
                yield from _timed(context.encode(picture), form)
            time += length
    yield from _timed(context.encode(None), form)


def _picture_of(hold: Hold, form: VideoFormat) -> av.VideoFrame:
    if not hold.band:
        return read_picture(hold.picture, form.width, form.height)
    below = read_picture(io.BytesIO(hold.band), form.width)
    above = _planes(hold.picture, form.width, form.height - below.height)
    # A 4:2:0 picture as one array: the rows of luma, then the two planes of chroma.
    planes = [np.concatenate(pair, axis=None) for pair in zip(above, _planes_of(below), strict=True)]
    return av.VideoFrame.from_ndarray(np.concatenate(planes).reshape(-1, form.width), format="yuv420p")


@functools.lru_cache(maxsize=2)  # a state is seen with many bands, one after the other
def _planes(path: Path, width: int, height: int) -> tuple[Plane, ...]:
    return _planes_of(read_picture(path, width, height))


def _planes_of(picture: av.VideoFrame) -> tuple[Plane, ...]:
    pixels = picture.width * picture.height
    flat: Plane = picture.to_ndarray().reshape(-1).astype(np.uint8, copy=False)
    return flat[:pixels], flat[pixels : pixels * 5 // 4], flat[pixels * 5 // 4 :]


def read_picture(source: Path | io.BytesIO, width: int, height: int | None = None) -> av.VideoFrame:
    """A PNG as a frame for the encoder: 4:2:0, BT.709, limited range. Raises MakeError for a damaged picture.

    swscale uses the coefficients of BT.601 unless it is told otherwise.
    """
    try:
        file_or_name = str(source) if isinstance(source, Path) else source
        with av.open(file_or_name, "r", format="png_pipe", options=_WHOLE_PICTURES) as file:
            picture = next(file.decode(video=0), None)
    except FFmpegError as error:
        raise _damaged(f"cannot be read as a PNG: {error.strerror}") from error
    if picture is None:
        raise _damaged("is empty")
    if (picture.width, picture.height) != (width, height or picture.height):
        sizes = f"{picture.width} x {picture.height} pixels; the film has {width} x {height}"
        raise _damaged(f"has {sizes}")
    return picture.reformat(
        format="yuv420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )


def _open_encoder(form: VideoFormat) -> av.VideoCodecContext:
    try:
        context = cast("av.VideoCodecContext", av.CodecContext.create(form.encoder, "w"))
        describe(context, form)
        context.open()
    except (FFmpegError, ValueError) as error:
        message = f"this machine cannot encode video with {form.encoder!r}; {X264!r} comes with the service"
        raise MakeError("ENCODER_UNAVAILABLE", message) from error
    return context


def _key_frame(hold: Hold, form: VideoFormat) -> bytes:
    """A picture as one IDR picture. Its encoder is new (1 ms), so that equal pictures have equal bytes everywhere."""
    context = _open_encoder(form)
    frame = _picture_of(hold, form)
    frame.pts, frame.time_base = 0, form.time_base
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def _groups(frames: int, longest: int) -> list[int]:
    """Cuts a hold into nearly equal groups, each of which starts with a key frame.

    Two key frames in a row with one idr_pic_id would be one picture to a decoder, so no group but that of a hold of one
    frame has one frame.
    """
    count = -(-frames // longest)
    return [frames * (index + 1) // count - frames * index // count for index in range(count)]


def _packet(data: bytes, time: int, form: VideoFormat, *, is_key: bool = False) -> "Packet[Stream]":
    packet = Packet(data)
    packet.pts = packet.dts = time
    packet.duration, packet.time_base, packet.is_keyframe = 1, form.time_base, is_key
    return packet


def _timed(packets: "Sequence[Packet[Stream]]", form: VideoFormat) -> "Iterator[Packet[Stream]]":
    for packet in packets:
        packet.duration, packet.time_base = 1, form.time_base
        yield packet


def _damaged(found: str) -> MakeError:
    return MakeError("ASSET_DAMAGED", f"a picture {found}", retryable=True)
