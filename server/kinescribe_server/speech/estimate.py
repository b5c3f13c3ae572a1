"""When words are heard, for engines that do not tell: from where they pause and how long each word is to say.

A pause in the sound belongs between two words, most likely after a comma. Which pause belongs where is found together,
by dynamic programming over all of them: the best is where the words between two pauses need about the time that is
between those pauses. Inside such a stretch the words share the time in proportion to their length.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinescribe_server.speech.alignment import Spoken
from kinescribe_server.speech.heard import WINDOW_SECONDS, Windows

Floats = NDArray[np.float64]

# What a letter takes at rate 1: least squares over 250 measured words.
LETTER_SECONDS = 0.055
# The closure of a "t" is silent for up to 60 ms.
_SHORTEST_PAUSE_SECONDS = 0.07
# The longest ones tell the most, and the search takes time with the square of their number.
_MAX_PAUSES = 24
# How unlikely each is, as a negative logarithm. The lengths of words are right to a tenth of a second or so, and so
# those of stretches to 0.17 s times the square root of their length.
_COST_OF_DEVIATION = 15.0
_COST_OF_PAUSE_INSIDE_A_PHRASE = 3.0
_COST_OF_PHRASES_WITHOUT_PAUSE = 1.5
_COST_OF_IGNORED_SECOND = 30.0
_ENDS_PHRASE = re.compile(r"[,;:.!?…)\]»”—–،؛؟、。，；：！？]$")


@dataclass(frozen=True, slots=True)
class _Pause:
    """A silence in seconds, and how much was voiced before it. The beginning and the end are pauses without length."""

    start: float
    end: float
    voiced: float


def estimated(words: Sequence[str], loud: Windows) -> list[Spoken]:
    """Words with their times in an utterance that says them all, by its loud windows; none where there are none."""
    if not len(loud) or not words:
        return []
    pauses = _pauses(loud)
    edges = np.concatenate([[0.0], np.cumsum([length(word) for word in words])])
    found: list[Spoken] = []
    anchors = _anchors(words, edges, pauses)
    for (place, first), (next_place, last) in itertools.pairwise(anchors):
        start, end = pauses[place].end, pauses[next_place].start
        times = start + (end - start) * (edges[first : last + 1] - edges[first]) / (edges[last] - edges[first])
        found += [Spoken(words[first + n], float(times[n]), float(times[n + 1])) for n in range(last - first)]
    return found


def _pauses(loud: Windows) -> list[_Pause]:
    """The pauses between loud windows, with one before the first and one after the last."""
    gaps = np.diff(loud) - 1
    long = np.flatnonzero(gaps * WINDOW_SECONDS >= _SHORTEST_PAUSE_SECONDS)
    kept = np.sort(long[np.argsort(-gaps[long], kind="stable")][:_MAX_PAUSES])
    silent = np.cumsum(np.where(np.isin(np.arange(len(gaps)), kept), gaps, 0))
    inner = [
        (int(loud[n]) + 1, int(loud[n + 1]), int(loud[n]) + 1 - int(loud[0]) - int(silent[n] - gaps[n])) for n in kept
    ]
    first, last = int(loud[0]), int(loud[-1]) + 1
    total = last - first - int(silent[-1] if len(silent) else 0)
    places = [(first, first, 0), *inner, (last, last, total)]
    return [
        _Pause(start * WINDOW_SECONDS, end * WINDOW_SECONDS, voiced * WINDOW_SECONDS) for start, end, voiced in places
    ]


def _anchors(words: Sequence[str], edges: Floats, pauses: Sequence[_Pause]) -> list[tuple[int, int]]:
    """Pairs of a pause and the number of words before it, from (0, 0) to (the last pause, all words)."""
    seconds = edges * pauses[-1].voiced / edges[-1]
    ends = np.array([0.0, *(bool(_ENDS_PHRASE.search(word)) for word in words)])
    ends[-1] = 0.0
    inside = _COST_OF_PAUSE_INSIDE_A_PHRASE * (1 - ends)
    inside[-1] = 0.0
    passed = np.cumsum(ends)
    wanted = seconds[None, :] - seconds[:, None]  # from one edge to another
    # Whoever goes from edge a to edge b passes the phrase ends between them without a pause.
    missed = _COST_OF_PHRASES_WITHOUT_PAUSE * (passed[None, :] - passed[:, None] - ends[None, :])
    backwards = wanted <= 0
    lengths = np.cumsum([pause.end - pause.start for pause in pauses])

    best = np.full((len(pauses), len(edges)), np.inf)
    best[0, 0] = 0.0
    came_from: dict[tuple[int, int], tuple[int, int]] = {}
    for to in range(1, len(pauses)):
        for start in range(to):
            ignored = _COST_OF_IGNORED_SECOND * (lengths[to - 1] - lengths[start])
            off = pauses[to].voiced - pauses[start].voiced - wanted
            deviation = _COST_OF_DEVIATION * off * off / (np.abs(wanted) + 0.1)
            cost = best[start][:, None] + deviation + missed + ignored + inside[None, :]
            cost[backwards] = np.inf
            source = cost.argmin(axis=0)
            reached = cost[source, np.arange(len(edges))]
            for edge in np.flatnonzero(reached < best[to]):
                best[to, edge] = reached[edge]
                came_from[to, int(edge)] = (start, int(source[edge]))
    anchors = [(len(pauses) - 1, len(words))]
    while anchors[-1] != (0, 0):
        anchors.append(came_from[anchors[-1]])
    return anchors[::-1]


def length(word: str) -> float:
    """How long a word takes to say, in letters."""
    letters = [sign for sign in word if sign.isalnum()]
    spelled = sum(sign.isupper() for sign in letters) > 1  # "HTTP", "gRPC"
    said = sum(5.5 if sign.isdigit() else 3.3 if spelled and sign.isupper() else 1.0 for sign in letters)
    return 0.3 + said + (2.5 if _ENDS_PHRASE.search(word) else 0.0)
