"""The terms of a formula in words, and how they are joined."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal

# A side of an equation of more words ends with a pause.
_LONG_SIDE = 10
# What joins two statements.
_JOINS = frozenset(["implies", "if and only if", "and", "or"])
_STATES = re.compile(r"\bequals\b|\bis\b(?! (?:a|no)\b)")
_TIDIED = (
    (re.compile(r"(?:,| plus| times)? and so on,? (?=(?:plus|times) )"), ", and so on, "),
    (re.compile(r", and so on, (?!plus |times )"), " up to "),
    (re.compile(r"\bdegrees C\b"), "degrees Celsius"),
    (re.compile(r"\bdegrees F\b"), "degrees Fahrenheit"),
    (re.compile(r"\s+(?=[,;:])"), ""),
    (re.compile(r",(?=[,;:])"), ""),
)


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a formula in words. Two operands in a row are multiplied, which is said if one of them is `heavy`; a
    pause follows an `open` one, to which what follows would seem to belong. A prefix belongs to the operand that
    follows, and what is `behind` to the one before."""

    text: str
    kind: Literal["operand", "prefix", "behind", "operator", "relation", "pause", "text"] = "operand"
    heavy: bool = False
    open: bool = False


def behind(term: Term, said: str) -> Term:
    """A term with a sign that stands behind it: "n factorial"."""
    return replace(term, text=f"{term.text}{',' if term.open else ''} {said}", heavy=True)


def joined(terms: Sequence[Term], *, side: bool = False) -> str:
    """The words of terms. On a `side` of an equation a pause stands before a product, too; within brackets it would
    seem to end them."""
    said, stated, is_stated = "", "", False
    before: Term | None = None
    for place, given in enumerate(terms):
        goes_on = given.kind == "relation" and is_stated and _STATES.match(given.text)
        term = replace(given, text=f"which {given.text}") if goes_on else given
        between = "" if before is None or term.kind == "pause" else _between(before, term, stated)
        if (
            side
            and before
            and before.kind == "operand"
            and term.text in {"plus", "minus"}
            and _is_product(terms[place + 1 :])
        ):
            between = ", "
        stated = "" if term.kind == "relation" else stated + between + term.text
        is_stated = term.kind != "pause" and (is_stated or term.kind == "relation") and term.text not in _JOINS
        said += between + term.text
        before = term
    for pattern, replacement in _TIDIED:
        said = pattern.sub(replacement, said)
    return " ".join(said.split()).strip(" ,;")


def _is_product(terms: Sequence[Term]) -> bool:
    """Whether terms begin with a product that is said with "times": "eta times the gradient"."""
    factors = list(takewhile(lambda term: term.kind in {"operand", "prefix"}, terms))
    return len(factors) > 1 and any(term.heavy or term.kind == "prefix" for term in factors[1:])


def _between(before: Term, term: Term, stated: str) -> str:
    if before.kind == "operand" and term.kind in {"operand", "prefix"}:
        if before.open:
            return ", times "
        return " times " if before.heavy or term.heavy or term.kind == "prefix" else " "
    if term.kind == "relation" and (
        term.text.startswith("which ") or _STATES.search(stated) or len(stated.split()) > _LONG_SIDE
    ):
        return ", "
    if term.kind == "text" and before.text.startswith(", "):
        return ", "
    return ", " if before.open and term.kind in {"operator", "text"} else " "
