"""Vector pictures (SVG) of other renderers, made safe and ready for a page."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree as ET

from kinescribe_server.visuals.svg_geometry import (
    IDENTITY,
    Box,
    Matrix,
    Point,
    around,
    joined,
    moved,
    numbers,
    own_matrix,
    shape_points,
)
from kinescribe_server.visuals.svg_styles import SVG, inline_styles

# What a drawing may consist of. Everything else goes: scripts, embedded pages and pictures, links, animation.
_ALLOWED = {
    "svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text",
    "tspan", "marker", "linearGradient", "radialGradient", "stop", "clipPath", "mask", "pattern", "filter",
    "feDropShadow", "feGaussianBlur", "feOffset", "feMerge", "feMergeNode", "feFlood", "feComposite", "feBlend",
    "feColorMatrix",
}  # fmt: skip
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)|javascript:|expression\(", re.IGNORECASE)
# Nothing that can be seen: descriptions for screen readers, and other programs' notes.
_UNDRAWN = {"defs", "symbol", "clipPath", "mask", "marker", "pattern"}
# A letter is about so wide, in type sizes: what the page makes of it is measured later.
_LETTER = 0.58
# Room around what stood outside, in the drawing's units: half a line's width and more.
_RIM = 4.0
_EM = re.compile(r"([-\d.]+)em")

ET.register_namespace("", SVG.strip("{}"))


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text in a drawing: its words, where its baseline starts, ends or has its middle (`anchor`) in the
    drawing's units, which way it runs (a unit vector), the size of its letters, and how it looks. `element` is the
    <text> that it belongs to."""

    text: str
    x: float
    y: float
    anchor: str
    size: float
    bold: bool
    color: str
    opacity: float
    direction: Point
    element: ET.Element


@dataclass(frozen=True, slots=True)
class Drawing:
    """A safe SVG, its natural size, and its text. `root` is the drawing itself; who changes it makes a copy."""

    root: ET.Element
    left: float
    top: float
    width: float
    height: float
    labels: tuple[Label, ...]

    @property
    def svg(self) -> str:
        return ET.tostring(self.root, encoding="unicode")

    @property
    def text_size(self) -> float:
        """The size of the smallest letters, in the drawing's units; 0 without text."""
        return min((label.size for label in self.labels), default=0.0)


@dataclass(frozen=True, slots=True)
class _Look:
    """What an element hands down to those within it."""

    matrix: Matrix = IDENTITY
    fill: str = "#000000"
    color: str = "#000000"
    size: float = 16.0
    bold: bool = False
    anchor: str = "start"
    opacity: float = 1.0
    hidden: bool = False


def safe_drawing(svg: str, font: str) -> Drawing:
    """Reads an SVG with a viewBox and keeps what a drawing may consist of, its text in `font`. Raises ValueError for
    what is not such an SVG."""
    root = _parsed(svg)
    if root.tag != f"{SVG}svg":
        raise ValueError(f"an <svg> was expected, found {root.tag}")
    inline_styles(root)
    _strip(root)
    box = numbers(root.get("viewBox", ""))
    if len(box) != 4:
        raise ValueError("the drawing has no viewBox")
    if not (box[2] > 0 and box[3] > 0):
        raise ValueError("there is nothing to draw")
    root.set("font-family", font)
    labels = tuple(_labels(root))
    left, top, width, height = _whole(root, labels, (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    root.set("viewBox", f"{left:g} {top:g} {width:g} {height:g}")
    root.set("width", f"{width:g}")
    root.set("height", f"{height:g}")
    return Drawing(root, left, top, width, height, labels)


def _whole(root: ET.Element, labels: Sequence[Label], given: Box) -> tuple[float, float, float, float]:
    """Left, top, width and height of what is to be seen. Renderers' own boxes cut off a loop here and a name there."""
    points = [
        point for element, look in _drawn(root) if not look.hidden for point in shape_points(element, look.matrix)
    ]
    for label in labels:
        length = _LETTER * label.size * len(label.text)
        start = label.x - length * {"middle": 0.5, "end": 1.0}.get(label.anchor, 0.0) * label.direction[0]
        points += [(start, label.y), (start + length * label.direction[0], label.y + length * label.direction[1])]
    corners = [(given[0], given[1]), (given[2], given[3])]
    # Far-off points are placed out of sight on purpose.
    width, height = given[2] - given[0], given[3] - given[1]
    near = [(x, y) for x, y in points if -width <= x - given[0] <= 2 * width and -height <= y - given[1] <= 2 * height]
    left, top, right, bottom = around([*corners, *near]) or given
    rim = (_RIM if new != old else 0.0 for new, old in zip((left, top, right, bottom), given, strict=True))
    left, top, right, bottom = left - next(rim), top - next(rim), right + next(rim), bottom + next(rim)
    return left, top, right - left, bottom - top


def _parsed(svg: str) -> ET.Element:
    if "<!DOCTYPE" in svg or "<!ENTITY" in svg:
        raise ValueError("a drawing has no document type and no entities")
    try:
        return ET.fromstring(svg)  # noqa: S314  without entities there is nothing to expand or to fetch
    except ET.ParseError as error:
        raise ValueError(f"the drawing is not well-formed: {error}") from error


def _strip(root: ET.Element) -> None:
    """Takes out what is not allowed. Without recursion: drawings nest as deep as their sources."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        _strip_attributes(element)
        for child in list(element):
            name = child.tag.removeprefix(SVG) if isinstance(child.tag, str) else ""
            if name == "a":  # a link's content stays, without the link
                child.tag = f"{SVG}g"
            elif name not in _ALLOWED:
                element.remove(child)
                continue
            waiting.append(child)


def _strip_attributes(element: ET.Element) -> None:
    for name, value in list(element.attrib.items()):
        local = name.rpartition("}")[2].lower()
        outside = local == "href" and not value.startswith("#")
        if local.startswith(("on", "font-family", "data-points")) or outside or _OUTSIDE.search(value):
            del element.attrib[name]


def _labels(root: ET.Element) -> Iterator[Label]:
    """The lines of text in the order in which they are painted."""
    for element, look in _drawn(root):
        if element.tag == f"{SVG}text" and not look.hidden:
            yield from _lines(element, look)


def _drawn(root: ET.Element) -> Iterator[tuple[ET.Element, "_Look"]]:
    """Every element that is painted and how it looks, in order. Texts come whole."""
    waiting = [(root, _look(root, _Look()))]
    while waiting:
        element, look = waiting.pop()
        yield element, look
        if element.tag != f"{SVG}text":
            inner = [child for child in element if child.tag.removeprefix(SVG) not in _UNDRAWN]
            waiting.extend((child, _look(child, look)) for child in reversed(inner))


def _look(element: ET.Element, outer: _Look) -> _Look:
    """What holds for an element and those within it (SVG 2: inheritance of presentation attributes)."""
    color = element.get("color", outer.color)
    fill = element.get("fill", outer.fill)
    opacity = outer.opacity * _share(element.get("opacity"))
    size = element.get("font-size", "")
    weight = element.get("font-weight", "")
    return replace(
        outer,
        matrix=joined(outer.matrix, own_matrix(element)),
        color=color,
        fill=color if fill == "currentColor" else fill,
        size=_size(size, outer.size),
        bold=outer.bold if weight in {"", "inherit"} else weight in {"bold", "bolder"} or weight[:1] in set("6789"),
        anchor=element.get("text-anchor", outer.anchor),
        opacity=opacity,
        hidden=outer.hidden or element.get("display") == "none" or element.get("visibility") == "hidden" or not opacity,
    )


def _share(value: str | None) -> float:
    found = numbers(value or "1")
    share = found[0] if found else 1.0
    return min(1.0, max(0.0, share / 100 if (value or "").endswith("%") else share))


def _size(value: str, inherited: float) -> float:
    found = numbers(value)
    if not found:
        return inherited
    unit = value.strip().lstrip("-+.0123456789")
    # An ex is about half an em in any font.
    in_em = {"em": 1.0, "ex": 0.5, "%": 0.01}.get(unit)
    return found[0] if in_em is None else found[0] * in_em * inherited


@dataclass(slots=True)
class _Pen:
    """Where the next line of a text starts; a line has ended where the text says a new place."""

    x: float
    y: float
    words: str = ""


def _lines(text: ET.Element, look: _Look) -> Iterator[Label]:
    pen = _Pen(0.0, 0.0)
    line_look = look
    for element, string, own in _runs(text, look):
        if element is not None and any(name in element.attrib for name in ("x", "y", "dy")):
            yield from _finished(pen, line_look, text)
            pen.words = ""
            _move(pen, element, own)
            line_look = own
        elif not pen.words.strip():
            line_look = own
        pen.words += string
    yield from _finished(pen, line_look, text)


def _runs(text: ET.Element, look: _Look) -> Iterator[tuple[ET.Element | None, str, _Look]]:
    """A text's pieces with what begins each: an element, or None after one has ended."""
    yield text, text.text or "", look
    for child in text:
        yield from _runs(child, _look(child, look))
        yield None, child.tail or "", look


def _move(pen: _Pen, element: ET.Element, look: _Look) -> None:
    for axis in ("x", "y"):
        value = element.get(axis, "").split(" ")[0]
        if value:
            given = _EM.fullmatch(value)
            setattr(pen, axis, float(given[1]) * look.size if given else number_of(value))
    shift = element.get("dy", "")
    if shift:
        given = _EM.fullmatch(shift)
        pen.y += float(given[1]) * look.size if given else number_of(shift)


def number_of(value: str) -> float:
    found = numbers(value)
    return found[0] if found else 0.0


def _finished(pen: _Pen, look: _Look, text: ET.Element) -> Iterator[Label]:
    words = " ".join(pen.words.split())
    if not words or look.fill in {"none", "transparent"}:
        return
    x, y = moved(look.matrix, (pen.x, pen.y))
    a, b, *_ = look.matrix
    stretch = math.hypot(a, b)
    if not stretch:
        return
    direction = (a / stretch, b / stretch)
    opacity = look.opacity * _share(text.get("fill-opacity"))
    yield Label(words, x, y, look.anchor, look.size * stretch, look.bold, look.fill, opacity, direction, text)
