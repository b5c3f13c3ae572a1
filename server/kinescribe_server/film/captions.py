"""Captions from word times.

A caption has at most two lines of 42 columns and stays for 1 to 7 seconds, the usual limits of the style guides of
broadcasters and streaming services (`caption_rules.py` checks them). Where a narration is divided is decided for all of
it at once, as the cheapest way to break it: at the ends of sentences rather than of clauses, and there rather than
inside them. A caption never outlasts its clip, so a clip's captions depend on nothing but the clip.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kinescribe_server.film.phrases import Piece, pieces, set_in_lines, signs, text_of, width
from kinescribe_server.film.timing import CLIP_SECONDS
from kinescribe_server.speech.protocol import Word

MIN_SECONDS = CLIP_SECONDS
MAX_SECONDS = 7.0
MAX_SIGNS_PER_SECOND = 20
# Faster text cannot be read along with ease; a caption stays longer where the pause after it allows.
_COLUMNS_PER_SECOND = 17
# A caption that would end this shortly before the next stays until then: a flicker disturbs more than it tells.
JOINED_SECONDS = 0.5
# What a caption costs, compared with the costs of breaks: one more caption is better than a bad break.
_EACH_CAPTION = 1.0
_SCRAP = 1.0
_SCRAP_COLUMNS = 14
# The end of one sentence and the beginning of another, for each of the two that is torn.
_MIXED = 2.0
# Each character that there is no time to read.
_HASTY = 0.5
_UNFIT = 1_000.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """A clip's narration, its words, and when the clip starts and ends; all times are on one clock."""

    narration: str
    words: Sequence[Word]
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A word in a caption, spoken from `start` on: `caption.lines[line][first:last]`."""

    start: float
    line: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Caption:
    """What is shown from `start` to `end`, in seconds, and its words as they are spoken."""

    start: float
    end: float
    lines: tuple[str, ...]
    marks: tuple[Mark, ...] = ()


def captions(clip: Spoken) -> list[Caption]:
    """The captions of a clip: in order, never two at once."""
    return _timed([_caption(lines) for lines in _divided(clip)], clip)


def _divided(clip: Spoken) -> list[tuple[Sequence[Piece], ...]]:
    """A narration as the lines of captions.

    best[j] is the least cost of dividing the first j pieces, the pieces of the last caption of that, and its lines.
    """
    row = pieces(clip.narration, clip.words)
    starts = [piece.start for piece in row] + [clip.end]
    best: list[tuple[float, int, tuple[Sequence[Piece], ...]]] = [(0.0, 0, ())]
    for after in range(1, len(row) + 1):
        choices = []
        for first in reversed(range(after)):
            lines = set_in_lines(row[first:after])
            if lines is None:
                break
            torn_before = first > 0 and not row[first - 1].ends_sentence
            cost = _cost(row[first:after], starts[after] - starts[first], torn_before=torn_before)
            choices.append((best[first][0] + cost, first, lines))
        best.append(min(choices, key=lambda choice: choice[:2]))
    divided: list[tuple[Sequence[Piece], ...]] = []
    after = len(row)
    while after:
        _, after, lines = best[after]
        divided.append(lines)
    return divided[::-1]


def _cost(inside: Sequence[Piece], until_next: float, *, torn_before: bool) -> float:
    text = text_of(inside)
    cost = _EACH_CAPTION + inside[-1].break_cost
    cost += _HASTY * max(0.0, signs(text) - MAX_SIGNS_PER_SECOND * until_next)
    if width(text) < _SCRAP_COLUMNS:
        cost += _SCRAP
    if any(piece.ends_sentence for piece in inside[:-1]):
        cost += _MIXED * (torn_before + (not inside[-1].ends_sentence))
    if until_next < MIN_SECONDS or (len(inside) > 1 and inside[-1].end - inside[0].start > MAX_SECONDS):
        cost += _UNFIT
    return cost


def _caption(lines: Sequence[Sequence[Piece]]) -> Caption:
    """A caption that lasts while it is spoken."""
    marks = tuple(mark for index, line in enumerate(lines) for mark in _marks(index, line))
    return Caption(lines[0][0].start, lines[-1][-1].end, tuple(map(text_of, lines)), marks)


def _marks(index: int, line: Sequence[Piece]) -> Iterator[Mark]:
    last = 0
    for position, piece in enumerate(line):
        first = last + (piece.spaced and position > 0)
        last = first + len(piece.text)
        yield Mark(piece.start, index, first, last)


def _timed(divided: Sequence[Caption], clip: Spoken) -> list[Caption]:
    """Lets captions stay long enough to be read, without overlap."""
    timed: list[Caption] = []
    for index, caption in enumerate(divided):
        latest = min(divided[index + 1].start if index + 1 < len(divided) else clip.end, caption.start + MAX_SECONDS)
        reading = max(MIN_SECONDS, width(" ".join(caption.lines)) / _COLUMNS_PER_SECOND)
        end = min(latest, max(caption.end, caption.start + reading))
        if latest - end < JOINED_SECONDS:
            end = latest
        start = caption.start
        if end - start < MIN_SECONDS:  # a last word: it comes a little early
            earliest = timed[-1].start + MIN_SECONDS if timed else clip.start
            start = min(start, max(end - MIN_SECONDS, earliest))
            if timed:
                timed[-1] = replace(timed[-1], end=min(timed[-1].end, start))
        timed.append(replace(caption, start=start, end=end))
    return timed
