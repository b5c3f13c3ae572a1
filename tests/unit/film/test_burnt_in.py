"""Captions in the picture are below it, and mark the word that is spoken."""

import io
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kinescribe_server.engine.protocol import Made
from kinescribe_server.film.burnt_in import with_captions
from kinescribe_server.film.captions import Spoken
from kinescribe_server.film.clip import make_clip
from kinescribe_server.film.encoder import VideoFormat
from kinescribe_server.film.maker import make_film
from kinescribe_server.film.protocol import ComposeRequest, RenderRequest, StatePicture, caption_band
from kinescribe_server.film.video import Hold
from kinescribe_server.speech.protocol import Word

from .studio import Pixels, Studio, seen, tone

WIDTH, HEIGHT = 960, 540
BAND = caption_band(WIDTH, HEIGHT)
FORM = VideoFormat(WIDTH, HEIGHT, 30)
WORDS = [Word("One", 0.1, 0.5, 0, 3), Word("two,", 1.0, 1.4, 4, 8), Word("three.", 2.0, 2.4, 9, 15)]
NARRATION = "One two, three."
NOWHERE = Path("a picture that is not looked at")


def clip(studio: Studio, states: list[StatePicture], narration: str = NARRATION, language: str = "en") -> Made:
    audio, words = studio.recording(tone(3.0)), studio.words(WORDS)
    request = RenderRequest(
        tuple(states), narration, audio, words, None, WIDTH, HEIGHT, burned_in=True, language=language
    )
    return make_clip(request, studio.bench)


def states(studio: Studio) -> list[StatePicture]:
    size = (WIDTH, HEIGHT - BAND)
    return [StatePicture(studio.slide(2, size)), StatePicture(studio.slide(8, size), "three")]


def frames(studio: Studio, made: Made) -> list[Pixels]:
    return [np.frombuffer(data, np.uint8).reshape(-1, WIDTH) for data in seen(studio.path(made, "clip"))]


def band(frame: Pixels) -> Pixels:
    return frame[HEIGHT - BAND : HEIGHT]


def marked(frame: Pixels) -> float | None:
    """Where the marked word is: the middle of what is yellow, as a share of the width."""
    blue_difference = frame[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)[0][-BAND // 2 :]
    columns = np.flatnonzero((blue_difference < 90).any(axis=0))
    return float(columns.mean()) / (WIDTH / 2) if len(columns) else None


def test_the_spoken_word_is_marked_from_the_frame_in_which_it_begins(studio: Studio) -> None:
    shown = frames(studio, clip(studio, states(studio)))
    places = [marked(frame) for frame in shown]
    assert places[:10] == [None] * 10
    one, two, three = (places[int((0.25 + word.start) * 30) + 1] for word in WORDS)
    assert one is not None and two is not None and three is not None
    assert 0.3 < one < two < three < 0.7
    changes = [index for index, (was, now) in enumerate(pairwise(places), start=1) if was != now]
    assert changes[:3] == [int((0.25 + word.start) * 30) for word in WORDS]


def test_pictures_stand_unchanged_above_the_band(studio: Studio) -> None:
    made = clip(studio, states(studio))
    shown = frames(studio, made)
    assert len(shown) == made.details["frames"]
    above = [frame[: HEIGHT - BAND - 8] for frame in shown]
    bars = [int((picture[20] < 128).sum()) for picture in above]
    changes = [index for index, (was, now) in enumerate(pairwise(bars), start=1) if abs(was - now) > 5]
    assert changes == [int(2.25 * 30)]
    assert np.abs(above[40].astype(int) - above[20].astype(int)).max() <= 6


def test_the_band_is_empty_before_the_first_word(studio: Studio) -> None:
    first = band(frames(studio, clip(studio, states(studio)))[0])
    assert int(first.max()) - int(first.min()) <= 4


def test_markup_in_a_narration_is_text(studio: Studio) -> None:
    narration = '#image("/etc/passwd") $x$ _a_ \\ <b>'
    shown = frames(studio, clip(studio, states(studio), narration))
    assert band(shown[20]).max() > 180


def test_hebrew_begins_on_the_right(studio: Studio) -> None:
    narration = "אחת שתיים שלוש."
    words = [
        Word(word, 0.1 + index, 0.6 + index, narration.index(word), narration.index(word) + len(word))
        for index, word in enumerate(narration.split())
    ]
    request = RenderRequest(
        tuple(states(studio)),
        narration,
        studio.recording(tone(3.0)),
        studio.words(words),
        None,
        WIDTH,
        HEIGHT,
        burned_in=True,
        language="he",
    )
    shown = frames(studio, make_clip(request, studio.bench))
    one, two, three = (marked(shown[int((0.25 + word.start) * 30) + 1]) for word in words)
    assert one is not None and two is not None and three is not None
    assert 0.7 > one > two > three > 0.3


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (320, 320), (640, 360), (3840, 2160)])
def test_a_wide_line_fits_every_page(size: tuple[int, int]) -> None:
    line = "W" * 42
    form = VideoFormat(*size, 30)
    spoken = Spoken(line, [Word(line, 0.0, 1.9, 0, 42)], 0.0, 2.0)
    png = with_captions([Hold(NOWHERE, 60)], spoken, form, "en")[0].band
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    assert picture.shape[:2] == (caption_band(*size), size[0])
    columns = np.flatnonzero((picture.max(axis=2) > 128).any(axis=0))
    assert columns[0] > 0.02 * size[0]
    assert columns[-1] < 0.98 * size[0]


def test_lines_of_scripts_that_need_more_height_fit_their_page() -> None:
    narration = "日本語のページ雨は雲から落ちる水ですمطر ماء ينزل من السحاب."
    words = tuple(Word(sign, n * 0.1, n * 0.1 + 0.1, n, n + 1) for n, sign in enumerate(narration) if sign.isalpha())
    form = VideoFormat(1080, 1920, 30)
    made = with_captions([Hold(NOWHERE, 200)], Spoken(narration, words, 0.0, 6.0), form, "ja")
    for hold in made:
        assert hold.band is not None
        with Image.open(io.BytesIO(hold.band)) as band:
            assert band.size == (1080, caption_band(1080, 1920))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.0, 8.0), min_size=1, max_size=30), st.lists(st.integers(9, 60), min_size=1, max_size=6))
def test_every_picture_has_two_frames_at_least_and_states_change_when_they_are_due(
    times: list[float], lengths: list[int]
) -> None:
    lengths[-1] += max(0, 30 - sum(lengths))
    end = sum(lengths) / 30
    starts = sorted(min(time, end - 0.01) for time in times)
    narration = " ".join("word" for _ in starts)
    words = [Word("word", start, start, 5 * index, 5 * index + 4) for index, start in enumerate(starts)]
    holds = [Hold(NOWHERE / str(index), length) for index, length in enumerate(lengths)]
    shown = with_captions(holds, Spoken(narration, words, 0.0, end), VideoFormat(320, 180, 30), "en")
    assert all(hold.frames >= 2 and hold.band for hold in shown)
    assert [sum(hold.frames for hold in shown if hold.picture == state.picture) for state in holds] == lengths


def test_narrations_without_words_have_an_empty_band() -> None:
    (hold,) = with_captions([Hold(NOWHERE, 30)], Spoken("", (), 0.0, 1.0), FORM, "")
    assert hold.frames == 30
    assert hold.band


def test_a_film_with_burnt_in_captions_has_their_files_and_no_track(studio: Studio) -> None:
    made = clip(studio, states(studio))
    part = studio.on_timeline(made, NARRATION, studio.words(WORDS))
    poster = studio.slide(1, (WIDTH, HEIGHT - BAND))
    film = make_film(ComposeRequest((part,), "A", "en", poster, True, WIDTH, HEIGHT, burned_in=True), studio.bench)
    assert {"captions.vtt", "captions.srt"} <= set(film.files)
    with Image.open(studio.path(film, "poster.png")) as picture:
        assert picture.size == (WIDTH, HEIGHT)
    with av.open(str(studio.path(film, "film.mp4"))) as file:
        assert not file.streams.subtitles
