"""Clips -> a film, packet by packet: nothing is encoded twice, and no more than one clip is open at a time.

Only music changes that: the film's sound is then another than its clips', and is encoded for the film.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import av
from av import Packet
from av.container import InputContainer, OutputContainer
from av.error import ArgumentError, FFmpegError
from av.stream import Disposition, Stream

from kinescribe_server.film.caption_files import text_of
from kinescribe_server.film.captions import Caption
from kinescribe_server.film.mp4 import Packets, interleaved, of_stream
from kinescribe_server.film.timing import AAC_FRAME, SOUND_RATE, aac_frame_at
from kinescribe_server.jobs.errors import MakeError

if TYPE_CHECKING:  # it only is in the stubs
    from av.container.core import Chapter
    from av.subtitles.stream import SubtitleStream

# What a clip is made of stands in its header; only that of the first one is looked at further, as the film's is made
# from it. To decode a picture of every clip would be most of the work.
_HEADER_ALONE = {"skip_frame": "all", "analyzeduration": "1"}
_MILLISECONDS = Fraction(1, 1000)
# How captions in the film look where a player does not know better (a style of Advanced SubStation Alpha): the size is
# told for a picture of 288 lines.
_CAPTION_STYLE = b"""[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Sans-Serif,16,&Hffffff,&Hffffff,&H0,&H80000000,0,0,0,0,100,100,0,0,3,1,0,2,10,10,10,1
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A clip's file, how many frames it has, its title ("" for none), and its captions, timed from the film's start."""

    clip: Path
    frames: int
    title: str = ""
    captions: Sequence[Caption] = ()


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

    @property
    def chapters(self) -> list[tuple[int, str]]:
        """The frame with which each chapter begins, and its title: a titled part, with those after it that have no
        title or the same."""
        chapters: list[tuple[int, str]] = []
        for start, part in zip(self.starts, self.parts, strict=False):
            if part.title and not (chapters and chapters[-1][1] == part.title):
                chapters.append((start, part.title))
        return chapters


def write_film(
    film: Film,
    file: OutputContainer,
    report: Callable[[float], None],
    sound: "Packets | None" = None,
) -> None:
    """Writes all parts into an open file. `sound` is heard instead of that of the clips: packets that are coded as
    theirs and timed in samples. Raises MakeError for damaged clips and for clips that differ in coding."""
    try:
        target = _begun(film, file)
        copied = _copied(film, target, report, with_sound=sound is None)
        for packet in interleaved(copied, of_stream(target.sound, sound or ()), _caption_packets(film, target)):
            file.mux(packet)
    except ArgumentError as error:  # a clip that can be read has times or parameters that cannot be
        raise MakeError("ASSET_DAMAGED", f"the clips cannot be joined: {error.strerror}", retryable=True) from error


@dataclass(frozen=True, slots=True)
class _Target:
    """The film's file with its streams, and the parameter sets that every clip must share."""

    file: OutputContainer
    picture: Stream
    sound: Stream
    captions: "SubtitleStream | None"
    frame_rate: int
    parameters: tuple[bytes | None, bytes | None]


def _begun(film: Film, file: OutputContainer) -> _Target:
    """Adds streams like those of the first part, captions, the cover and the chapters, and writes the header."""
    with _opened(film.parts[0], 0) as clip:
        picture = file.add_stream_from_template(clip.streams.video[0], opaque=True)
        sound = file.add_stream_from_template(clip.streams.audio[0], opaque=True)
        parameters = _parameters(clip)
    cover = file.add_mux_stream("png", width=film.width, height=film.height)
    cover.disposition = Disposition.attached_pic
    file.metadata["title"] = film.title
    captions = _caption_stream(file) if any(part.captions for part in film.parts) else None
    for stream in filter(None, (picture, sound, captions)):
        stream.metadata["language"] = film.language
    file.set_chapters(_chapters(film))
    file.start_encoding()
    file.mux(_timed(Packet(film.cover.read_bytes()), cover, 0, 0, Fraction(1, film.frame_rate)))
    return _Target(file, picture, sound, captions, film.frame_rate, parameters)


def _caption_stream(file: OutputContainer) -> "SubtitleStream":
    stream = file.add_stream("mov_text")
    stream.codec_context.subtitle_header = _CAPTION_STYLE
    stream.codec_context.time_base = _MILLISECONDS
    return stream


def _caption_packets(film: Film, target: _Target) -> Packets:
    """Timed text (3GPP TS 26.245, 5.17): the length in bytes, then the text, in which nothing is markup."""
    if target.captions is None:
        return
    for caption in (caption for part in film.parts for caption in part.captions):
        text = text_of(caption).encode()
        start, end = int(caption.start * 1000), int(caption.end * 1000)
        packet = Packet(len(text).to_bytes(2, "big") + text)
        yield _timed(packet, target.captions, start, end - start, _MILLISECONDS)


def _copied(film: Film, target: _Target, report: Callable[[float], None], *, with_sound: bool) -> Packets:
    for index, (part, frames) in enumerate(zip(film.parts, pairwise(film.starts), strict=True)):
        with _opened(part, index, _HEADER_ALONE) as clip:
            if _parameters(clip) != target.parameters:
                message = f"the clip of segment {index} was encoded otherwise than the first one"
                raise MakeError("CLIPS_DIFFER", message, retryable=True)
            for packet in _retimed(clip, index, frames, target):
                if with_sound or packet.stream is not target.sound:
                    yield packet
        report(100 * (index + 1) / len(film.parts))


def _retimed(clip: InputContainer, index: int, frames: tuple[int, int], target: _Target) -> Packets:
    """A part's packets at their places in the film, where it has the frames from the first to before the second.

    Pictures stay where they are in their part, and last as long. Sound starts with the AAC frame nearest to the part's
    first picture and gives way to the next part's; what that leaves out, at most one packet, is silence. So nothing
    adds up.
    """
    frame_time, sample_time = Fraction(1, target.frame_rate), Fraction(1, SOUND_RATE)
    first_sound, last_sound = (aac_frame_at(frame, target.frame_rate) for frame in frames)
    in_frames = float((clip.streams.video[0].time_base or 0) * target.frame_rate)
    shown, aac_frame = 0, first_sound
    for packet in clip.demux(clip.streams.video[0], clip.streams.audio[0]):
        if packet.pts is None:  # the end of a stream
            continue
        if packet.stream.type == "video":
            lasts = round((packet.duration or 0) * in_frames)
            yield _timed(packet, target.picture, frames[0] + round(packet.pts * in_frames), lasts, frame_time)
            shown += lasts
        elif packet.pts < 0:  # the encoder's priming, of which a film has one
            if index == 0:
                yield _timed(packet, target.sound, -AAC_FRAME, AAC_FRAME, sample_time)
        elif aac_frame < last_sound:
            yield _timed(packet, target.sound, aac_frame * AAC_FRAME, AAC_FRAME, sample_time)
            aac_frame += 1
    found = (shown, aac_frame - first_sound)
    wanted = (frames[1] - frames[0], last_sound - first_sound)
    if found != wanted:
        raise _damaged(index, f"it has {found[0]} frames and {found[1]} sound packets of {wanted[0]} and {wanted[1]}")


def _timed(packet: "Packet[Stream]", stream: Stream, time: int, duration: int, time_base: Fraction) -> "Packet[Stream]":
    packet.stream = stream
    packet.pts = packet.dts = time
    packet.duration, packet.time_base = duration, time_base
    return packet


def _parameters(clip: InputContainer) -> tuple[bytes | None, bytes | None]:
    return clip.streams.video[0].codec_context.extradata, clip.streams.audio[0].codec_context.extradata


def _chapters(film: Film) -> "list[Chapter]":
    frame = Fraction(1, film.frame_rate)
    ends = [start for start, _ in film.chapters[1:]] + [film.starts[-1]]  # one too many where nothing has a title
    return [
        {"id": number, "start": start, "end": end, "time_base": frame, "metadata": {"title": title}}
        for number, ((start, title), end) in enumerate(zip(film.chapters, ends, strict=False), start=1)
    ]


@contextmanager
def _opened(part: Part, index: int, options: Mapping[str, str] = MappingProxyType({})) -> Iterator[InputContainer]:
    try:
        with av.open(str(part.clip), format="mp4", options=dict(options), metadata_errors="replace") as clip:
            if not (clip.streams.video and clip.streams.audio):
                raise _damaged(index, "it has no pictures or no sound")
            if not all(stream.codec_context for stream in clip.streams):
                raise _damaged(index, "its pictures or its sound are coded in a way that is not known here")
            yield clip
    except FFmpegError as error:
        raise _damaged(index, error.strerror or "unknown fault") from error


def _damaged(index: int, found: str) -> MakeError:
    return MakeError("ASSET_DAMAGED", f"the clip of segment {index} cannot be read: {found}", retryable=True)
