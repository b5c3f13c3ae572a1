"""Where a narration is divided."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinescribe_server.speech.pieces import Ending, pieces


def texts(narration: str, limit: int = 300) -> list[str]:
    return [narration[piece.first : piece.last] for piece in pieces(narration, limit)]


def endings(narration: str, limit: int = 300) -> list[Ending]:
    return [piece.ending for piece in pieces(narration, limit)]


def test_each_sentence_is_a_piece() -> None:
    assert texts("One. Two! Is it three? Yes…  So.") == ["One.", "Two!", "Is it three?", "Yes…", "So."]


def test_a_closing_quote_belongs_to_its_sentence() -> None:
    assert texts('He said "Stop." Then he left.') == ['He said "Stop."', "Then he left."]


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. Smith met J. K. Rowling.",
        "Use a queue, e.g. Redis, for that.",
        "See Fig. 3 for version 3.5 of it.",
        "It reads app.py and stops... but not for long.",
        'He asked "Why?" and left.',
    ],
)
def test_a_stop_inside_a_sentence_does_not_end_it(sentence: str) -> None:
    assert texts(sentence) == [sentence]


def test_paragraphs_end_at_blank_lines_and_a_single_line_break_is_a_space() -> None:
    narration = "One line\nand the next. Done.\n \nNew."
    assert texts(narration) == ["One line\nand the next.", "Done.", "New."]
    assert endings(narration) == [Ending.SENTENCE, Ending.PARAGRAPH, Ending.PARAGRAPH]


def test_a_long_sentence_is_divided_between_clauses() -> None:
    narration = "The first clause is here, the second one follows it, and a third one ends it."
    assert texts(narration, 40) == [
        "The first clause is here,",
        "the second one follows it,",
        "and a third one ends it.",
    ]
    assert endings(narration, 40) == [Ending.CLAUSE, Ending.CLAUSE, Ending.PARAGRAPH]


def test_without_clauses_it_is_divided_between_words_into_even_parts() -> None:
    parts = texts("word " * 100, 300)
    assert [len(part) for part in parts] == [249, 249]
    assert endings("word " * 100, 300)[0] is Ending.WORD


def test_without_spaces_it_is_divided_anywhere() -> None:
    assert [len(part) for part in texts("a" * 700)] == [300, 300, 100]


def test_white_space_has_no_pieces() -> None:
    assert pieces("") == pieces(" \n\n\t ") == []


@given(st.text(alphabet="ab. ,!?\n—:'\"A1", max_size=200), st.integers(5, 40))
def test_pieces_keep_every_sign_in_order_and_the_limit(narration: str, limit: int) -> None:
    found = pieces(narration, limit)
    assert all(0 < piece.last - piece.first <= limit for piece in found)
    assert all(before.last <= after.first for before, after in itertools.pairwise(found))
    kept = "".join(narration[piece.first : piece.last] for piece in found)
    assert "".join(kept.split()) == "".join(narration.split())
