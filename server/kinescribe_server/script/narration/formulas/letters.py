"""What the letters of a formula are: which ones are functions, and where a capital has to be told from a small one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from kinescribe_server.script.narration.formulas import words
from kinescribe_server.script.narration.formulas.nodes import is_in_brackets, items, parts_of, written
from kinescribe_server.script.narration.formulas.tree import Node, core, name, symbol

# What is applied to all that stands in brackets; any other letter, where that is one letter, a list or a statement.
_FUNCTIONS = frozenset("fgFOφϕψζΓσΘΦΨ")
# The base of natural logarithms and the sign of differentials are no variables.
_CONSTANTS = frozenset("ed")
_LISTING = frozenset(",;|∣‖∪∩")


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters that stand for functions, and the capitals whose small letters stand in like places."""

    functions: frozenset[str]
    capitals: frozenset[str]

    def said(self, node: Node) -> str:
        """A letter or a word by itself."""
        text = str(node["name"])
        if node.get("variant") == "double-struck" and text in words.SETS:
            return words.SETS[text]
        said = words.word(text) if len(text) > 1 else words.letter(text)
        return f"capital {said}" if text in self.capitals and "variant" not in node else said

    def is_applied(self, node: Node) -> bool:
        return name(node) in self.functions

    def applies(self, node: Node, following: Node) -> bool:
        """Whether a node is a function and what follows are its arguments."""
        if not name(node) or name(node) in words.FUNCTIONS or not is_in_brackets(following):
            return False
        return len(name(node)) > 1 or is_expectation(node, following) or (self.is_applied(node) and not _is_power(node))


def find_letters(whole: Sequence[Node]) -> Letters:
    places: dict[bool, set[str]] = {True: set(), False: set()}
    applied: set[str] = set()
    _collect(whole, False, places, applied)
    capitals = {letter for found in places.values() for letter in found if letter.lower() in found - {letter}}
    return Letters(_FUNCTIONS | applied, frozenset(capitals))


def is_expectation(node: Node, brackets: Node) -> bool:
    """Whether E stands for an expected value: as E[…], or double-struck."""
    return name(node) == "E" and (core(brackets)["open"] == "[" or core(node).get("variant") == "double-struck")


def _collect(nodes: Sequence[Node], lowered: bool, places: dict[bool, set[str]], applied: set[str]) -> None:
    for node, following in zip_longest(nodes, nodes[1:]):
        if node["type"] == "identifier" and "variant" not in node and node["name"] not in _CONSTANTS:
            places[lowered].add(str(node["name"]))
        if len(name(node)) == 1 and _is_argument(following) and not _is_power(node):
            applied.add(name(node))
        is_ranged = core(node)["type"] in {"large-operator", "function"}
        for key, part in parts_of(node):
            _collect(part, lowered or (key == "sub" and not is_ranged), places, applied)


def _is_argument(node: Node | None) -> bool:
    """Brackets with one letter or number in them, a list, or a statement."""
    if not node or not is_in_brackets(node):
        return False
    held = core(node)["items"]
    alone = len(held) == 1 and (name(held[0]) or held[0]["type"] in {"number", "text"})
    return bool(alone) or any(symbol(one) in _LISTING or symbol(one) in words.RELATIONS for one in held)


def _is_power(node: Node) -> bool:
    """Whether a letter has a power, and so is a number."""
    sup = node.get("sup") if node["type"] == "scripts" else None
    return sup is not None and not (
        written(sup) in {"−1", "∗", "*"} or "′" in written(sup) or all(map(is_in_brackets, items(sup)))
    )
