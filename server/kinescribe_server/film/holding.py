"""Pictures that rest, and moving ones between them -> packets. Three ways to hold a picture: pictures that say "as
before" (skip.py; the default), the encoder's own repetition, and one frame that lasts.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import av
from av import Packet
from av.stream import Stream
from av.video.frame import PictureType

from kinescribe_server.film.encoder import VideoFormat, open_encoder
from kinescribe_server.film.skip import SkipWriter

HoldBy = Literal["skip", "encoded", "variable"]
# Is shown every state of a clip with its key frame (Annex B), while the clip is made.
Watcher = Callable[[av.VideoFrame, bytes], None]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A picture that rests for some frames (at least one), and then `count` moving ones, each valid until the next one
    is asked for. What is no state is the beginning of one that fades in."""

    picture: av.VideoFrame
    rest: int
    count: int = 0
    moving: Iterable[av.VideoFrame] = ()
    is_state: bool = True


def with_skip_pictures(
    stretches: Iterable[Stretch], form: VideoFormat, skip: SkipWriter, watcher: Watcher
) -> "Iterator[Packet[Stream]]":
    """Every picture is encoded once."""
    time = 0
    for stretch in stretches:
        key_frame, *moving = _encoded_alone(chain([stretch.picture], stretch.moving), form)
        if stretch.is_state:
            watcher(stretch.picture, key_frame)
        for length in groups(stretch.rest, stretch.count, form.key_frame_distance):
            yield _timed(Packet(key_frame), time, 1, form, is_key=True)
            for position in range(1, length):
                yield _timed(Packet(skip.picture(position)), time + position, 1, form)
            time += length
            last_length = length
        for position, picture in enumerate(moving, start=last_length):
            yield _timed(Packet(skip.renumbered(picture, position)), time, 1, form)
            time += 1


def _encoded_alone(pictures: Iterable[av.VideoFrame], form: VideoFormat) -> list[bytes]:
    """A key frame and what follows it. Their encoder is new (1 ms), so that equal pictures have equal bytes
    everywhere."""
    context = open_encoder(form)
    packets: list[Packet[Stream]] = []
    for number, picture in enumerate(pictures):
        picture.pts, picture.time_base = number, form.time_base
        packets += context.encode(picture)
    return [bytes(packet) for packet in [*packets, *context.encode(None)]]


def with_encoded_pictures(
    stretches: Iterable[Stretch], form: VideoFormat, watcher: Watcher, *, variable: bool = False
) -> "Iterator[Packet[Stream]]":
    """Every frame is encoded; where frames may last (`variable`), there are key frames and moving ones only."""
    context = open_encoder(form)
    # Of what is still in the encoder: when it is shown, for how long, and the state that it is the first picture of.
    inside: deque[tuple[int, int, av.VideoFrame | None]] = deque()

    def encoded(picture: av.VideoFrame | None) -> "Iterator[Packet[Stream]]":
        for packet in context.encode(picture):
            time, lasts, state = inside.popleft()
            if state is not None:
                watcher(state, bytes(packet))
            yield _timed(packet, time, lasts, form, is_key=packet.is_keyframe)

    time = 0
    for picture, lasts, is_key, state in _shown(stretches, form, variable=variable):
        picture.pts, picture.time_base = time, form.time_base
        picture.pict_type = PictureType.I if is_key else PictureType.NONE
        inside.append((time, lasts, state))
        yield from encoded(picture)
        time += lasts
    yield from encoded(None)


def _shown(
    stretches: Iterable[Stretch], form: VideoFormat, *, variable: bool
) -> Iterator[tuple[av.VideoFrame, int, bool, av.VideoFrame | None]]:
    """Every frame: its picture, how long it lasts, whether it is a key frame, and the state that it is the first of."""
    for stretch in stretches:
        state = stretch.picture if stretch.is_state else None
        for length in groups(stretch.rest, stretch.count, form.key_frame_distance):
            lasts = length if variable else 1
            for position in range(0, length, lasts):
                yield stretch.picture, lasts, position == 0, state
                state = None
        for picture in stretch.moving:
            yield picture, 1, False, None


def groups(rest: int, moving: int, longest: int) -> list[int]:
    """Cuts a picture's rest into groups, each of which starts with a key frame; with what moves after it, the last is
    about as long as the others.

    Two key frames in a row with one idr_pic_id would be one picture to a decoder, so no group has one frame alone but
    that of a rest of one frame.
    """
    frames = rest + moving
    count = -(-frames // longest)
    lengths = [frames * (index + 1) // count - frames * index // count for index in range(count)]
    return [*lengths[:-1], lengths[-1] - moving]


def _timed(
    packet: "Packet[Stream]", time: int, lasts: int, form: VideoFormat, *, is_key: bool = False
) -> "Packet[Stream]":
    packet.pts = packet.dts = time
    packet.duration, packet.time_base, packet.is_keyframe = lasts, form.time_base, is_key
    return packet
