"""Captions (WebVTT) from word times.

A caption has at most two lines of 42 columns and stays for 1 to 7 seconds, the usual limits of the style guides of
broadcasters and streaming services. Where a narration is divided is decided for all of it at once, as the cheapest way
to break it: at the ends of sentences rather than of clauses, and there rather than inside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kinescribe_server.film.phrases import Piece, pieces, set_in_lines, width
from kinescribe_server.speech.protocol import Word

MIN_SECONDS = 1.0
MAX_SECONDS = 7.0
# Faster text cannot be read along; a caption stays longer where the pause after it allows.
_COLUMNS_PER_SECOND = 17
# A caption that would end this shortly before the next stays until then: a flicker disturbs more than it tells.
_JOINED_SECONDS = 0.5
# What a caption costs, compared with the costs of breaks: one more caption is better than a bad break.
_EACH_CAPTION = 1.0
_SCRAP = 1.0
_SCRAP_COLUMNS = 14
# The end of one sentence and the beginning of another, for each of the two that is torn.
_MIXED = 2.0
_UNFIT = 1_000.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """A clip's narration, its words timed from the film's start, and when the clip ends."""

    narration: str
    words: Sequence[Word]
    end: float


@dataclass(frozen=True, slots=True)
class Caption:
    """What is shown from `start` to `end`, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def captions(clips: Sequence[Spoken], end: float) -> list[Caption]:
    """The captions of a film that ends at `end`: in order, never two at once."""
    return _timed([caption for clip in clips for caption in _divided(clip)], end)


def webvtt(shown: Sequence[Caption]) -> str:
    """The captions as a WebVTT file (W3C, https://www.w3.org/TR/webvtt1/)."""
    cues = [
        f"{_timestamp(caption.start)} --> {_timestamp(caption.end)}\n" + "\n".join(map(_escaped, caption.lines)) + "\n"
        for caption in shown
    ]
    return "\n".join(["WEBVTT\n", *cues])


def _divided(clip: Spoken) -> list[Caption]:
    """A narration as captions that last while they are spoken.

    best[j] is the least cost of dividing the first j pieces, the pieces of the last caption of that, and its lines.
    """
    row = pieces(clip.narration, clip.words)
    starts = [piece.start for piece in row] + [clip.end]
    best: list[tuple[float, int, tuple[str, ...]]] = [(0.0, 0, ())]
    for after in range(1, len(row) + 1):
        choices = []
        for first in reversed(range(after)):
            lines = set_in_lines(row[first:after])
            if lines is None:
                break
            torn_before = first > 0 and not row[first - 1].ends_sentence
            cost = _cost(row[first:after], lines, starts[after] - starts[first], torn_before=torn_before)
            choices.append((best[first][0] + cost, first, lines))
        best.append(min(choices))
    divided: list[Caption] = []
    after = len(row)
    while after:
        _, first, lines = best[after]
        divided.append(Caption(row[first].start, row[after - 1].end, lines))
        after = first
    return divided[::-1]


def _cost(inside: Sequence[Piece], lines: Sequence[str], until_next: float, *, torn_before: bool) -> float:
    cost = _EACH_CAPTION + inside[-1].break_cost
    if sum(map(width, lines)) < _SCRAP_COLUMNS:
        cost += _SCRAP
    if any(piece.ends_sentence for piece in inside[:-1]):
        cost += _MIXED * (torn_before + (not inside[-1].ends_sentence))
    if until_next < MIN_SECONDS or (len(inside) > 1 and inside[-1].end - inside[0].start > MAX_SECONDS):
        cost += _UNFIT
    return cost


def _timed(divided: Sequence[Caption], film_end: float) -> list[Caption]:
    """Lets captions stay long enough to be read, without overlap."""
    timed: list[Caption] = []
    for index, caption in enumerate(divided):
        latest = min(divided[index + 1].start if index + 1 < len(divided) else film_end, caption.start + MAX_SECONDS)
        reading = max(MIN_SECONDS, sum(map(width, caption.lines)) / _COLUMNS_PER_SECOND)
        end = min(latest, max(caption.end, caption.start + reading))
        if latest - end < _JOINED_SECONDS:
            end = latest
        start = caption.start
        if end - start < MIN_SECONDS:  # a last word: it comes a little early
            earliest = timed[-1].start + MIN_SECONDS if timed else 0.0
            start = min(start, max(end - MIN_SECONDS, earliest))
            if timed:
                timed[-1] = replace(timed[-1], end=min(timed[-1].end, start))
        timed.append(Caption(start, end, caption.lines))
    return timed


def _timestamp(seconds: float) -> str:
    # Down to the millisecond, so that nothing is shown after the film's end.
    milliseconds = int(seconds * 1000 + 1e-6)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
