"""Sentences, and how long it takes to say them."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

from sentencex import segment

from kinescribe_server.script.text import Text

WORDS_PER_SECOND = 2.6
# A scene says 5 to 30 seconds: 13 to 78 words, with some room for the pauses between long sentences.
MIN_WORDS = 13
MAX_WORDS = 74
# By how much the pieces of a long sentence may be longer than equal ones, so that they end with a clause.
_CLAUSE_WORDS = 6
# A sentence of more characters is cut whatever its words are, so that no narration comes near the limit of 5,000.
_MAX_CHARACTERS = 900

# sentencex takes time with the square of a text without spaces: 5 s for 200,000 characters at once, 0.3 s in runs.
_SEGMENTED = 10_000

_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0e7f]")
# What is spoken of a word: a letter, a digit, or the mark of an atom.
_SPOKEN = re.compile("[^\\W_]|[\U000f0000-\U0010ffff]")
# A run of more signs is no word of a language; it is spoken in pieces.
_LONG_WORD = 24
# A sentence is weighed for its paragraph, its slide, its shot and its scene. With this limit, what is remembered takes
# 11 MB at the worst and 1 MB for most texts.
_REMEMBERED_CHARACTERS = 300
_CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+|(?<=[、，；：])")
_SENTENCE_END = re.compile(r"[.!?:;…。！？；：]['\"”’»)\]]*$")

T = TypeVar("T")


def count_words(text: str) -> float:
    """How many words it takes to say a text. Scripts without spaces count two signs as a word (they are spoken at
    about five signs a second)."""
    return _count_words(text) if len(text) <= _REMEMBERED_CHARACTERS else _count_words.__wrapped__(text)


@lru_cache(maxsize=8_192)
def _count_words(text: str) -> float:
    wide = 0 if text.isascii() else len(_WIDE.findall(text))
    if wide:
        text = _WIDE.sub(" ", text)
    words = list(filter(_SPOKEN.search, text.split()))
    longest = max(map(len, words), default=0)
    if longest < 2 * _LONG_WORD:
        return wide / 2 + len(words)
    return wide / 2 + sum(max(1, len(word) // _LONG_WORD) for word in words)


def fitted(sentence: str) -> list[str]:
    """A sentence in as few pieces as can be said in one scene each, cut at clauses or words."""
    if _fits(sentence):
        return [sentence]
    # About equal pieces: a tail of three words would be a scene of one second.
    words = count_words(sentence)
    most = min(MAX_WORDS, words / math.ceil(words / MAX_WORDS) + _CLAUSE_WORDS) if words else MAX_WORDS
    clauses = [piece for clause in _CLAUSE_END.split(sentence) for piece in _word_runs(clause, most)]
    return [" ".join(run) for run in _packed(clauses, most)]


def split_sentences(text: Text, language: str) -> list[Text]:
    """The sentences of a text; one that is too long to be said in a scene is cut further, at clauses or words."""
    sentences = (sentence.strip() for run in _runs(text.marked) for sentence in segment(language or "en", run))
    return [text.part(piece) for sentence in sentences if sentence for piece in fitted(sentence)]


def _runs(marked: str) -> Iterator[str]:
    """A text in runs that end with a sentence, or at least a word."""
    start = 0
    while len(marked) - start > _SEGMENTED:
        run = marked[start : start + _SEGMENTED]
        cut = max(run.rfind(". "), run.rfind("。")) + 1 or run.rfind(" ") + 1 or len(run)
        yield run[:cut]
        start += cut
    yield marked[start:]


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


def _fits(piece: str, most: float = MAX_WORDS) -> bool:
    return len(piece) <= _MAX_CHARACTERS and count_words(piece) <= most


def _word_runs(clause: str, most: float) -> list[str]:
    """A clause in pieces short enough to be said in one scene."""
    if _fits(clause, most):
        return [clause]
    if _WIDE.search(clause):
        size = MAX_WORDS
        return [clause[start : start + size] for start in range(0, len(clause), size)]
    words = [
        word[start : start + _LONG_WORD * 3] for word in clause.split() for start in range(0, len(word), _LONG_WORD * 3)
    ]
    return [" ".join(run) for run in _packed(words, most)]


def _packed(pieces: Sequence[str], most: float) -> list[list[str]]:
    """Runs of pieces, each within the words and characters of one scene."""
    runs: list[list[str]] = []
    words, characters = 0.0, 0
    for piece in pieces:
        weight = count_words(piece)
        if runs and words + weight <= most and characters + len(piece) < _MAX_CHARACTERS:
            runs[-1].append(piece)
            words, characters = words + weight, characters + len(piece) + 1
        else:
            runs.append([piece])
            words, characters = weight, len(piece)
    return runs
