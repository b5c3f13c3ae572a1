"""The tree of a formula as a reader sees it: brackets and bars with what they hold, words of upright letters, units.

mathra's tree has brackets as single signs, because they need not be balanced, and upright words letter by letter.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from kinescribe_server.script.narration.formulas.tree import Node, core, flat, name, symbol
from kinescribe_server.script.narration.formulas.units import say_unit
from kinescribe_server.script.narration.formulas.words import VECTOR_ACCENTS

# A space of this width separates statements ("\\quad").
_WIDE_EM = 1.0
_BARS = {"|", "‖", "∥"}
_SIMPLE = {"number", "identifier", "word", "fraction", "root", "accent", "bar"}
_INTEGRALS = set("∫∬∭∮∯")
_DIGITS = re.compile(r"\d{3}")


def group(opening: str, items: Sequence[Node], closing: str) -> Node:
    """Brackets and what is in them."""
    return {"type": "group", "open": opening, "close": closing, "items": list(items)}


def items(node: Node) -> list[Node]:
    """What stands in a node one after the other."""
    return _grouped(_joined_words(flat(node)))


def is_in_brackets(node: Node) -> bool:
    """Whether a node is round or square brackets (with scripts or without) and what is in them."""
    base = core(node)
    return base["type"] == "group" and base["open"] in {"(", "["} and base["close"] in {")", "]"}


def written(node: Node | None) -> str:
    """The signs of a simple node as they are written, "" for one that is not simple."""
    found = items(node) if node else []
    signs = [str(one.get("symbol", one.get("value", one.get("name", "")))) for one in found]
    return "".join(signs) if all(signs) and all(one["type"] != "scripts" for one in found) else ""


def parts_of(node: Node) -> Iterator[tuple[str, list[Node]]]:
    """The rows inside a node, and what they are to it ("sub", "num")."""
    if node["type"] == "group":
        yield "items", node["items"]
    for key, part in node.items():
        if key == "rows":
            yield from (("cell", items(cell)) for row in part for cell in row)
        elif isinstance(part, Mapping):
            yield key, items(part)


def split(nodes: Sequence[Node], signs: str = ",") -> list[list[Node]]:
    """The nodes between signs."""
    parts: list[list[Node]] = [[]]
    for node in nodes:
        if symbol(node) and symbol(node) in signs:
            parts.append([])
        else:
            parts[-1].append(node)
    return [part for part in parts if part]


def is_sum(nodes: Sequence[Node]) -> bool:
    return any(symbol(node) in {"+", "−", "±", "∓"} for node in nodes[1:])


def is_simple(node: Node) -> bool:
    base = core(node)
    return base["type"] in _SIMPLE


def is_fraction(node: Node) -> bool:
    """Whether a node divides, as a fraction or as a sign."""
    return node["type"] == "fraction" or symbol(node) == "/"


def is_matrix(node: Node) -> bool:
    """Whether a node has an inverse, and not a reciprocal: its letters are capitals."""
    return any(name(one).isupper() for one in (node["items"] if node["type"] == "group" else [node]))


def is_vector(node: Node) -> bool:
    """Whether a node is a vector or the operator nabla."""
    base = core(node)
    is_bold = str(base.get("variant", "")).startswith("bold")
    return is_bold or base.get("accent") in VECTOR_ACCENTS or symbol(base) == "∇"


def is_integral(node: Node) -> bool:
    base = core(node)
    return str(base.get("symbol", "")) in _INTEGRALS


def _delimited(node: Node) -> Node:
    inside = flat(node["parts"][0])
    for bar, part in zip(node.get("middles", ()), node["parts"][1:], strict=True):
        inside += [{"type": "operator", "class": "rel", "symbol": bar}, *flat(part)]
    return group(node.get("open", ""), _grouped(_joined_words(inside)), node.get("close", ""))


def _joined_words(nodes: Sequence[Node]) -> list[Node]:
    """Upright letters as words, units behind a number as units, and digits in groups of three as one number."""
    found: list[Node] = []
    place = 0
    while place < len(nodes):
        node = nodes[place]
        unit, end = say_unit(nodes, place) if _is_amount(found) else ("", place)
        if unit:
            found.append({"type": "unit-phrase", "name": unit})
            place = end
        elif _is_upright(node):
            word = ""
            while place < len(nodes) and _is_upright(nodes[place]):
                word += nodes[place]["name"]
                place += 1
            found.append({"type": "word", "name": word} if len(word) > 1 else node)
        elif node["type"] == "number" and len(found) > 1 and _goes_on(found, node):
            found.pop()
            found.append({"type": "number", "value": f"{found.pop()['value']},{node['value']}"})
            place += 1
        else:
            if node["type"] != "space":
                found.append(node)
            elif node["em"] >= _WIDE_EM and found:
                found.append({"type": "operator", "class": "punct", "symbol": ","})
            place += 1
    return found


def _is_upright(node: Node) -> bool:
    return node["type"] == "identifier" and node.get("variant") == "upright" and str(node["name"]).isascii()


def _is_amount(before: Sequence[Node]) -> bool:
    """Whether units may follow: after 3 and after 10^8."""
    last = before[-1] if before else None
    return last is not None and core(last)["type"] == "number" and written(last.get("sup")) != "∘"


def _goes_on(before: Sequence[Node], node: Node) -> bool:
    """Whether a number goes on behind a comma: 1{,}000."""
    comma, number = before[-1], before[-2]
    return (
        comma.get("class") == "ord"
        and symbol(comma) == ","
        and number["type"] == "number"
        and _DIGITS.fullmatch(str(node["value"])) is not None
    )


def _grouped(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with what stands between brackets, and between a pair of bars, in groups."""
    levels: list[tuple[str, list[Node]]] = [("", [])]
    for given in nodes:
        node = _with_base(given, _delimited(core(given))) if core(given)["type"] == "delimited" else given
        sign = core(node)
        if symbol(sign) and sign["class"] == "open" and sign is node:
            levels.append((symbol(sign), []))
        elif symbol(sign) == "⟩" and len(levels) == 1 and (start := _last_bar(levels[-1][1])) >= 0:
            held = group("|", levels[-1][1][start + 1 :], "⟩")
            levels[-1][1][start:] = [_with_base(node, held)]
        elif symbol(sign) and sign["class"] == "close" and symbol(sign) != "!" and len(levels) > 1:
            opening, inside = levels.pop()
            levels[-1][1].append(_with_base(node, group(opening, _barred(inside), symbol(sign))))
        else:
            levels[-1][1].append(node)
    while len(levels) > 1:  # a bracket that nothing closes holds nothing
        _, inside = levels.pop()
        levels[-1][1].extend(inside)
    return _barred(levels[0][1])


def _barred(nodes: Sequence[Node]) -> list[Node]:
    """A pair of bars is an absolute value or a norm; a single one stays as it is."""
    found: list[Node] = []
    opened: dict[str, int] = {}
    places = [place for place, node in enumerate(nodes) if _bar(node) == "|"]
    if len(places) == 2 and places[1] == places[0] + 1:  # "p || q"
        both = {**nodes[places[0]], "symbol": "‖"}
        return [*nodes[: places[0]], both, *nodes[places[1] + 1 :]]
    left = {bar: sum(_bar(node) == bar for node in nodes) for bar in _BARS}
    for node in nodes:
        bar = _bar(node)
        if bar and bar in opened:
            start = opened.pop(bar)
            held = group(bar, found[start + 1 :], bar)
            del found[start:]
            found.append(_with_base(node, held))
        else:
            if bar and left[bar] > 1 and node["type"] == "operator":
                opened[bar] = len(found)
            found.append(node)
        if bar:
            left[bar] -= 1
    return found


def _last_bar(nodes: Sequence[Node]) -> int:
    return max((place for place, node in enumerate(nodes) if _bar(node) == "|"), default=-1)


def _bar(node: Node) -> str:
    sign = core(node)
    return symbol(sign) if symbol(sign) in _BARS and sign["class"] == "ord" else ""


def _with_base(node: Node, base: Node) -> Node:
    """A bracket's scripts are those of what it closes."""
    return {**node, "base": base} if node["type"] == "scripts" else base
