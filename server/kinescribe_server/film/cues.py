"""When each state of a visual appears: as its words are spoken.

A cue is the text that a state adds. It is looked for among the spoken words, without regard to case, punctuation and
how words are joined, and a narration that says it a little differently is still found. All cues are placed together and
in order, so that a chance match cannot keep the cues after it from their places.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence

from kinescribe_server.film.timing import STATE_SECONDS
from kinescribe_server.speech.protocol import Word

# A cue may be a long sentence; its beginning tells where it starts.
_CUE_TOKENS = 6
# What a list puts before an item: "2.", "1.2.", "(b)", "•". Narrations say "second" instead, or nothing.
_ITEM_MARK = re.compile(r"^\s*(?:[-*•‣–]\s+|\(?(?:\d{1,3}|[A-Za-z])(?:\.\d{1,3})*[.)]\s+)+")
_APOSTROPHES = re.compile(r"['’]")
# Letters and digits; in scripts without spaces each character is a token.
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")

# What a difference costs, in words. A third of a cue's words may differ.
_OTHER_WORD = 1.0
_OTHER_FORM = 0.3
_ALLOWED = 1 / 3
# Two words are forms of one if they differ in no more than the last letter of the shorter and an ending of the longer
# (cache, caching; query, queries), but not data and database.
_STEM_LETTERS = 3
_ENDING_LETTERS = 3


def appearances(cues: Sequence[str], words: Sequence[Word], spoken: tuple[float, float], end: float) -> list[float]:
    """The second at which each state appears; the first at 0.

    `words` have times from the clip's start, `spoken` is when the speech starts and ends, `end` is how long the clip
    is. A state whose cue is not found is spread evenly between its neighbours. Times strictly increase, and every state
    lasts STATE_SECONDS, or its equal share of a clip that is too short for that.
    """
    places = _places([_tokens(_ITEM_MARK.sub("", cue))[:_CUE_TOKENS] for cue in cues], words)
    times = [None if place is None else words[place].start for place in places]
    return _apart(_filled([0.0, *times[1:]], spoken), end)


def _places(cues: Sequence[Sequence[str]], words: Sequence[Word]) -> list[int | None]:
    """For each cue the index of the word with which it begins, increasing, such that as much as possible is found.

    most[i][p] is how much of cue i and those after it can be found from token p on.
    """
    spoken = [(token, index) for index, word in enumerate(words) for token in _tokens(word.text)]
    tokens = [token for token, _ in spoken]
    found = [[_likeness(cue, tokens, start) for start in range(len(tokens))] for cue in cues]
    most = [[0.0] * (len(tokens) + 2) for _ in range(len(cues) + 1)]

    def placed_at(cue: int, token: int) -> float:
        return found[cue][token] + most[cue + 1][token + 1] if found[cue][token] else 0.0

    for cue in reversed(range(len(cues))):
        for token in reversed(range(len(tokens))):
            most[cue][token] = max(placed_at(cue, token), most[cue][token + 1], most[cue + 1][token])

    places: list[int | None] = []
    first = 0
    for cue in range(len(cues)):
        best = most[cue][first]
        place = next((token for token in range(first, len(tokens)) if best and placed_at(cue, token) == best), None)
        places.append(None if place is None else spoken[place][1])
        first = first if place is None else place + 1
    return places


def _likeness(cue: Sequence[str], tokens: Sequence[str], start: int) -> float:
    """How well a cue fits the tokens from `start` on: 1 for the same words, 0 for too many others."""
    heads = zip(cue[:2], tokens[start : start + 2], strict=False)
    if not any(_alike(*head) for head in heads):  # nearly every place ends here
        return 0.0
    window = tuple(tokens[start : start + len(cue) + 2])
    difference = _difference(tuple(cue), window) / len(cue)
    return 0.0 if difference > _ALLOWED else 1 - difference


def _difference(cue: tuple[str, ...], tokens: tuple[str, ...]) -> float:
    """The least cost of turning the cue into a beginning of the tokens (an edit distance that knows joined words)."""

    @functools.cache
    def cost(i: int, j: int) -> float:
        if i == len(cue):
            return 0.0
        if j == len(tokens):
            return _OTHER_WORD * (len(cue) - i)
        costs = [
            _substitution(cue[i], tokens[j]) + cost(i + 1, j + 1),
            _OTHER_WORD + cost(i + 1, j),
            _OTHER_WORD + cost(i, j + 1),
        ]
        if i + 1 < len(cue) and cue[i] + cue[i + 1] == tokens[j]:
            costs.append(cost(i + 2, j + 1))
        if j + 1 < len(tokens) and cue[i] == tokens[j] + tokens[j + 1]:
            costs.append(cost(i + 1, j + 2))
        return min(costs)

    return cost(0, 0)


def _substitution(one: str, other: str) -> float:
    if one == other:
        return 0.0
    return _OTHER_FORM if _same_stem(one, other) else _OTHER_WORD


def _alike(one: str, other: str) -> bool:
    """The same word, a form of it, or a part of a joined one."""
    return one.startswith(other) or other.startswith(one) or _same_stem(one, other)


def _same_stem(one: str, other: str) -> bool:
    shared = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    shorter, longer = sorted((len(one), len(other)))
    return shared >= max(_STEM_LETTERS, shorter - 1) and longer - shared <= _ENDING_LETTERS


def _tokens(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", _APOSTROPHES.sub("", text)).casefold()
    return _TOKEN.findall(plain)


def _filled(times: Sequence[float | None], spoken: tuple[float, float]) -> list[float]:
    """Spreads unknown times evenly between their known neighbours; after the last one, to the end of the speech."""
    filled: list[float] = []
    for index, time in enumerate(times):
        if time is not None:
            filled.append(time)
            continue
        after = next((later for later in range(index, len(times)) if times[later] is not None), len(times))
        until = times[after] if after < len(times) else None
        # The clip's lead-in is no time for a state to pass in.
        since = max(filled[-1], spoken[0])
        until = max(since, spoken[1] if until is None else until)
        filled.append(since + (until - since) / (after - index + 1))
    return filled


def _apart(times: Sequence[float], end: float) -> list[float]:
    """Moves times so that every state lasts long enough: later ones later, then back from the end."""
    least = min(STATE_SECONDS, end / len(times))
    apart: list[float] = []
    for time in times:
        apart.append(max(time, apart[-1] + least) if apart else time)
    latest = end
    for index in reversed(range(1, len(apart))):
        latest = min(apart[index], latest - least)
        apart[index] = latest
    return apart
