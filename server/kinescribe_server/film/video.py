"""Pictures -> H.264 packets. Each state is encoded once, as a key frame, and held; what moves between two states is
encoded picture by picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import av
from av import Packet
from av.stream import Stream

from kinescribe_server.film.encoder import VideoFormat, open_encoder
from kinescribe_server.film.holding import HoldBy, Stretch, Watcher, with_encoded_pictures, with_skip_pictures
from kinescribe_server.film.motion import Region, Way, changed_region, in_between, motion_frames
from kinescribe_server.film.picture import ground_of, read_once, read_picture, stacked
from kinescribe_server.film.protocol import caption_band
from kinescribe_server.film.skip import SkipWriter, UnmatchedEncoderError

# A clip's first picture comes faster than what is new in it: it is a cut, and nobody waits for a word.
_OPENING = 2 / 3


@dataclass(frozen=True, slots=True)
class Hold:
    """A picture (a PNG file), for how many frames it is seen, and what is below it (a PNG; b"" for nothing)."""

    picture: Path
    frames: int
    band: bytes = b""


@dataclass(frozen=True, slots=True)
class Motion:
    """How long what is new takes to appear (seconds; 0 for no motion), how it does, and where something did before."""

    seconds: float = 0.0
    way: Way = Way.RISE
    after: Region | None = None


@dataclass(frozen=True, slots=True)
class _Arrival:
    """How a picture comes: for how many of its frames, what is seen in them, and where."""

    frames: int = 0
    pictures: Iterator[av.VideoFrame] = field(default_factory=lambda: iter(()))
    region: Region | None = None


def encode(
    holds: Sequence[Hold], form: VideoFormat, motion: Motion, hold_by: HoldBy, watcher: Watcher
) -> "Iterator[Packet[Stream]]":
    """The packets of a clip, timed in frames from 0. `watcher` is shown every state with its key frame.

    Raises MakeError for a damaged picture and for an encoder that cannot be had.
    """
    stretches = _stretches(holds, form, motion)
    extradata = open_encoder(form).extradata or b""
    if hold_by != "skip":
        return with_encoded_pictures(stretches, form, watcher, variable=hold_by == "variable")
    try:
        return with_skip_pictures(stretches, form, SkipWriter(extradata), watcher)
    except UnmatchedEncoderError:
        return with_encoded_pictures(stretches, form, watcher)


def _stretches(holds: Sequence[Hold], form: VideoFormat, motion: Motion) -> Iterator[Stretch]:
    """The pictures of a clip, each with the motion to the next one. The first fades in from its own ground, so that a
    cut between clips is soft whatever they show."""
    shown = _picture_of(holds[0], form)
    ground = _ground_of(holds[0], form) if motion.seconds else shown
    fade = Motion(motion.seconds * _OPENING, Way.FADE)
    arrival = _arrival(ground, shown, holds[0], form, fade)
    if arrival.frames:
        faint = next(arrival.pictures)
        yield Stretch(faint, 1, arrival.frames - 1, arrival.pictures, is_state=False)
    rest = holds[0].frames - arrival.frames
    for previous, hold in pairwise(holds):
        picture = _picture_of(hold, form)
        arrival = _arrival(shown, picture, hold, form, motion if hold.picture != previous.picture else Motion())
        yield Stretch(shown, rest, arrival.frames, arrival.pictures)
        shown, rest = picture, hold.frames - arrival.frames
        motion = replace(motion, after=arrival.region or motion.after)
    yield Stretch(shown, rest)


def _arrival(old: av.VideoFrame, new: av.VideoFrame, hold: Hold, form: VideoFormat, motion: Motion) -> _Arrival:
    """How a picture comes in place of an old one. What is below it does not move."""
    frames = motion_frames(motion.seconds, form.frame_rate, hold.frames)
    region = changed_region(old, new, _page_height(hold, form)) if frames else None
    if region is None:
        return _Arrival()
    return _Arrival(frames, in_between(old, new, region, frames, motion.way, after=motion.after), region)


def _page_height(hold: Hold, form: VideoFormat) -> int:
    return form.height - (caption_band(form.width, form.height) if hold.band else 0)


def _picture_of(hold: Hold, form: VideoFormat) -> av.VideoFrame:
    if not hold.band:
        return read_picture(hold.picture, form.width, form.height)
    return stacked(read_once(hold.picture, form.width, _page_height(hold, form)), read_picture(hold.band, form.width))


def _ground_of(hold: Hold, form: VideoFormat) -> av.VideoFrame:
    """An empty page, with what is below it."""
    page = ground_of(read_once(hold.picture, form.width, _page_height(hold, form)))
    return stacked(page, read_picture(hold.band, form.width)) if hold.band else page
