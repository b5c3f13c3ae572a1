"""Words are found in a recording by where there is sound."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.conftest import DATA

from kinescribe_server.film.alignment import STEP_SECONDS, Stretch, aligned, voiced
from kinescribe_server.film.captions import Spoken, captions
from kinescribe_server.speech.catalog import HIBARI
from kinescribe_server.speech.hibari import HibariEngine
from kinescribe_server.speech.protocol import Speech, SpeechRequest

PARAGRAPHS = [text for text in (DATA / "http2.txt").read_text().split("\n\n") if text.strip()]


def levels(speech: Speech, noise: float = 0.0) -> NDArray[np.float64]:
    step = round(STEP_SECONDS * speech.sample_rate)
    hiss = noise * np.random.default_rng(1).standard_normal(len(speech.samples))
    sound = (speech.samples.astype(float) + hiss)[: len(speech.samples) // step * step]
    power: NDArray[np.float64] = np.mean(sound.reshape(-1, step) ** 2, axis=1)
    return 10 * np.log10(np.maximum(power, 1e-10))


@pytest.fixture(scope="module")
def spoken() -> list[tuple[str, Speech]]:
    engine, voice = HibariEngine(), HIBARI.voices[0].name
    return [(text, engine.speak(SpeechRequest(text, voice))) for text in PARAGRAPHS]


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_words_of_real_speech_are_found_where_they_are_spoken(spoken: list[tuple[str, Speech]], noise: float) -> None:
    words, starts = [], []
    for text, speech in spoken:
        true = {word.first: word.start for word in speech.words}
        found = aligned(text, voiced(levels(speech, noise)))
        words += [abs(word.start - true[word.first]) for word in found if word.first in true]
        end = len(speech.samples) / speech.sample_rate + 0.5
        ours = [caption.start for caption in captions(Spoken(text, found, 0.0, end))]
        theirs = [caption.start for caption in captions(Spoken(text, speech.words, 0.0, end))]
        starts += [min(abs(start - other) for other in ours) for start in theirs]
    print(  # noqa: T201 -- the figures are what is looked for
        f"words: median {np.median(words):.3f} s, 95% {np.percentile(words, 95):.3f} s; "
        f"captions: median {np.median(starts):.3f} s, 95% {np.percentile(starts, 95):.3f} s"
    )
    assert np.median(words) <= 0.1
    assert np.percentile(words, 95) <= 0.6
    assert np.median(starts) <= 0.06


def test_a_pause_is_where_the_text_has_its_stop() -> None:
    words = aligned("One two three, four. Five.", [Stretch(0.0, 2.0), Stretch(3.0, 3.5)])
    assert [word.text for word in words] == ["One", "two", "three,", "four.", "Five."]
    assert words[-1].start == 3.0
    assert words[-2].end == 2.0


def test_a_cough_gets_no_words() -> None:
    words = aligned("This is one sentence. This is another.", [Stretch(0, 1.5), Stretch(2.5, 2.6), Stretch(3, 4.2)])
    assert [word.start for word in words if word.text == "This"] == [0.0, 3.0]


def test_text_or_sound_alone_is_no_alignment() -> None:
    assert aligned("", [Stretch(0, 1)]) == aligned("- !", [Stretch(0, 1)]) == aligned("Words.", []) == ()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.text("abcXY12.,", min_size=1, max_size=9), max_size=120).map(" ".join),
    st.lists(st.tuples(st.floats(0.05, 5), st.floats(0.15, 3)), max_size=40),
)
def test_whatever_is_said_every_word_has_its_time_and_order(narration: str, lengths: list[tuple[float, float]]) -> None:
    stretches, time = [], 0.0
    for sound, pause in lengths:
        stretches.append(Stretch(time, time + sound))
        time += sound + pause
    words = aligned(narration, stretches)
    if stretches:
        assert [word.text for word in words] == [
            word for word in narration.split() if any(sign.isalnum() for sign in word)
        ]
    for word in words:
        assert narration[word.first : word.last] == word.text
        assert 0 <= word.start <= word.end <= time
    for earlier, later in pairwise(words):
        assert earlier.end <= later.start + 1e-9


def test_voice_is_told_from_hiss_and_clicks_are_left_out() -> None:
    levels = np.full(500, -62.0)
    levels[100:200] = -20
    levels[205:210] = -25  # the pause before a stop consonant joins what it is in
    levels[210:250] = -20
    levels[400:403] = -15
    assert voiced(levels) == [Stretch(1.0, 2.5)]
