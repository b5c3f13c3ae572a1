"""Narration -> pieces that the engine can speak at once.

The time and memory of speech engines grow faster than the length of what they are given, so a piece has a limit. It
ends where a reader would breathe: after a paragraph, a sentence, a clause, or at the worst a word or a part of one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# hibari at 1,000 characters without punctuation takes 529 MB, at 5,000 2.3 GB.
MAX_CHARACTERS = 300


class Ending(StrEnum):
    """What a piece ends with."""

    PARAGRAPH = "paragraph"
    SENTENCE = "sentence"
    CLAUSE = "clause"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Piece:
    """`narration[first:last]`, without white space at its ends."""

    first: int
    last: int
    ending: Ending


_PARAGRAPH_END = re.compile(r"\s*\n\s*\n\s*")
_CLOSING = r"[\"'”’»)\]]*"
# The end of a sentence: a stop and white space after it, or the end of a line with a colon.
_SENTENCE_END = re.compile(rf"(?:[.!?…]{_CLOSING}(?=\s)|:(?=[ \t]*\n)|[。！？])\s*")
_CLAUSE_END = re.compile(rf"[,;:—–，、；：]{_CLOSING}(?=\s)|[—–，、；：]")
_SPACE = re.compile(r"(?=\s)")
# A full stop after these ends no sentence.
_ABBREVIATIONS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "gen",
        "gov",
        "sen",
        "rep",
        "capt",
        "lt",
        "col",
        "sgt",
        "rev",
        "jr",
        "sr",
        "e.g",
        "i.e",
        "eg",
        "ie",
        "cf",
        "vs",
        "no",
        "nos",
        "fig",
        "figs",
        "eq",
        "eqs",
        "sec",
        "ch",
        "vol",
        "pp",
        "p",
        "approx",
        "ca",
        "al",
        "resp",
        "incl",
        "inc",
        "ltd",
        "co",
        "corp",
        "dept",
        "univ",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    ]
)


def pieces(narration: str, limit: int = MAX_CHARACTERS) -> list[Piece]:
    """The pieces of a narration in order; between them there is only white space."""
    found: list[Piece] = []
    for first, last in _between(narration, 0, len(narration), _PARAGRAPH_END):
        for start, end in _sentences(narration, first, last):
            found.extend(_parts(narration, start, end, limit, Ending.PARAGRAPH if end == last else Ending.SENTENCE))
    return found


def passages(narration: str, limit: int) -> list[Piece]:
    """Pieces as long as they may be within a paragraph: for engines that give several sentences one melody."""
    found: list[Piece] = []
    for piece in pieces(narration, limit):
        before = found[-1] if found else None
        if before and before.ending is not Ending.PARAGRAPH and piece.last - before.first <= limit:
            found[-1] = Piece(before.first, piece.last, piece.ending)
        else:
            found.append(piece)
    return found


def _between(text: str, first: int, last: int, separator: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """What lies between separators, without white space at its ends."""
    start = first
    for match in separator.finditer(text, first, last):
        yield from _stripped(text, start, match.start())
        start = match.end()
    yield from _stripped(text, start, last)


def _sentences(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    start = first
    for match in _SENTENCE_END.finditer(text, first, last):
        if match.end() < last and _ends_sentence(text, start, match):
            yield from _stripped(text, start, match.end())
            start = match.end()
    yield from _stripped(text, start, last)


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a stop ends a sentence: not before a small letter, and not after an abbreviation or an initial."""
    if text[match.end()].islower():
        return False
    if text[match.start()] != ".":
        return True
    before = text[max(start, match.start() - 20) : match.start()].rsplit(None, 1)
    word = before[-1].lstrip("(\"'“‘[") if before else ""
    # "I" is a pronoun more often than an initial.
    initial = len(word) == 1 and word.isupper() and word != "I"
    return not initial and word.casefold() not in _ABBREVIATIONS


def _parts(text: str, first: int, last: int, limit: int, ending: Ending) -> Iterator[Piece]:
    """A sentence in parts of about equal length and at most `limit` characters."""
    while last - first > limit:
        count = -(-(last - first) // limit)
        cut, how = _cut(text, first, (last - first) // count, limit)
        yield from (Piece(start, end, how) for start, end in _stripped(text, first, cut))
        first = next((start for start, _ in _stripped(text, cut, last)), last)
    if first < last:
        yield Piece(first, last, ending)


def _cut(text: str, first: int, wanted: int, limit: int) -> tuple[int, Ending]:
    """Where to cut a long sentence: at the clause's end that is nearest to the wanted length, else at a space."""
    for pattern, how in ((_CLAUSE_END, Ending.CLAUSE), (_SPACE, Ending.WORD)):
        # A cut near the start would leave a scrap.
        places = [match.end() for match in pattern.finditer(text, first + wanted // 3, first + limit)]
        if places:
            return min(places, key=lambda place: abs(place - first - wanted)), how
    return first + limit, Ending.WORD


def _stripped(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    part = text[first:last]
    if part.strip():
        yield first + len(part) - len(part.lstrip()), last - len(part) + len(part.rstrip())
