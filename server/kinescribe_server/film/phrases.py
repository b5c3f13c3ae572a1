"""Narration -> pieces that captions are put together from, and how they are set in lines."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from kinescribe_server.speech.protocol import Word

LINE_COLUMNS = 42
# Of Chinese, Japanese and Korean characters a line has 16, the limit of the style guides for these languages.
WIDE_SIGNS = 16
_WIDE_COLUMNS = LINE_COLUMNS / WIDE_SIGNS
# What takes no room: marks on other characters, and signs that only tell a direction or a join.
_NO_ROOM = {"Mn", "Me", "Cf"}

_CLOSING = r"[\"'”’»)\]」』]*$"
_SENTENCE_END = re.compile(r"[.!?…。！？]" + _CLOSING)
_CLAUSE_END = re.compile(r"[,;:–—、，；：]" + _CLOSING)
# What it costs to break after a piece, against 1 for one more caption.
_AFTER_CLAUSE = 1.5
_ELSEWHERE = 5.0
# A word of three letters or less is mostly an article, a preposition or a conjunction, which belongs to what follows.
_AFTER_SHORT_WORD = 6.0
_BEFORE_SHORT_WORD = 3.5
_SHORT_LETTERS = 3
# A speaker who pauses has said something.
_PAUSE_SECONDS = 0.35
# How much ten columns of difference between two lines cost.
_UNEVEN = 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A word with its punctuation, as shown: spoken from `start` to `end`, after a space or not."""

    text: str
    start: float
    end: float
    spaced: bool
    break_cost: float = 0.0

    @property
    def ends_sentence(self) -> bool:
        return self.break_cost == 0


def pieces(narration: str, words: Sequence[Word]) -> list[Piece]:
    """The whole narration in pieces of at most one line's width, between which a caption may be broken."""
    found: list[Piece] = []
    for piece in _cut(narration, words):
        if found and not piece.spaced and not (_is_wide(found[-1].text[-1]) or _is_wide(piece.text[0])):
            found[-1] = replace(found[-1], text=found[-1].text + piece.text, end=piece.end)
        else:
            found.append(piece)
    narrow = [part for piece in found for part in _narrow(piece)]
    neighbours = zip(narrow, [*narrow[1:], None], strict=False)
    return [replace(piece, break_cost=_break_cost(piece, after)) for piece, after in neighbours]


def width(text: str) -> float:
    """How many columns a text takes: a line is as full of 42 Latin letters as of 16 East Asian characters."""
    if text.isascii():
        return len(text)
    return sum(_WIDE_COLUMNS if _is_wide(sign) else 1 for sign in text if unicodedata.category(sign) not in _NO_ROOM)


def signs(text: str) -> int:
    """How many characters there are to read."""
    if text.isascii():
        return len(text)
    return sum(unicodedata.category(sign) not in _NO_ROOM for sign in text)


def text_of(row: Sequence[Piece]) -> str:
    return "".join(f" {piece.text}" if piece.spaced and index else piece.text for index, piece in enumerate(row))


def set_in_lines(row: Sequence[Piece]) -> tuple[Sequence[Piece], ...] | None:
    """One line, or two that are as even and as well broken as can be; None if they are too wide for that."""
    # Where each piece ends in one line: a film asks this thousands of times.
    ends = list(accumulate(width(piece.text) + (piece.spaced and index > 0) for index, piece in enumerate(row)))
    if ends[-1] <= LINE_COLUMNS:
        return (row,)
    best: tuple[float, int] | None = None
    for place in range(1, len(row)):
        upper = ends[place - 1]
        if upper > LINE_COLUMNS:
            break
        lower = ends[-1] - upper - row[place].spaced
        if lower > LINE_COLUMNS:
            continue
        cost = row[place - 1].break_cost + _UNEVEN * abs(upper - lower) / 10
        best = min(best, (cost, place)) if best else (cost, place)
    return (row[: best[1]], row[best[1] :]) if best else None


def _cut(narration: str, words: Sequence[Word]) -> Iterator[Piece]:
    """One piece for each word. What stands between two words is divided at its last space."""
    first, spaced = 0, True
    for index, word in enumerate(words):
        last, after, next_spaced = len(narration), len(narration), True
        if index + 1 < len(words):
            between = narration[word.last : words[index + 1].first]
            space = max((place for place, sign in enumerate(between) if sign.isspace()), default=None)
            next_spaced = space is not None
            last = words[index + 1].first if space is None else word.last + space
            after = last
        text = _shown(narration[first:last])
        if text:
            yield Piece(text, word.start, word.end, spaced)
        first, spaced = after, next_spaced


def _shown(text: str) -> str:
    """Text with single spaces, without control characters and halves of surrogate pairs."""
    kept = "".join(sign for sign in text if sign.isspace() or unicodedata.category(sign) not in {"Cc", "Cs"})
    return " ".join(kept.split())


def _narrow(piece: Piece) -> Iterator[Piece]:
    """A piece that is wider than a line (a web address) as several that are not."""
    total = width(piece.text)
    first, columns, start = 0, 0.0, piece.start
    for place, sign in enumerate(piece.text):
        if columns + width(sign) > LINE_COLUMNS:
            end = start + (piece.end - piece.start) * columns / total
            yield Piece(piece.text[first:place], start, end, piece.spaced and first == 0)
            first, columns, start = place, 0.0, end
        columns += width(sign)
    yield Piece(piece.text[first:], start, piece.end, piece.spaced and first == 0)


def _break_cost(piece: Piece, after: Piece | None) -> float:
    if after is None or _SENTENCE_END.search(piece.text):
        return 0.0
    if _CLAUSE_END.search(piece.text) or after.start - piece.end > _PAUSE_SECONDS:
        return _AFTER_CLAUSE
    if _is_short(piece):
        return _AFTER_SHORT_WORD
    return _BEFORE_SHORT_WORD if _is_short(after) else _ELSEWHERE


def _is_short(piece: Piece) -> bool:
    return len(piece.text) <= _SHORT_LETTERS and piece.text.isalpha() and not _is_wide(piece.text[-1])


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in "WF"
