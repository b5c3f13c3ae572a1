"""What the signs of a formula mean where they stand."""

from collections.abc import Sequence

from kinescribe_server.script.narration.formulas import words
from kinescribe_server.script.narration.formulas.nodes import is_vector
from kinescribe_server.script.narration.formulas.terms import Term
from kinescribe_server.script.narration.formulas.tree import Node, name, symbol

TIMES = frozenset("·⋅×")
_QUANTIFIERS = frozenset("∀∃∄")


class UnsayableError(Exception):
    """A formula has a part that there are no words for."""


def say_sign(  # noqa: PLR0911, PLR0912 -- one for each sign
    nodes: Sequence[Node], place: int, *, inner: bool, bar: str, chemical: bool
) -> tuple[Term, int]:
    """The term of a sign, and how many nodes it takes. In an `inner` statement the "is" is left out."""
    sign, following = symbol(nodes[place]), symbol(nodes[place + 1]) if place + 1 < len(nodes) else ""
    match sign:
        case ":" if following == "=":
            return Term("is defined as", "relation"), 2
        case ":" if any(symbol(node) == "→" for node in nodes[place:]):
            return Term("from", "operator"), 1
        case "→" if any(symbol(node) == ":" for node in nodes[:place]):
            return Term("to", "operator"), 1
        case "→" if chemical:
            return Term("gives", "relation"), 1
        case ":" if any(symbol(node) in _QUANTIFIERS for node in nodes[:place]):
            return Term("such that", "text"), 1
        case ":" if _is_ratio(nodes, place):
            return Term("to", "operator"), 1
        case ":":
            return (Term("to", "operator") if inner else Term(":", "pause")), 1
        case "," | ";":
            return Term(sign, "pause"), 1
        case "|" | "∣":
            return Term(bar, "relation"), 1
        case "‖" | "∥" if bar == "given":
            return Term("relative to", "relation"), 1
        case "∼" if inner:
            return Term("drawn from", "relation"), 1
        case _ if sign in TIMES and 0 < place < len(nodes) - 1:
            last = place + 2 if name(nodes[place + 1]) == "d" and place + 2 < len(nodes) else place + 1
            if is_vector(nodes[place - 1]) and is_vector(nodes[last]):
                return Term("cross" if sign == "×" else "dot", "operator"), 1
            return Term("by" if inner and sign == "×" else "times", "operator"), 1
    if sign in words.RELATIONS and not (len(nodes) == 1 and sign in words.SIGNS):
        quantified = any(symbol(node) in _QUANTIFIERS for node in nodes[max(0, place - 2) : place])
        said = words.RELATIONS[sign]
        return Term(said.removeprefix("is ") if inner or quantified else said, "relation"), 1
    if sign in words.OPERATORS:
        return Term(words.OPERATORS[sign], "operator"), 1
    if sign in words.SIGNS:
        return Term(words.SIGNS[sign], "text" if sign in _QUANTIFIERS else "operand"), 1
    raise UnsayableError(sign)


def _is_ratio(nodes: Sequence[Node], place: int) -> bool:
    around = nodes[max(0, place - 1) : place + 2]
    return len(around) == 3 and around[0]["type"] == around[2]["type"] == "number"
