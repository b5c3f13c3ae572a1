"""Clips -> a film, packet by packet: nothing is encoded twice, and no more than one clip is open at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av import Packet
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream

from kinescribe_server.film.timing import AAC_FRAME, SOUND_RATE, aac_frame_at
from kinescribe_server.jobs.errors import MakeError

if TYPE_CHECKING:  # it only is in the stubs
    from av.container.core import Chapter


@dataclass(frozen=True, slots=True)
class Part:
    """A clip's file, how many frames it has, and its title ("" for none)."""

    clip: Path
    frames: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Film:
    """What is joined, its size in pixels and frames per second, and what the file says about itself: title, language
    (ISO 639-2) and cover (a PNG of the film's size)."""

    parts: Sequence[Part]
    width: int
    height: int
    frame_rate: int
    title: str
    language: str
    cover: Path

    @property
    def starts(self) -> list[int]:
        """The frame with which each part begins, and the number of frames of the whole."""
        return list(accumulate((part.frames for part in self.parts), initial=0))

    @property
    def duration(self) -> float:
        return self.starts[-1] / self.frame_rate


def write_film(film: Film, file: OutputContainer, report: Callable[[float], None]) -> None:
    """Writes all parts into an open file. Raises MakeError for damaged clips and for clips that differ in coding."""
    target = _begun(film, file)
    for index, (part, frames) in enumerate(zip(film.parts, pairwise(film.starts), strict=True)):
        with _opened(part, index) as clip:
            if _parameters(clip) != target.parameters:
                raise MakeError("CLIPS_DIFFER", f"the clip of segment {index} was encoded otherwise than the first one")
            _copy(clip, index, frames, target)
        report(100 * (index + 1) / len(film.parts))


@dataclass(frozen=True, slots=True)
class _Target:
    """The film's file with its streams, and the parameter sets that every clip must share."""

    file: OutputContainer
    picture: Stream
    sound: Stream
    frame_rate: int
    parameters: tuple[bytes | None, bytes | None]


def _begun(film: Film, file: OutputContainer) -> _Target:
    """Adds streams like those of the first part, the cover and the chapters, and writes the header."""
    with _opened(film.parts[0], 0) as clip:
        picture = file.add_stream_from_template(clip.streams.video[0], opaque=True)
        sound = file.add_stream_from_template(clip.streams.audio[0], opaque=True)
        parameters = _parameters(clip)
    cover = file.add_mux_stream("png", width=film.width, height=film.height)
    cover.disposition = Disposition.attached_pic
    file.metadata["title"] = film.title
    for stream in (picture, sound):
        stream.metadata["language"] = film.language
    file.set_chapters(_chapters(film))
    file.start_encoding()
    file.mux(_timed(Packet(film.cover.read_bytes()), cover, 0, 0, Fraction(1, film.frame_rate)))
    return _Target(file, picture, sound, film.frame_rate, parameters)


def _copy(clip: InputContainer, index: int, frames: tuple[int, int], target: _Target) -> None:
    """Copies a part's packets to their places in the film, where it has the frames from the first to before the second.

    Pictures follow each other frame by frame. Sound starts with the AAC frame nearest to the part's first picture and
    gives way to the next part's; what that leaves out, at most one packet, is silence. So nothing adds up.
    """
    frame_time, sample_time = Fraction(1, target.frame_rate), Fraction(1, SOUND_RATE)
    first_sound, last_sound = (aac_frame_at(frame, target.frame_rate) for frame in frames)
    frame, aac_frame = frames[0], first_sound
    for packet in clip.demux(clip.streams.video[0], clip.streams.audio[0]):
        if packet.pts is None:  # the end of a stream
            continue
        if packet.stream.type == "video":
            target.file.mux(_timed(packet, target.picture, frame, 1, frame_time))
            frame += 1
        elif packet.pts < 0:  # the encoder's priming, of which a film has one
            if index == 0:
                target.file.mux(_timed(packet, target.sound, -AAC_FRAME, AAC_FRAME, sample_time))
        elif aac_frame < last_sound:
            target.file.mux(_timed(packet, target.sound, aac_frame * AAC_FRAME, AAC_FRAME, sample_time))
            aac_frame += 1
    found = (frame - frames[0], aac_frame - first_sound)
    wanted = (frames[1] - frames[0], last_sound - first_sound)
    if found != wanted:
        raise _damaged(index, f"it has {found[0]} pictures and {found[1]} sound packets of {wanted[0]} and {wanted[1]}")


def _timed(packet: "Packet[Stream]", stream: Stream, time: int, duration: int, time_base: Fraction) -> "Packet[Stream]":
    packet.stream = stream
    packet.pts = packet.dts = time
    packet.duration, packet.time_base = duration, time_base
    return packet


def _parameters(clip: InputContainer) -> tuple[bytes | None, bytes | None]:
    return clip.streams.video[0].codec_context.extradata, clip.streams.audio[0].codec_context.extradata


def _chapters(film: Film) -> "list[Chapter]":
    """One chapter for each titled part, to the next titled one."""
    titled = [(start, part.title) for start, part in zip(film.starts, film.parts, strict=False) if part.title]
    frame = Fraction(1, film.frame_rate)
    ends = [start for start, _ in titled[1:]] + [film.starts[-1]]  # one too many where nothing has a title
    return [
        {"id": number, "start": start, "end": end, "time_base": frame, "metadata": {"title": title}}
        for number, ((start, title), end) in enumerate(zip(titled, ends, strict=False), start=1)
    ]


@contextmanager
def _opened(part: Part, index: int) -> Iterator[InputContainer]:
    try:
        with av.open(str(part.clip), format="mp4") as clip:
            if not (clip.streams.video and clip.streams.audio):
                raise _damaged(index, "it has no pictures or no sound")
            yield clip
    except FFmpegError as error:
        raise _damaged(index, error.strerror or "unknown fault") from error


def _damaged(index: int, found: str) -> MakeError:
    return MakeError("ASSET_DAMAGED", f"the clip of segment {index} cannot be read: {found}", retryable=True)
