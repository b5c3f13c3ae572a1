"""What an MP4 file says of itself, and the times and sizes of all its packets. Nothing is decoded."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av import Packet
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream
from numpy.typing import NDArray

from kinescribe_server.film.caption_rules import Cue
from kinescribe_server.jobs.errors import MakeError

# Whatever a file says of itself, nothing else is opened.
OPTIONS = {"format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2", "protocol_whitelist": "file"}
# The colours of an MP4 (ITU-T H.273): BT.709 three times, and limited range.
BT709 = (1, 1, 1, 1)

_BOX_HEADER, _LARGE_BOX_HEADER = 8, 16


@dataclass(frozen=True, slots=True)
class Track:
    """The packets of a stream in the order of the file. Times are in units of `time_base`; `codec` is "" for one that
    is not known here."""

    codec: str
    time_base: Fraction
    language: str
    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    durations: NDArray[np.int64]
    sizes: NDArray[np.int64]
    keys: NDArray[np.bool_]

    def seconds(self, time: float) -> float:
        return float(time) * float(self.time_base)

    @property
    def start(self) -> float:
        """When the first of it is presented; what comes before 0, as an encoder's priming, is not."""
        return max(0.0, self.seconds(self.pts.min()))

    @property
    def end(self) -> float:
        return self.seconds((self.pts + self.durations).max())


@dataclass(frozen=True, slots=True)
class Picture:
    """How the pictures of a film are coded: size in pixels, pixel format, profile, and colour tags (primaries,
    transfer, matrix, range; numbers of ITU-T H.273, the range 1 for limited)."""

    width: int
    height: int
    pixel_format: str
    profile: str
    colors: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Chapter:
    title: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Container:
    """An MP4 file. `captions` is None where it has no track of them; `index_first` says that it plays while it is
    being fetched."""

    path: Path
    seconds: float
    size_bytes: int
    video: Track | None
    picture: Picture | None
    audio: Track | None
    sound_rate: int
    captions: Sequence[Cue] | None
    chapters: Sequence[Chapter]
    title: str
    index_first: bool


def read_container(path: Path) -> Container:
    """Raises MakeError FILM_UNREADABLE for what is no MP4 file, or one without video."""
    try:
        with av.open(str(path), options=OPTIONS, metadata_errors="replace") as file:
            return _read(path, file)
    except (FFmpegError, OSError) as error:
        raise unreadable(path, error.strerror or "unknown fault") from error


def unreadable(path: Path, found: str) -> MakeError:
    return MakeError("FILM_UNREADABLE", f"{path} cannot be read as an MP4 file: {found}")


def _read(path: Path, file: InputContainer) -> Container:
    video = next((s for s in file.streams.video if Disposition.attached_pic not in s.disposition), None)
    if video is None:
        raise unreadable(path, "it has no video")
    if not _codec(video):
        raise unreadable(path, "its pictures are coded in a way that is not known here")
    audio = next(iter(file.streams.audio), None)
    subtitles = next((s for s in file.streams.subtitles if _codec(s) in {"mov_text", "movtext"}), None)
    columns, cues = _packets(file, [stream for stream in (video, audio, subtitles) if stream is not None])
    context = video.codec_context
    primaries, transfer = int(context.color_primaries), int(context.color_trc)
    colors = (primaries, transfer, int(context.colorspace), int(context.color_range))
    picture = Picture(context.width, context.height, context.pix_fmt or "", context.profile or "", colors)
    tracks = {stream.index: _track(stream, columns[stream.index]) for stream in (video, audio) if stream is not None}
    if not len(tracks[video.index].pts):
        raise unreadable(path, "it has no pictures")
    heard = tracks.get(audio.index) if audio is not None else None
    return Container(
        path=path,
        seconds=(file.duration or 0) / av.time_base,
        size_bytes=path.stat().st_size,
        video=tracks[video.index],
        picture=picture,
        audio=heard if heard is not None and len(heard.pts) else None,
        sound_rate=audio.codec_context.sample_rate if audio is not None and _codec(audio) else 0,
        captions=cues if subtitles is not None else None,
        chapters=[_chapter(chapter) for chapter in file.chapters()],
        title=file.metadata.get("title", ""),
        index_first=_index_first(path),
    )


def _packets(file: InputContainer, streams: Sequence[Stream]) -> tuple[Mapping[int, Sequence["array[int]"]], list[Cue]]:
    """Time, decoding time, duration, size and key flag of every packet, by the index of its stream; and the captions.
    Two hours of film are half a million packets: they are held as numbers."""
    columns = {stream.index: tuple(array("q") for _ in range(5)) for stream in streams}
    cues: list[Cue] = []
    for packet in file.demux(*streams):
        if packet.dts is None:  # the end of a stream
            continue
        pts, dts, duration, size, key = columns[packet.stream.index]
        pts.append(packet.dts if packet.pts is None else packet.pts)
        dts.append(packet.dts)
        duration.append(packet.duration or 0)
        size.append(packet.size)
        key.append(packet.is_keyframe)
        if packet.stream.type == "subtitle":
            cues.extend(_cue(packet))
    return columns, cues


def _cue(packet: "Packet[Stream]") -> Iterator[Cue]:
    """Timed text (3GPP TS 26.245, 5.17): the length in bytes, then the text. Empty text fills a gap."""
    data = bytes(packet)
    text = data[2 : 2 + int.from_bytes(data[:2], "big")].decode("utf-8", "replace")
    start, duration = packet.pts or 0, packet.duration or 0
    if text:
        yield Cue(
            float(start * packet.time_base), float((start + duration) * packet.time_base), tuple(text.split("\n"))
        )


def _track(stream: Stream, columns: Sequence["array[int]"]) -> Track:
    pts, dts, durations, sizes, keys = (np.frombuffer(column, np.int64) for column in columns)
    base = stream.time_base or Fraction(1, av.time_base)
    language = stream.metadata.get("language", "")
    return Track(_codec(stream), base, language, pts, dts, durations, sizes, keys.astype(np.bool_))


def _codec(stream: Stream) -> str:
    return stream.codec_context.name if stream.codec_context else ""


def _chapter(chapter: "av.container.core.Chapter") -> Chapter:
    base = float(chapter["time_base"] or 0)
    return Chapter(chapter["metadata"].get("title", ""), chapter["start"] * base, chapter["end"] * base)


def _index_first(path: Path) -> bool:
    """Whether the index (moov) comes before the media (mdat). (ISO/IEC 14496-12, 4.2)"""
    with path.open("rb") as file:
        position, size = 0, path.stat().st_size
        while position + _BOX_HEADER <= size:
            file.seek(position)
            header = file.read(_LARGE_BOX_HEADER)
            length, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if kind in {b"moov", b"mdat"}:
                return kind == b"moov"
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if length < _BOX_HEADER:
                return False
            position += length
    return False
