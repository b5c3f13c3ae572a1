"""Units behind a number, as they are said: "meters per second squared"."""

from collections.abc import Sequence

from kinescribe_server.script.narration.formulas.tree import Node, flat, symbol
from kinescribe_server.script.narration.formulas.words import UNITS


def say_unit(nodes: Sequence[Node], start: int) -> tuple[str, int]:
    """("meters per second squared", where it ends) for units from a place on; ("", start) if there are none."""
    said: list[str] = []
    per = False
    place = end = start
    while place < len(nodes):
        if nodes[place]["type"] == "space":
            place += 1
            continue
        if said and symbol(nodes[place]) == "/":
            per = True
            place += 1
            continue
        symbols, power, place = _unit_symbol(nodes, place)
        if symbols not in UNITS:
            break
        one, many = UNITS[symbols]
        below = per or power.startswith("−")
        raised = {"2": " squared", "3": " cubed"}.get(power.lstrip("−"), "")
        said.append(f"per {one}{raised}" if below else f"{many}{raised}")
        end = place
    return " ".join(said), end


def _unit_symbol(nodes: Sequence[Node], place: int) -> tuple[str, str, int]:
    """(the letters of a unit, its power, what follows it)."""
    letters = ""
    while place < len(nodes):
        node = nodes[place]
        power = ""
        if node["type"] == "scripts" and "sub" not in node:
            power = "".join(str(part.get("value", part.get("symbol", ""))) for part in flat(node["sup"]))
            node = node["base"]
        if node["type"] == "unit":
            text = "".join(str(part.get("value", "")) for part in flat(node["base"]))
        elif node["type"] == "text" or (node["type"] == "identifier" and node.get("variant") == "upright"):
            text = str(node.get("value", node.get("name", "")))
        elif node["type"] == "scripts":
            return "", "", place  # "CO_2" is a substance
        else:
            break
        letters += text
        place += 1
        if power:
            return letters, power, place
    return letters, "", place
