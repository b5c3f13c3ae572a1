"""When the words of a recording are spoken: found by where there is sound and where there is none.

A speaker pauses between sentences, often between clauses, and seldom elsewhere. The voiced stretches of a recording are
given runs of words, all at once and in order, such that each stretch is about as long as its words are, and that pauses
fall where the text has its stops.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinescribe_server.speech.protocol import Word
from kinescribe_server.speech.words import Written, written_words

# Energy is looked at in steps of 10 ms.
STEP_SECONDS = 0.01
# Shorter silences are those of stop consonants; shorter sounds are clicks and breath.
_PAUSE_STEPS = 15
_SOUND_STEPS = 6
# Speech lies within this much below its loud parts, and stands out of the noise by that much, in decibels.
_RANGE_DB = 38.0
_OVER_NOISE_DB = 9.0
_SILENCE_DB = -100.0

_STOP = re.compile(r"[.!?…:;。！？：；][\"'”’»)\]」』]*$")
_COMMA = re.compile(r"[,–—、，][\"'”’»)\]」』]*$")
# How a word's length is told from its signs, in lower-case letters. An abbreviation is spelt, a number is read out.
_LENGTHS = ((re.compile(r"[A-Z](?![a-z])"), 2.2), (re.compile(r"\d"), 3.5), (re.compile(r"[\u3040-\u9fff]"), 2.5))
_EACH_WORD = 1.0
# Costs: a pause where the text has no stop, and a stop without a pause. A stretch whose length is off by a third of
# what its words want, or by a quarter of a second, costs 1. A cough has no words.
_PAUSE_AFTER_COMMA = 0.3
_PAUSE_ELSEWHERE = 2.0
_NO_PAUSE_AFTER_STOP = 2.5
_NO_PAUSE_AFTER_COMMA = 0.4
_RELATIVE, _ABSOLUTE = 0.2, 0.25
_EMPTY_STRETCH, _EMPTY_SECOND = 1.0, 10.0
# How far a run may begin from where the pace of the whole would have it: in words, and as a share of all words.
_AWAY_WORDS, _AWAY_SHARE = 30, 0.12


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound without a pause in it, in seconds."""

    start: float
    end: float


def voiced(levels: NDArray[np.float64]) -> list[Stretch]:
    """The voiced stretches of a recording whose levels (decibels, one for each step) are given."""
    levels = np.maximum(levels, _SILENCE_DB)
    loud, noise = np.percentile(levels, [95, 10])
    least = min(max(loud - _RANGE_DB, noise + _OVER_NOISE_DB), loud - 6)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], levels > least, [False]))))
    joined: list[list[int]] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if joined and start - joined[-1][1] < _PAUSE_STEPS:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    steps = [(start, end) for start, end in joined if end - start >= _SOUND_STEPS]
    return [Stretch(start * STEP_SECONDS, end * STEP_SECONDS) for start, end in steps]


def aligned(narration: str, stretches: Sequence[Stretch]) -> tuple[Word, ...]:
    """The words of a narration, spread over the voiced stretches in which it is spoken. () where nothing is voiced."""
    words = written_words(narration)
    if not words or not stretches:
        return ()
    lengths = np.array([_length(word.text) for word in words])
    timed: list[Word] = []
    for stretch, (first, after) in zip(stretches, itertools.pairwise(_runs(words, lengths, stretches)), strict=True):
        run = np.concatenate(([0.0], np.cumsum(lengths[first:after])))
        times = stretch.start + (stretch.end - stretch.start) * run / max(run[-1], 1e-9)
        for word, start, end in zip(words[first:after], times[:-1].tolist(), times[1:].tolist(), strict=True):
            timed.append(Word(word.text, start, end, word.first, word.last))
    return tuple(timed)


def _runs(words: Sequence[Written], lengths: NDArray[np.float64], stretches: Sequence[Stretch]) -> list[int]:
    """The first word of each stretch, and the number of words.

    least[k][j] is what it costs at least to give the first j words to the first k stretches.
    """
    count = len(words)
    before = np.concatenate(([0.0], np.cumsum(lengths)))
    seconds = np.array([stretch.end - stretch.start for stretch in stretches])
    pace = seconds.sum() / before[-1]
    paused, unpaused = _stop_costs(words)
    stops_before = np.concatenate(([0.0], np.cumsum(unpaused)))
    expected = np.searchsorted(before, np.cumsum(seconds) / pace).clip(0, count)
    away = round(_AWAY_WORDS + _AWAY_SHARE * count)

    least, low = np.zeros(1), 0
    chosen: list[tuple[int, NDArray[np.intp]]] = []
    for index, length in enumerate(seconds):
        last = index == len(seconds) - 1
        first_after = count if last else max(0, int(expected[index]) - away)
        after = np.arange(first_after, min(count, int(expected[index]) + away) + 1)
        begin = np.arange(low, low + len(least))
        wanted = pace * (before[after][:, None] - before[begin][None, :])
        cost = ((length - wanted) / (_RELATIVE * np.maximum(wanted, 0) + _ABSOLUTE)) ** 2
        # Stops that are passed over without a pause: those of all words of the run but the last.
        inner = stops_before[np.maximum(after - 1, 0)][:, None] - stops_before[begin][None, :]
        cost += np.maximum(inner, 0) + np.where(after == count, 0, paused[np.maximum(after - 1, 0)])[:, None]
        cost = np.where(after[:, None] == begin[None, :], _EMPTY_STRETCH + _EMPTY_SECOND * length, cost)
        cost = np.where(after[:, None] < begin[None, :], np.inf, cost) + least[None, :]
        chosen.append((first_after, begin[np.argmin(cost, axis=1)]))
        least, low = cost.min(axis=1), first_after
    runs = [count]
    for first_after, begins in reversed(chosen):
        runs.append(int(begins[runs[-1] - first_after]))
    return runs[::-1]


def _stop_costs(words: Sequence[Written]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a pause after each word costs, and what none."""
    stops = [_STOP.search(word.text) is not None for word in words]
    commas = [_COMMA.search(word.text) is not None for word in words]
    paused = np.where(stops, 0.0, np.where(commas, _PAUSE_AFTER_COMMA, _PAUSE_ELSEWHERE))
    unpaused = np.where(stops, _NO_PAUSE_AFTER_STOP, np.where(commas, _NO_PAUSE_AFTER_COMMA, 0.0))
    return paused, unpaused


def _length(word: str) -> float:
    letters = sum(sign.isalnum() for sign in word)
    return _EACH_WORD + letters + sum((much - 1) * len(sign.findall(word)) for sign, much in _LENGTHS)
