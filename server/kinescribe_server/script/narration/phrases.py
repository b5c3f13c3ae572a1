"""Small joints of English sentences."""

import re
from collections.abc import Sequence

# A word after which a capitalised first word is no name: "Compute the loss", "Start with a guess".
_PLAIN_SECOND = frozenset(
    "a an the with on to of in is for by from at into it its this that all each and or as".split()
)
# What the last station of a diagram is often called.
_PLAIN_ALONE = frozenset("done end stop finish finished start exit yes no ok success failure error retry".split())
_PLAIN_FIRST = frozenset("a an the with without on to of in for by from at plain no all each per number".split())


def listed(words: Sequence[str], joint: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"


def uncapitalised(phrase: str) -> str:
    """A phrase for the middle of a sentence: a small first letter, unless the first word may be a name."""
    first, *rest = phrase.split() or [""]
    if not rest and first.lower() in _PLAIN_ALONE:
        return first.lower()
    plain = bool(rest) and (first.lower() in _PLAIN_FIRST or rest[0] in _PLAIN_SECOND)
    if plain and re.fullmatch(r"[A-Z][a-z]*", first):
        return phrase[:1].lower() + phrase[1:]
    return phrase


def plural(noun: str) -> str:
    """The plural of a regular English noun."""
    if re.search(r"(?:s|x|ch|sh)$", noun):
        return noun if noun.endswith("s") else noun + "es"
    return re.sub(r"([^aeiou])y$", r"\1ie", noun) + "s"
