"""The steps in which a diagram of mermaid-render's appears: box by box, message by message.

Its drawings say what their parts are: nodes and edges have classes and `data-id`. Which edge belongs to which nodes is
seen from where it starts and ends, which is the same for every type of diagram.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from xml.etree import ElementTree as ET

from kinescribe_server.visuals.svg_geometry import (
    IDENTITY,
    Box,
    Matrix,
    Point,
    around,
    contains,
    distance,
    joined,
    own_matrix,
    shape_points,
)
from kinescribe_server.visuals.svg_styles import SVG

# Nobody follows more steps in one scene; more parts than that come in groups.
_MAX_STATES = 12
# A diagram of more parts is a map: it is looked at as a whole.
_MAX_PARTS = 60
# How much is seen of a box whose turn has not come: its place, and that something is still to come.
_FAINT = "0.18"
# A cue is found by its first words.
_MAX_CUE = 80

# The types whose parts follow one another. Others (charts, maps, sets) make sense only as a whole.
_STEPWISE = {
    "architecture", "block", "c4", "class", "er", "flowchart", "gantt", "kanban", "mindmap", "requirement", "sequence",
    "state", "timeline", "treeView",
}  # fmt: skip
# What kind of part a class makes of an element. The order matters: a note's edge is an edge.
_KINDS = {"pele-edge": "edge", "pele-edge-label": "edge", "pele-node": "node", "pele-note": "node", "pele-task": "node",
          "pele-cluster": "cluster"}  # fmt: skip
_SEQUENCE_KINDS = {"pele-message": "step", "pele-edge-label": "step", "pele-note": "step", "pele-activation": "loose",
                   "pele-frame": "loose", "pele-sequence-number": "loose"}  # fmt: skip
# An activation or a frame starts about where the message does that it belongs to.
_NEAR = 3.0


@dataclass(slots=True)
class Step:
    """What one state adds: parts that were faint before and parts that were not there, and where they are."""

    cue: str
    points: list[Point] = field(default_factory=list)
    faint: list[ET.Element] = field(default_factory=list)
    absent: list[ET.Element] = field(default_factory=list)

    def add(self, part: "_Part") -> None:
        """Boxes and frames are faint before their turn; lines are not there."""
        self.points.extend(part.points)
        (self.faint if part.kind == "cluster" else self.absent).extend(part.elements)


@dataclass(slots=True)
class _Part:
    """Elements that appear together, the points of their shapes, and what is written on them."""

    kind: str
    elements: list[ET.Element] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def box(self) -> Box:
        return around(self.points) or (0.0, 0.0, 0.0, 0.0)

    @property
    def cue(self) -> str:
        return " ".join(" ".join(self.label or self.words).split())[:_MAX_CUE]


def steps(root: ET.Element) -> list[Step]:
    """The steps of a diagram in the order of its source; empty where it has none to speak of."""
    kind = next((name.removeprefix("pele-") for name in _classes(root)[1:]), "")
    if kind not in _STEPWISE:
        return []
    found = _messages(root) if kind == "sequence" else _nodes(root)
    return list(_grouped(found)) if 2 <= len(found) <= _MAX_PARTS else []


def states(root: ET.Element, found: Sequence[Step]) -> list[str]:
    """The diagram as SVG after each step. Later parts keep their places. Changes the tree."""
    drawn = [ET.tostring(root, encoding="unicode")]
    for step in reversed(found[1:]):
        for element in step.absent:
            element.set("display", "none")
        for element in step.faint:
            element.set("opacity", _FAINT)
            for text in element.iter(f"{SVG}text"):
                text.set("display", "none")
        drawn.append(ET.tostring(root, encoding="unicode"))
    return drawn[::-1]


def first_states(found: Sequence[Step]) -> dict[ET.Element, int]:
    """The state in which each text appears; those that are not in it are there from the start."""
    first: dict[ET.Element, int] = {}
    for number, step in enumerate(found):
        for element in (*step.faint, *step.absent):
            for text in element.iter(f"{SVG}text"):
                first[text] = max(number, first.get(text, 0))
    return first


def _grouped(found: Sequence[Step]) -> Iterator[Step]:
    count = min(len(found), _MAX_STATES)
    for first, end in pairwise(len(found) * index // count for index in range(count + 1)):
        yield _joined(found[first].cue, found[first:end])


def _joined(cue: str, group: Sequence[Step]) -> Step:
    return Step(
        cue,
        [point for step in group for point in step.points],
        [element for step in group for element in step.faint],
        [element for step in group for element in step.absent],
    )


def _nodes(root: ET.Element) -> list[Step]:
    parts = [part for part in _parts(root, _KINDS) if part.points]
    nodes = _in_turn([part for part in parts if part.kind == "node"])
    found = [Step(node.cue, list(node.points), list(node.elements)) for node in nodes]
    boxes = [node.box for node in nodes]
    for part in parts if nodes else ():
        if part.kind == "edge":
            ends = [min(range(len(boxes)), key=lambda i: distance(boxes[i], end)) for end in _ends(part)]
            found[max(ends)].add(part)
        elif part.kind == "cluster":
            within = [index for index, box in enumerate(boxes) if contains(part.box, box)]
            if within:
                found[within[0]].add(part)
    return list(_worded(found))


def _worded(found: Sequence[Step]) -> Iterator[Step]:
    """A node without words, as a start, is never spoken of: it comes with the next one."""
    waiting: list[Step] = []
    for step in found:
        waiting.append(step)
        if step.cue:
            yield _joined(step.cue, waiting)
            waiting = []
    if waiting:
        yield _joined("", waiting)


def _in_turn(nodes: list[_Part]) -> list[_Part]:
    """The nodes in the order in which they are spoken of: the middle of a mind map, which is painted last, is first;
    an end is last."""
    roots = [node for node in nodes if "pele-root" in _classes(node.elements[0])]
    ends = [node for node in nodes if "pele-state-end" in _classes(node.elements[0])]
    rest = [node for node in nodes if node not in roots and node not in ends]
    return roots + rest + ends


def _ends(part: _Part) -> tuple[Point, Point]:
    return part.points[0], part.points[-1]


def _messages(root: ET.Element) -> list[Step]:
    parts = [part for part in _parts(root, _SEQUENCE_KINDS) if part.points]
    # A message is where its line is, not where its label is.
    places = sorted((part.points[0][1], index) for index, part in enumerate(parts) if part.kind == "step")
    found = [Step(parts[index].cue, list(parts[index].points), [], list(parts[index].elements)) for _, index in places]
    for part in parts:
        if part.kind == "loose":
            after = [number for number, (y, _) in enumerate(places) if y >= part.box[1] - _NEAR]
            if after:
                found[after[0]].add(part)
    return found


def _parts(root: ET.Element, kinds: dict[str, str]) -> list[_Part]:
    """The parts of a diagram in the order of the drawing. Elements with one `data-id` and kind are one part."""
    found: dict[object, _Part] = {}
    waiting: list[tuple[ET.Element, Matrix, _Part | None]] = [(root, IDENTITY, None)]
    while waiting:
        element, outer, owner = waiting.pop()
        matrix = joined(outer, own_matrix(element))
        kind = next((kinds[name] for name in kinds if name in _classes(element)), "")
        if kind:
            # Boxes repeat names: two participants, a node drawn twice in one place.
            name = element.get("data-id")
            owner = found.setdefault((kind, name) if name else element, _Part(kind))
            owner.elements.append(element)
        if owner is not None:
            if element.tag == f"{SVG}text":
                string = " ".join(element.itertext())
                (owner.label if "pele-label" in _classes(element) else owner.words).append(string)
            elif not (owner.kind in {"edge", "step"} and owner.points):  # the first line of an edge is its line
                owner.points.extend(shape_points(element, matrix))
        waiting.extend((child, matrix, owner) for child in reversed(element))
    return list(found.values())


def _classes(element: ET.Element) -> list[str]:
    return element.get("class", "").split()
