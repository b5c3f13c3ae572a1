"""What is new in a picture appears, what is not stays, and every motion ends in the picture itself."""

from itertools import pairwise

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from kinescribe_server.engine.protocol import Made
from kinescribe_server.film.clip import make_clip
from kinescribe_server.film.holding import HoldBy
from kinescribe_server.film.motion import Region, Way, changed_region, in_between, motion_frames
from kinescribe_server.film.picture import planes_of
from kinescribe_server.film.protocol import RenderRequest, StatePicture
from kinescribe_server.speech.protocol import Word

from .studio import HEIGHT, WIDTH, Pixels, Studio, packets, tone

Frames = list[Pixels]

WORDS = [Word("one", 0.1, 0.4, 0, 3), Word("two", 1.0, 1.4, 4, 7), Word("three", 2.0, 2.4, 8, 13)]
GROUND, INK = (250, 248, 242), (20, 30, 60)
# Of the three states, the second adds a bar where there is nothing, and the third fills a frame that is there.
BAR, BOX = (40, 60, 200, 90), (40, 120, 280, 160)


def states(studio: Studio) -> tuple[StatePicture, ...]:
    page = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    draw = ImageDraw.Draw(page)
    draw.rectangle((40, 20, 120, 40), fill=INK)
    draw.rectangle(BOX, outline=INK)
    first = studio.picture(page)
    draw.rectangle(BAR, fill=INK)
    second = studio.picture(page)
    draw.rectangle(BOX, fill=(160, 40, 40), outline=INK)
    return StatePicture(first), StatePicture(second, "two"), StatePicture(studio.picture(page), "three")


def moving(
    studio: Studio, *, seconds: float = 0.3, drawn: bool = False, hold: HoldBy = "skip", frame_rate: int = 30
) -> Made:
    audio, words = studio.recording(tone(3.0)), studio.words(WORDS)
    request = RenderRequest(
        states(studio),
        "one two three",
        audio,
        words,
        None,
        WIDTH,
        HEIGHT,
        frame_rate,
        motion_seconds=seconds,
        drawn=drawn,
    )
    return make_clip(request, studio.bench, hold=hold)


def luma(studio: Studio, made: Made) -> Frames:
    with av.open(str(studio.path(made, "clip"))) as file:
        return [planes_of(frame)[0].copy() for frame in file.decode(video=0)]


def changes(frames: Frames) -> list[int]:
    return [index for index in range(1, len(frames)) if (frames[index] != frames[index - 1]).any()]


def canvas(colour: int, *boxes: tuple[int, int, int, int, int]) -> av.VideoFrame:
    """A frame of one grey, with boxes (left, top, right, bottom, grey) on it."""
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, value in zip(planes_of(frame), (colour, 128, 128), strict=True):
        plane[:] = value
    for left, top, right, bottom, grey in boxes:
        planes_of(frame)[0][top:bottom, left:right] = grey
    return frame


@pytest.mark.parametrize("frame_rate", [24, 30, 60])
def test_what_is_new_starts_with_its_word_and_has_come_after_the_seconds_of_the_theme(
    studio: Studio, frame_rate: int
) -> None:
    made = moving(studio, frame_rate=frame_rate)
    frames = luma(studio, made)
    assert len(frames) == made.details["frames"]
    spoken = [int(1.25 * frame_rate), int(2.25 * frame_rate)]
    lasts, opening = round(0.3 * frame_rate), round(0.2 * frame_rate)
    expected = [*range(1, opening + 1), *(word + frame for word in spoken for frame in range(lasts + 1))]
    assert changes(frames) == expected


def test_every_motion_ends_in_the_picture_that_is_held_without_motion(studio: Studio) -> None:
    still, frames = luma(studio, moving(studio, seconds=0)), luma(studio, moving(studio))
    for at in (20, 60, 100):
        assert (frames[at] == still[at]).all()
    # And the last step to it cannot be seen.
    for rests in (6, 37 + 9, 67 + 9):
        difference = frames[rests].astype(float) - frames[rests - 1]
        assert 10 * np.log10(255**2 / np.mean(difference**2)) > 34


def test_what_is_new_gets_stronger_with_every_frame_and_the_rest_stays_as_it_is(studio: Studio) -> None:
    frames = luma(studio, moving(studio))
    inside = [int(frame[70:85, 60:180].mean()) for frame in frames[36:47]]
    assert inside == sorted(inside, reverse=True)
    assert inside[1] < inside[0] - 20  # seen at once
    for frame in frames[37:47]:
        assert np.abs(frame[15:45, 30:130].astype(int) - frames[36][15:45, 30:130]).max() == 0


def test_a_clip_fades_in_from_its_own_ground_and_never_flashes(studio: Studio) -> None:
    frames = luma(studio, moving(studio))
    title = [int(frame[22:38, 45:115].mean()) for frame in frames[:8]]
    assert title == sorted(title, reverse=True)
    corners = {int(frame[0, 0]) for frame in frames}
    assert max(corners) - min(corners) <= 1


def test_motion_keeps_the_frame_rate_and_the_distance_of_key_frames(studio: Studio) -> None:
    with av.open(str(studio.path(moving(studio), "clip"))) as file:
        shown = [packet for packet in file.demux(video=0) if packet.size]
        assert file.streams.video[0].average_rate == 30
    keys = [index for index, packet in enumerate(shown) if packet.is_keyframe]
    # The beginning of the fade, and each state when it has come.
    assert {0, 6, 37 + 9, 67 + 9} <= set(keys)
    assert max(later - earlier for earlier, later in pairwise([*keys, len(shown)])) <= 60
    assert [packet.dts for packet in shown] == [packet.pts for packet in shown] == list(range(0, 512 * len(shown), 512))


def test_after_a_seek_into_a_motion_its_picture_is_shown(studio: Studio) -> None:
    path = studio.path(moving(studio), "clip")
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray() for frame in file.decode(video=0)]
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        for wanted in (70, 3, 40, 46):
            file.seek(wanted * 512, stream=stream)
            found = next(frame for frame in file.decode(stream) if frame.pts == wanted * 512)
            assert (found.to_ndarray() == frames[wanted]).all()


def test_motion_is_the_same_bytes_every_time(studio: Studio) -> None:
    assert moving(studio) == moving(studio)
    # And the key frame of a state is the same with motion and without.
    still = {packet for packet in packets(studio.path(moving(studio, seconds=0), "clip"), "video") if len(packet) > 200}
    assert len(still) == 3
    assert still < set(packets(studio.path(moving(studio), "clip"), "video"))


def test_a_state_that_changes_nothing_does_not_move(studio: Studio) -> None:
    picture = studio.slide(2)
    request = RenderRequest(
        (StatePicture(picture), StatePicture(picture)), "", width=WIDTH, height=HEIGHT, motion_seconds=0.3
    )
    assert changes(luma(studio, make_clip(request, studio.bench))) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("hold", "count"), [("encoded", 112), ("variable", 27)])
def test_other_ways_to_hold_show_the_same_at_the_same_time(studio: Studio, hold: HoldBy, count: int) -> None:
    made, default = moving(studio, hold=hold), moving(studio)
    with av.open(str(studio.path(made, "clip"))) as file:
        base = file.streams.video[0].time_base
        assert base is not None
        shown = {round((frame.pts or 0) * base * 30): frame.to_ndarray()[:HEIGHT] for frame in file.decode(video=0)}
        assert file.streams.video[0].duration == made.details["frames"] * 512
    with av.open(str(studio.path(made, "clip"))) as file:
        taken = [packet for packet in file.demux(video=0) if packet.size]
    lasting = [(packet.duration or 0) // 512 for packet in taken]
    keys = [(packet.pts or 0) // 512 for packet in taken if packet.is_keyframe]
    assert len(shown) == len(lasting) == count
    assert sum(lasting) == made.details["frames"] == 112
    assert max(later - earlier for earlier, later in pairwise([*keys, 112])) <= 60
    frames = luma(studio, default)
    for at, picture in shown.items():
        assert np.abs(picture.astype(int) - frames[at]).mean() < 1


def test_a_longer_motion_gives_way_to_the_time_that_a_state_has() -> None:
    assert motion_frames(0.3, 30, 100) == 9
    assert motion_frames(0.3, 30, 10) == 5
    assert motion_frames(5.0, 30, 100) == 15
    assert motion_frames(0.3, 30, 3) == motion_frames(0.0, 30, 100) == 0


def test_only_where_two_pictures_differ_something_is_drawn() -> None:
    old, new = canvas(200, (11, 21, 61, 31, 90)), canvas(200, (11, 21, 81, 41, 90))
    region = changed_region(old, new, HEIGHT)
    assert region == Region(20, 42, 10, 82)
    assert changed_region(old, old, HEIGHT) is None
    assert changed_region(canvas(200), canvas(200, (0, 100, 320, 180, 10)), 100) is None
    planes_of(new)[1][50, 60] = 100
    assert changed_region(old, new, HEIGHT) == Region(20, 102, 10, 122)


def test_what_comes_where_nothing_was_rises_and_elsewhere_only_fades() -> None:
    def tops(old: av.VideoFrame, new: av.VideoFrame) -> list[int]:
        region = changed_region(old, new, HEIGHT)
        assert region is not None
        moved = in_between(old, new, region, 6, Way.RISE)
        return [int(np.flatnonzero(planes_of(frame)[0][:, 100] != planes_of(old)[0][:, 100])[0]) for frame in moved]

    rising = tops(canvas(200), canvas(200, (40, 60, 200, 90, 20)))
    assert rising[0] > rising[-1] == 60
    assert rising == sorted(rising, reverse=True)
    assert set(tops(canvas(200, (40, 70, 200, 72, 100)), canvas(200, (40, 60, 200, 90, 20)))) == {60}


@pytest.mark.parametrize(
    ("after", "starts_left"), [(None, True), (Region(0, 20, 0, 20), True), (Region(0, 20, 280, 320), False)]
)
def test_a_drawing_goes_on_where_it_was_left(after: Region | None, starts_left: bool) -> None:
    old, new = canvas(200), canvas(200, (100, 60, 220, 90, 20))
    drawn = in_between(old, new, Region(60, 90, 100, 220), 5, Way.DRAW, after=after)
    rows = [planes_of(frame)[0][70, 100:220].astype(int) for frame in drawn]
    assert all((later <= earlier).all() for earlier, later in pairwise(rows))
    assert (rows[1][0] < rows[1][-1]) == starts_left
