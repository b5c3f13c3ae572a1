"""Word times that are found from where an engine pauses."""

import numpy as np
import pytest

from kinescribe_server.speech.estimate import estimated
from kinescribe_server.speech.heard import WINDOW_SECONDS, Windows, voiced_windows
from kinescribe_server.speech.hibari import HibariEngine
from kinescribe_server.speech.protocol import SpeechRequest


def loud(*stretches: tuple[float, float]) -> Windows:
    """The windows of stretches in seconds."""
    return np.concatenate(
        [np.arange(round(start / WINDOW_SECONDS), round(end / WINDOW_SECONDS)) for start, end in stretches]
    )


def starts(text: str, *stretches: tuple[float, float]) -> list[float]:
    found = estimated(text.split(), loud(*stretches))
    assert [word.text for word in found] == text.split()
    assert all(word.end > word.start for word in found)
    return [word.start for word in found]


def test_words_share_the_time_by_their_length() -> None:
    short, long = starts("ab abcdefgh", (0.5, 1.5))
    assert short == pytest.approx(0.5)
    assert 0.6 < long < 0.8


def test_a_pause_belongs_after_the_comma_and_not_after_another_word_of_that_time() -> None:
    assert starts("one two, three four", (0, 0.6), (0.9, 1.7))[2] == pytest.approx(0.9)
    assert starts("one two three, four", (0, 1.0), (1.3, 1.7))[3] == pytest.approx(1.3)


def test_the_closure_of_a_consonant_is_no_pause() -> None:
    assert starts("abcdefghijkl bcd", (0, 0.35), (0.43, 1.0)) == pytest.approx([0, 0.77], abs=0.08)


def test_a_pause_without_a_comma_lies_between_two_words() -> None:
    found = starts("abcdef abcdef abcdef abcdef", (0, 0.8), (1.2, 2.0))
    assert found[2] == pytest.approx(1.2)


def test_where_nothing_is_heard_there_are_no_times() -> None:
    assert estimated(["word"], loud((0, 0))) == []
    assert estimated([], loud((0, 1))) == []


def test_many_pauses_take_no_long_search() -> None:
    text = " ".join(["word,"] * 60)
    assert len(starts(text, *((second, second + 0.4) for second in range(60)))) == 60


@pytest.mark.parametrize(
    "text",
    [
        "A call is a stream, a message is a length and some bytes, and the final status travels in trailers.",
        "The older version needed a new connection, or a long wait in line, for every file that a page asked for.",
    ],
)
def test_it_finds_what_an_engine_that_knows_says(engine: HibariEngine, text: str) -> None:
    speech = engine.speak(SpeechRequest(text, "heart"))
    found = estimated(text.split(), voiced_windows(speech.samples, speech.sample_rate))
    off = [abs(guess.start - word.start) for guess, word in zip(found, speech.words, strict=True)]
    assert np.median(off) < 0.1
    after_commas = [distance for distance, word in zip(off[1:], text.split(), strict=False) if word.endswith(",")]
    assert max(after_commas) < 0.06
