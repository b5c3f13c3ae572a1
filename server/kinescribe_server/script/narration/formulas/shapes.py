"""Parts of formulas that mean more than their signs: derivatives, cases, matrices, lines of equations."""

from collections.abc import Sequence
from dataclasses import dataclass

from kinescribe_server.script.narration.formulas.nodes import written
from kinescribe_server.script.narration.formulas.tree import Node, core, name, symbol

# Who hears more has forgotten the first.
_MOST_ENTRIES = 9
_CONDITION_WORDS = ("if ", "for ", "when ", "otherwise", "else", "where ", "on ", "in ")


@dataclass(frozen=True, slots=True)
class Derivative:
    """Of what (nothing for a bare operator), by which variables, how many times ("" for once)."""

    of: Sequence[Node]
    by: Sequence[Sequence[Node]]
    order: str
    partial: bool


def derivative(above: Sequence[Node], below: Sequence[Node]) -> Derivative | None:
    """The derivative that a fraction stands for, if it does."""
    sign = _differential(above[0]) if above else ""
    if not sign or not below or _differential(below[0]) != sign:
        return None
    by: list[list[Node]] = []
    for node in below:
        if _differential(node) == sign:
            by.append([])
        else:  # the power of "d x squared" is the order
            by[-1].append(node["base"] if node["type"] == "scripts" and "sub" not in node else node)
    if not all(by):
        return None
    return Derivative(above[1:], by, written(above[0].get("sup")), partial=sign == "∂")


def say_cases(rows: Sequence[Sequence[str]]) -> str:
    """'n over 2, if n is even; or 3 n plus 1, if n is odd'."""
    said = []
    for value, *rest in rows:
        condition = " ".join(filter(None, rest))
        if condition and not condition.startswith(_CONDITION_WORDS):
            condition = f"if {condition}"
        said.append(", ".join(filter(None, (value, condition))))
    return "; or ".join(filter(None, said))


def say_matrix(rows: Sequence[Sequence[str]], *, is_determinant: bool) -> str:
    """'the 2 by 2 matrix with the rows a, b; and c, d', 'the vector x, y'."""
    height, width = len(rows), max(map(len, rows), default=0)
    kind = "vector" if 1 in {height, width} else f"{height} by {width} {'determinant' if is_determinant else 'matrix'}"
    if any("and so on" in cell for row in rows for cell in row):
        return "a matrix"
    if height * width > _MOST_ENTRIES:
        return f"a {kind}"
    if kind.endswith("vector"):
        return f"the vector {', '.join(cell for row in rows for cell in row)}"
    return f"the {kind} with the rows {'; and '.join(', '.join(row) for row in rows)}"


def say_lines(lines: Sequence[str]) -> str:
    """Equations one below the other; one without a left side goes on from the line before."""
    first, *others = list(filter(None, lines)) or [""]
    if all(line.startswith(("plus ", "times ")) for line in others):
        return ", ".join([first, *others])
    return "; ".join([first, *(f"which {line}" if line.startswith(("equals", "is ")) else line for line in others)])


def _differential(node: Node) -> str:
    base = core(node) if "sub" not in node else node
    if symbol(base) == "∂":
        return "∂"
    return "d" if base["type"] == "identifier" and name(base) == "d" else ""
