"""Sentences, and how long it takes to say them."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sentencex import segment

from kinescribe_server.script.text import Text

WORDS_PER_SECOND = 2.4
# A scene says about 5 to 30 seconds: 12 to 72 words.
MIN_WORDS = 12
MAX_WORDS = 72
# A sentence of more characters is cut whatever its words are, so that no narration comes near the limit of 5,000.
_MAX_CHARACTERS = 900

_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0e7f]")
_CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+|(?<=[、，；：])")
_SENTENCE_END = re.compile(r"[.!?:;…。！？；：]['\"”’»)\]]*$")

T = TypeVar("T")


def count_words(text: str) -> float:
    """How many words it takes to say a text. Scripts without spaces count two signs as a word (they are spoken at
    about five signs a second)."""
    wide = len(_WIDE.findall(text))
    if wide:
        text = _WIDE.sub(" ", text)
    return wide / 2 + sum(any(map(str.isalnum, word)) for word in text.split())


def split_sentences(text: Text, language: str) -> list[Text]:
    """The sentences of a text; one that is too long to be said in a scene is cut further, at clauses or words."""
    sentences = (sentence.strip() for sentence in segment(language or "en", text.marked))
    return [text.part(piece) for sentence in sentences if sentence for piece in _fitted(sentence)]


def closed(said: str) -> str:
    """A sentence with a sign at its end, so that the voice falls there."""
    said = said.strip()
    return said if not said or _SENTENCE_END.search(said) else said.rstrip(" ,–—-") + "."


def balanced(items: Sequence[T], weigh: Callable[[T], float], limit: float = MAX_WORDS) -> list[list[T]]:
    """Cuts a sequence into as few runs as the limit allows, of about equal weight. A single item may be over it."""
    total = sum(weigh(item) for item in items)
    target = total / max(1, math.ceil(total / limit))
    groups: list[list[T]] = []
    filled = 0.0
    for item in items:
        weight = weigh(item)
        # An item joins the group if that leaves the group nearer to its target, and within the limit.
        if groups and filled + weight / 2 <= target and filled + weight <= limit:
            groups[-1].append(item)
            filled += weight
        else:
            groups.append([item])
            filled = weight
    return groups


def _fitted(sentence: str) -> Iterable[str]:
    if count_words(sentence) <= MAX_WORDS and len(sentence) <= _MAX_CHARACTERS:
        return [sentence]
    clauses = [piece for clause in _CLAUSE_END.split(sentence) for piece in _word_runs(clause)]
    return (" ".join(run) for run in _packed(clauses))


def _word_runs(clause: str) -> list[str]:
    """A clause in pieces short enough to be said in one scene."""
    if count_words(clause) <= MAX_WORDS and len(clause) <= _MAX_CHARACTERS:
        return [clause]
    if _WIDE.search(clause):
        size = MAX_WORDS
        return [clause[start : start + size] for start in range(0, len(clause), size)]
    words = [
        word[start : start + _MAX_CHARACTERS]
        for word in clause.split()
        for start in range(0, len(word), _MAX_CHARACTERS)
    ]
    return [" ".join(run) for run in _packed(words)]


def _packed(pieces: Sequence[str]) -> list[list[str]]:
    """Runs of pieces, each within the words and characters of one scene."""
    runs: list[list[str]] = []
    words, characters = 0.0, 0
    for piece in pieces:
        weight = count_words(piece)
        if runs and words + weight <= MAX_WORDS and characters + len(piece) < _MAX_CHARACTERS:
            runs[-1].append(piece)
            words, characters = words + weight, characters + len(piece) + 1
        else:
            runs.append([piece])
            words, characters = weight, len(piece)
    return runs
