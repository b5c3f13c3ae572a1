"""What is said over a Mermaid diagram: a walk along its labels. The adapter of mermaid-render's model."""

import html
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from mermaid_render.renderer import render

from kinescribe_server.script.narration.phrases import listed, uncapitalised
from kinescribe_server.script.sentences import closed

# A larger diagram is not walked: it takes seconds to lay out, and nobody follows thirty boxes by ear.
_MAX_SOURCE = 4_000
_MAX_STOPS = 14
_MAX_MESSAGES = 8
_TAGS = re.compile(r"<[^<>]*>|[`*_\"]")
# mermaid's numbers for messages that are drawn as arrows; the others are notes, loops and activations.
_ARROW_TYPES = {0, 1, 3, 4, 5, 6, 24, 25, 33, 34}


@lru_cache(maxsize=128)  # laying one out takes milliseconds, and an edited text has the same ones again
def narrate_diagram(source: str, *, english: bool) -> tuple[str, ...]:
    """Sentences that walk through a diagram; none for kinds that cannot be walked and for broken sources. In other
    languages than English the labels of a flowchart are named."""
    if len(source) > _MAX_SOURCE:
        return ()
    try:
        graph: Mapping[str, Any] = render(source)["graph"]
    except (ValueError, RuntimeError):
        return ()
    match graph["type"]:
        case "flowchart" if english:
            return tuple(_flowchart(graph))
        case "flowchart":
            labels = [_label(node.get("text") or key) for key, node in graph["nodes"].items()]
            return (closed(", ".join(filter(None, labels[:_MAX_STOPS]))),)
        case "sequence":
            return tuple(_sequence(graph))
        case _:
            return ()


def _flowchart(graph: Mapping[str, Any]) -> list[str]:
    labels = {key: _label(node.get("text") or key) for key, node in graph["nodes"].items()}
    groups = {group["id"] for group in graph["subgraphs"]}
    exits: dict[str, list[tuple[str, str]]] = {key: [] for key in labels if key not in groups}
    entered = set()
    for edge in graph["edges"]:
        if edge["start"] in exits and edge["end"] in exits:
            exits[edge["start"]].append((edge["end"], _label(edge.get("text") or "")))
            entered.add(edge["end"])
    starts = [key for key in exits if key not in entered] or list(exits)[:1]
    if not exits or not any(labels.values()):
        return []
    if len(exits) > _MAX_STOPS:
        ends = [labels[key] for key, to in exits.items() if not to]
        end = f" to {uncapitalised(ends[-1])}" if ends and ends[-1] else ""
        return [f"The diagram has {len(exits)} stations, from {uncapitalised(labels[starts[0]])}{end}."]
    visited: set[str] = set()
    return [sentence for start in starts for sentence in _walk(start, exits, labels, visited)]


def _walk(
    start: str, exits: Mapping[str, Sequence[tuple[str, str]]], labels: Mapping[str, str], visited: set[str]
) -> list[str]:
    """Sentences from a node on: chains are joined by "then", forks become questions or lists of ways."""
    sentences: list[str] = []
    waiting = [start]
    while waiting:
        here = waiting.pop(0)
        if here in visited:
            continue
        stops: list[str] = []
        chain: list[str] = []
        while True:
            visited.add(here)
            onward = exits[here]
            if len(onward) != 1 or onward[0][0] in visited:
                break
            chain.append(here)
            stops.append(_labelled(labels[here], stops))
            here = onward[0][0]
        if len(onward) > 1:
            if stops:
                sentences.append(closed(", ".join(stops)))
            sentences += _fork(labels[here], onward, labels, visited, exits)
            waiting = [end for end, _ in onward if end not in visited] + waiting
        else:
            chain.append(here)
            stops.append(_labelled(labels[here], stops))
            if onward:
                way = "and back to" if onward[0][0] in chain else "and on to"
                stops.append(f"{way} {uncapitalised(labels[onward[0][0]])}")
            sentences.append(closed(", ".join(stops)))
    return sentences


def _labelled(label: str, stops: Sequence[str]) -> str:
    return f"then {uncapitalised(label)}" if stops else label


def _fork(
    label: str,
    onward: Sequence[tuple[str, str]],
    labels: Mapping[str, str],
    visited: set[str],
    exits: Mapping[str, Sequence[tuple[str, str]]],
) -> list[str]:
    """'Small enough? If no, back to compute the loss; if yes, done.' Ends are visited by being named."""
    ways = []
    named = any(way for _, way in onward)
    for end, way in onward:
        target = f"back to {uncapitalised(labels[end])}" if end in visited else uncapitalised(labels[end])
        ways.append(f"{f'if {way}' if way else 'otherwise'}, {target}" if named else target)
        if not exits[end]:
            visited.add(end)
    if named:
        first = label if label.endswith("?") else closed(label)
        return [first, "; ".join([ways[0][:1].upper() + ways[0][1:], *ways[1:]]) + "."]
    return [f"{label} leads to {listed(ways)}."]


def _sequence(graph: Mapping[str, Any]) -> list[str]:
    names = {key: _label(actor.get("description") or key) for key, actor in graph["actors"].items()}
    sentences = []
    for message in graph["messages"]:
        text = message.get("message")
        if message.get("type") in _ARROW_TYPES and isinstance(text, str) and _label(text):
            sender, receiver = names.get(message["from"], ""), names.get(message["to"], "")
            way = f"{sender} to {receiver}" if sender != receiver else f"{sender} to itself"
            sentences.append(closed(f"{way}: {uncapitalised(_label(text))}"))
    more = len(sentences) - _MAX_MESSAGES
    return [*sentences[:_MAX_MESSAGES], f"And {more} more messages."] if more > 1 else sentences


def _label(text: str) -> str:
    return " ".join(html.unescape(_TAGS.sub(" ", text)).split())
