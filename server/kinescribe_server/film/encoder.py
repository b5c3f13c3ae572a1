"""The H.264 encoder: which one, how it is set, and how it is opened."""

from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
from av.codec.context import Flags
from av.error import FFmpegError
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from kinescribe_server.jobs.errors import MakeError

X264 = "libx264"
# A player that seeks waits for the next key frame; the live playlist cuts only at key frames.
KEY_FRAME_SECONDS = 2
# Without B pictures, weights and a look-ahead the parameter sets are those that skip pictures are written for. Key
# frames get a quantiser of 17: PSNR-Y above 57 dB on slides. With 19 a motion changed by 4 steps what does not move.
# The deblocking filter left specks of 49 steps beside letters, and took 5 dB. That the quantiser is constant, and the
# other options of the last line, halve the time of a moving picture (to 4 ms at 1080p).
_X264_OPTIONS = {
    "preset": "veryfast",
    "qp": "20",
    "x264-params": "bframes=0:weightp=0:ref=1:mbtree=0:rc-lookahead=0:sync-lookahead=0:scenecut=0:open-gop=0:threads=1"
    ":subme=0:me=dia:trellis=0:no-deblock=1",
}
# For encoders that know no constant quality: about 0.1 bit for each pixel of each second frame.
_OTHER_BITS_PER_PIXEL = 0.05
# NVIDIA's and AMD's encoders begin a group where they are told to only with this; others do not know the option.
_OTHER_OPTIONS = {"forced-idr": "1", "forced_idr": "1"}


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
        context.options = _OTHER_OPTIONS


def open_encoder(form: VideoFormat) -> av.VideoCodecContext:
    """Raises MakeError ENCODER_UNAVAILABLE."""
    try:
        context = cast("av.VideoCodecContext", av.CodecContext.create(form.encoder, "w"))
        describe(context, form)
        context.open()
    except (FFmpegError, ValueError) as error:
        message = f"this machine cannot encode video with {form.encoder!r}; {X264!r} comes with the service"
        raise MakeError("ENCODER_UNAVAILABLE", message) from error
    return context
