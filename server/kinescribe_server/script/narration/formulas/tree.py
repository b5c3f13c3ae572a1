"""Reading mathra's tree of a formula."""

from collections.abc import Mapping
from typing import Any

Node = Mapping[str, Any]

_PASSED_THROUGH = {"style", "colored", "framed", "canceled", "forced-class"}


def symbol(node: Node | None) -> str:
    """The sign of an operator, "" for anything else."""
    return str(node["symbol"]) if node and node["type"] == "operator" else ""


def core(node: Node) -> Node:
    """A node without its scripts."""
    base: Node = node["base"] if node["type"] == "scripts" else node
    return base


def name(node: Node | None) -> str:
    """A letter or the name of a function, without its scripts; "" for anything else."""
    while node and node["type"] in {"scripts", "accent"}:
        node = node["base"]
    return str(node["name"]) if node and node["type"] in {"identifier", "function", "word"} else ""


def flat(node: Node) -> list[Node]:  # noqa: PLR0911 -- one for each kind
    """What stands in a node one after the other, without what only spaces, colours and frames it."""
    match node["type"]:
        case "row":
            return [item for child in node["children"] for item in flat(child)]
        case kind if kind in _PASSED_THROUGH:
            return flat(node["base"])
        case "phantom":
            return []
        case "quantity":
            return flat(node["unit"])
        case "fixed-delimiter":
            return [{"type": "operator", "class": node["class"], "symbol": node["symbol"]}]
        case "text":
            return [part["value"] if part["type"] == "math" else part for part in node["parts"]]
        case _:
            return [node]
