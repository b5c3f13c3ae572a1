"""What brackets and tables say."""

from collections.abc import Sequence
from typing import Protocol

from kinescribe_server.script.narration.formulas import words
from kinescribe_server.script.narration.formulas.nodes import is_sum, is_vector, items, split
from kinescribe_server.script.narration.formulas.shapes import say_cases, say_lines, say_matrix
from kinescribe_server.script.narration.formulas.terms import Term
from kinescribe_server.script.narration.formulas.tree import Node, core, symbol
from kinescribe_server.script.narration.phrases import listed


class Say(Protocol):
    """Puts a row into words. On a `side` of an equation a fraction may be "all over"; `inner` statements are short;
    `bar` is what a single one means."""

    def __call__(
        self, nodes: Sequence[Node], *, side: bool = False, inner: bool = False, bar: str = "divides"
    ) -> str: ...


def say_group(node: Node, say: Say) -> Term:  # noqa: PLR0911 -- one for each kind
    """The term of brackets and of what is in them."""
    inside, opening, closing = node["items"], node["open"], node["close"]
    parts = split(inside)
    if opening in words.BRACKETS and closing != "⟩":
        kind = "the magnitude" if opening == "|" and inside and is_vector(inside[0]) else words.BRACKETS[opening]
        return _long(f"{kind} of {say(inside)}")
    if closing == "⟩" and opening == "|":
        return Term(f"ket {say(inside)}")
    if opening == "⟨" and closing == "|":
        return Term(f"bra {say(inside)}")
    if opening == "⟨":
        both = [say(part) for part in split(inside, "|∣,")]
        return _long(f"the {'inner product' if len(both) > 1 else 'average'} of {listed(both or ['nothing'])}")
    if len(inside) == 1 and inside[0]["type"] == "table":
        return say_table(inside[0], say)
    if opening == "{" and not is_sum(inside):
        return _set(inside, say)
    if len(parts) == 2 and {opening, closing} & {"[", "]"}:
        return _long(f"the interval from {say(parts[0])} to {say(parts[1])}")
    if len(parts) > 1:
        return _long(", ".join(say(part) for part in parts))
    if is_concentration(node):
        return _long(f"the concentration of {say(inside)}")
    if is_sum(inside):
        return quantity(inside, say)
    return Term(say(inside, bar="given"), heavy=True, open=_is_long(inside))


def is_concentration(node: Node) -> bool:
    """Whether square brackets hold a substance: its letters are upright."""
    held = node["items"] if node["type"] == "group" and node["open"] == "[" else []
    return bool(held) and (core(held[0])["type"] == "word" or core(held[0]).get("variant") == "upright")


def quantity(inside: Sequence[Node], say: Say) -> Term:
    """What stands in brackets, so that its beginning and its end are heard."""
    if len(inside) <= 1 or (len(inside) == 2 and symbol(inside[0]) == "−"):
        return Term(say(inside), heavy=True, open=len(inside) > 1 or _is_long(inside))
    return _long(f"the quantity {say(inside)}")


def say_table(node: Node, say: Say) -> Term:
    """The term of what stands in rows."""
    cells = [[items(cell) for cell in row] for row in node["rows"]]
    shape = str(node["shape"])
    if shape == "substack":
        return _long(", ".join(say(cell, inner=True) for row in cells for cell in row))
    if shape == "cases":
        return _long(say_cases([[say(cell) for cell in row] for row in cells]))
    if "matrix" in shape:
        return _long(say_matrix([[say(cell) for cell in row] for row in cells], is_determinant=shape[0] in "vV"))
    if shape == "array" and not any(len(cell) == 1 and symbol(cell[0]) for row in cells for cell in row):
        return _long(say_lines([", ".join(filter(None, map(say, row))) for row in cells]))
    return _long(say_lines([say([item for cell in row for item in cell], side=True) for row in cells]))


def _set(inside: Sequence[Node], say: Say) -> Term:
    of, *such = split(inside, "|∣:") or [[]]
    members = listed([say(part, inner=True) for part in split(of)] or ["nothing"])
    return _long(f"the set of {members}" + "".join(f" such that {say(part)}" for part in such))


def _is_long(inside: Sequence[Node]) -> bool:
    return len(inside) == 1 and inside[0]["type"] not in {"number", "identifier"}


def _long(said: str) -> Term:
    return Term(said, heavy=True, open=True)
