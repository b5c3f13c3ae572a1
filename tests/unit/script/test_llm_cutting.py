"""How long documents are cut for a language model."""

from hypothesis import given
from hypothesis import strategies as st

from kinescribe_server.script.llm.cutting import halves, pieces_of

WORDS = st.text("abc .\n#`~", max_size=400)


@given(WORDS, st.integers(10, 100))
def test_nothing_is_lost_and_no_piece_is_too_long(document: str, most: int) -> None:
    pieces = pieces_of(document, most)
    assert all(len(piece.text) <= most for piece in pieces)
    assert "".join("".join(piece.text for piece in pieces).split()) == "".join(document.split())


@given(WORDS)
def test_halves_are_both_shorter(document: str) -> None:
    parts = halves(document)
    if parts is not None:
        assert all(part and len(part) < len(document) for part in parts)
        assert "".join("".join(parts).split()) == "".join(document.split())


def test_pieces_begin_at_headings_and_know_them() -> None:
    chapter = "# Chapter {}\n\n" + "Words and more words. " * 10 + "\n\n"
    pieces = pieces_of("".join(chapter.format(number) for number in range(4)), 300)
    assert [piece.heading for piece in pieces] == [f"Chapter {number}" for number in range(4)]


def test_code_is_kept_together_and_its_comments_are_no_headings() -> None:
    code = "```python\n# not a heading\n\nx = 1\n```\n"
    pieces = pieces_of("Words. " * 20 + "\n\n" + code, 150)
    assert pieces[-1].text == code


def test_a_text_without_any_place_to_cut_is_cut_anyway() -> None:
    assert [len(piece.text) for piece in pieces_of("x" * 250, 100)] == [100, 100, 50]
    assert halves("x") is None
