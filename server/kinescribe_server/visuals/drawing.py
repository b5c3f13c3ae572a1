"""Vector pictures (SVG) of other renderers, made safe and ready for a page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

_SVG = "http://www.w3.org/2000/svg"
# What a drawing may consist of. Everything else goes: scripts, embedded pages and pictures, links, animation.
_ALLOWED = {
    "svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text",
    "tspan", "marker", "linearGradient", "radialGradient", "stop", "clipPath", "mask", "pattern", "style", "filter",
    "feDropShadow", "feGaussianBlur", "feOffset", "feMerge", "feMergeNode", "feFlood", "feComposite", "feBlend",
    "feColorMatrix",
}  # fmt: skip
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)|@import|javascript:|expression\(", re.IGNORECASE)
# Renderers name fonts that are not here; a drawing has the font of its page, in the sizes that it names.
_FAMILY = re.compile(r"font-family\s*:\s*[^;}<>]+")
_FONT = re.compile(r"(?<![\w-])font\s*:\s*([\d.]+px)[^;}<>]*")
_PAGE_FONT = "Inter"
# Variables were filled in by the renderer; the drawing engine stops reading a style at the first one.
_VARIABLE = re.compile(r"(?<![\w-])--[\w-]+\s*:[^;}<>]*;?")
_LENGTH = re.compile(r"\s*([\d.]+)(px)?\s*")

ET.register_namespace("", _SVG)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A safe SVG, its natural size, the words in it and the size of its smallest letters, in its own units."""

    svg: str
    width: float
    height: float
    words: str
    text_size: float


def safe_drawing(svg: str, text_size: float) -> Drawing:
    """Reads an SVG with a viewBox and keeps what a drawing may consist of; `text_size` is the size of letters that say
    nothing else. Raises ValueError for what is not such an SVG."""
    root = ET.fromstring(svg)  # noqa: S314  it comes from a renderer; expat limits the growth of entities
    if root.tag != f"{{{_SVG}}}svg":
        raise ValueError(f"an <svg> was expected, found {root.tag}")
    _strip(root)
    left, top, width, height = (float(number) for number in re.split(r"[\s,]+", root.get("viewBox", "").strip()))
    if not (width > 0 and height > 0):
        raise ValueError("there is nothing to draw")
    root.set("viewBox", f"{left} {top} {width} {height}")
    root.set("width", str(width))
    root.set("height", str(height))
    root.set("font-family", _PAGE_FONT)
    sizes = list(_text_sizes(root, text_size))
    words = " ".join(" ".join(element.itertext()).strip() for element in root.iter(f"{{{_SVG}}}text"))
    return Drawing(
        ET.tostring(root, encoding="unicode"), width, height, " ".join(words.split()), min(sizes, default=0.0)
    )


def _strip(root: ET.Element) -> None:
    """Takes out what is not allowed. Without recursion: drawings nest as deep as their sources."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        _strip_attributes(element)
        for child in list(element):
            name = child.tag.removeprefix(f"{{{_SVG}}}") if isinstance(child.tag, str) else ""
            if name == "a":  # a link's content stays, without the link
                child.tag = f"{{{_SVG}}}g"
            elif name not in _ALLOWED or (name == "style" and _OUTSIDE.search(child.text or "")):
                element.remove(child)
                continue
            elif name == "style":
                child.text = _in_page_font(child.text or "")
            waiting.append(child)


def _strip_attributes(element: ET.Element) -> None:
    for name, value in list(element.attrib.items()):
        local = name.rpartition("}")[2].lower()
        outside = local == "href" and not value.startswith("#")
        if local.startswith("on") or outside or _OUTSIDE.search(value):
            del element.attrib[name]
        elif local == "font-family":
            element.set(name, _PAGE_FONT)
        elif local == "style":
            element.set(name, _in_page_font(value))


def _in_page_font(css: str) -> str:
    css = _FAMILY.sub(f"font-family:{_PAGE_FONT}", _VARIABLE.sub("", css))
    return _FONT.sub(r"font-size:\1", css)


def _text_sizes(root: ET.Element, inherited: float) -> Iterator[float]:
    waiting = [(root, inherited)]
    while waiting:
        element, size = waiting.pop()
        declared = re.search(r"font-size\s*:\s*([^;]+)", element.get("style", ""))
        for value in (element.get("font-size"), declared and declared[1]):
            if value and (length := _LENGTH.fullmatch(value)):
                size = float(length[1])
        if element.tag in {f"{{{_SVG}}}text", f"{{{_SVG}}}tspan"} and (element.text or "").strip():
            yield size
        waiting.extend((child, size) for child in element)
