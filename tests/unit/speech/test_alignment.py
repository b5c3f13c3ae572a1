"""Times of spoken words become times of written words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinescribe_server.speech.alignment import Span, Spoken, align


def said(text: str) -> list[Spoken]:
    """Words of one second each, with no time between them."""
    return [Spoken(word, float(place), place + 1.0) for place, word in enumerate(text.split())]


def spans(written: str, spoken: str) -> dict[str, Span]:
    return dict(zip(written.split(), align(written.split(), said(spoken)), strict=True))


def test_equal_words_take_their_times_over() -> None:
    assert spans("One, two; THREE!", "one two three") == {"One,": (0, 1), "two;": (1, 2), "THREE!": (2, 3)}


def test_a_date_is_found_between_its_neighbours() -> None:
    found = spans("On 14 March 2024 we", "on the fourteenth of March 2024 we")
    assert found == {"On": (0, 1), "14": (1, 4), "March": (4, 5), "2024": (5, 6), "we": (6, 7)}


def test_a_sign_that_is_spoken_belongs_to_its_number() -> None:
    assert spans("only 62% of", "only 62 % of") == {"only": (0, 1), "62%": (1, 3), "of": (3, 4)}


def test_a_unit_is_shared_between_number_and_unit() -> None:
    found = spans("took 340 ms today", "took 340 milliseconds today")
    assert found["340"] == (1, 2)
    assert found["ms"] == (2, 3)


@pytest.mark.parametrize("word", ["HTTP/2", "gRPC", "foo-bar", "don't", "Node.js", "3.14", "1,200", "x86_64"])
def test_a_word_of_several_runs_has_one_time(word: str) -> None:
    assert spans(f"use {word} now", f"use {word} now")[word] == (1, 2)


def test_a_word_that_is_spoken_in_parts_lasts_from_the_first_to_the_last() -> None:
    assert spans("the HTTP/2 frame", "the HTTP 2 frame")["HTTP/2"] == (1, 3)


def test_words_that_are_spoken_together_share_the_time_by_length() -> None:
    assert spans("abc abcdef end", "xyz end") == {
        "abc": (0, pytest.approx(1 / 3)),
        "abcdef": (pytest.approx(1 / 3), 1),
        "end": (1, 2),
    }


def test_what_is_not_spoken_lasts_no_time_where_it_stands() -> None:
    assert align(["say", "", "", "now"], said("say now")) == [(0, 1), (1, 1), (1, 1), (1, 2)]
    assert align(["", "now"], said("now")) == [(0, 0), (0, 1)]


def test_repeated_words_keep_their_order() -> None:
    assert [span[0] for span in align(["the"] * 4, said("the the the the"))] == [0, 1, 2, 3]


def test_without_speech_no_word_lasts() -> None:
    assert align(["a", "b"], []) == [(0, 0), (0, 0)]


WORDS = st.lists(st.sampled_from(["a", "14", "the", "HTTP/2", "62%", "", "x1", "—", "ab"]), max_size=12)


@given(WORDS, st.lists(st.sampled_from(["a", "14", "the", "HTTP", "2", "%", "x", "1", "of", "ab"]), max_size=12))
def test_times_are_in_order_without_overlap_and_inside_the_speech(written: list[str], spoken: list[str]) -> None:
    words = [Spoken(word, 5 + place * 0.5, 5.4 + place * 0.5) for place, word in enumerate(spoken)]
    found = align(written, words)
    assert len(found) == len(written)
    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges)
    if words:
        assert all(words[0].start <= edge <= words[-1].end for edge in edges)
