"""Times of spoken words -> times of written words.

An engine times what it reads ("the fourteenth of March"), a caption shows what is written ("14 March"). Both are cut
into runs of letters and runs of digits; what is the same on both sides takes its time over, and what lies between two
such anchors shares the time between them.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_APOSTROPHES = re.compile(r"['’]")
_RUN = re.compile(r"\d+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something that the engine said, and when, in seconds. A sign that is spoken ("%") is its own text."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class _Unit:
    """A run of letters or digits, the place of its word, and (for what is spoken) its time."""

    key: str
    word: int
    start: float = 0.0
    end: float = 0.0


Span = tuple[float, float]


def align(written: Sequence[str], spoken: Sequence[Spoken]) -> list[Span]:
    """When each written word is spoken: in order, without overlap, inside the time of what is spoken.

    A written word without anything that can be spoken (or with nothing spoken for it) lasts no time.
    """
    units = [_Unit(key, word) for word, text in enumerate(written) for key in _keys(text)]
    said = [unit for place, word in enumerate(spoken) for unit in _timed(place, word)]
    times: list[Span | None] = [None] * len(written)
    for unit, span in zip(units, _unit_spans(units, said), strict=True):
        before = times[unit.word]
        times[unit.word] = span if before is None else (min(before[0], span[0]), max(before[1], span[1]))
    return _in_order(times, said[0].start if said else 0.0)


def _unit_spans(units: Sequence[_Unit], said: Sequence[_Unit]) -> list[Span]:
    """One span for each written unit."""
    spans: list[Span] = []
    matcher = SequenceMatcher(None, [unit.key for unit in units], [unit.key for unit in said], autojunk=False)
    reached = said[0].start if said else 0.0
    for how, first, last, said_first, said_last in matcher.get_opcodes():
        match how:
            case "equal":
                spans += [(unit.start, unit.end) for unit in said[said_first:said_last]]
            case "replace":
                spans += _shared(units[first:last], said[said_first].start, said[said_last - 1].end)
            case "delete":
                spans += [(reached, reached)] * (last - first)
            case _ if spans:  # said but not written ("dollars" after "5"): it belongs to the word before
                spans[-1] = (spans[-1][0], said[said_last - 1].end)
        reached = spans[-1][1] if spans else reached
    return spans


def _shared(units: Sequence[_Unit], start: float, end: float) -> list[Span]:
    """A stretch of time, shared in proportion to the length of what is written. A digit is said with a whole word."""
    weights = [len(unit.key) * (4 if unit.key.isdigit() else 1) for unit in units]
    edges = [start]
    for weight in weights:
        edges.append(edges[-1] + (end - start) * weight / sum(weights))
    return list(zip(edges, [*edges[1:-1], end], strict=False))


def _timed(place: int, word: Spoken) -> list[_Unit]:
    """What is said as units; several units of one word share its time."""
    units = [_Unit(key, place) for key in _keys(word.text)] or [_Unit(word.text, place)]
    spans = _shared(units, word.start, word.end)
    return [_Unit(unit.key, place, *span) for unit, span in zip(units, spans, strict=True)]


def _keys(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", _APOSTROPHES.sub("", text)).casefold()
    return _RUN.findall(plain)


def _in_order(times: Sequence[Span | None], start: float) -> list[Span]:
    ordered: list[Span] = []
    reached = start
    for span in times:
        first, last = span or (reached, reached)
        first = max(first, reached)
        reached = max(last, first)
        ordered.append((first, reached))
    return ordered
