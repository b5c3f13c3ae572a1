"""The text of a drawing made legible: what stands on what, in which colour.

Renderers put white on orange and grey on grey. Here a drawing is painted without its text, the ground of each line of
text is looked at, and where the contrast is too low (WCAG 2.2, 1.4.3) the text gets another colour.
"""

import io
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageColor

from kinescribe_server.visuals.contrast import READABLE, contrast, mixed
from kinescribe_server.visuals.drawing import Drawing, Label
from kinescribe_server.visuals.page import Canvas, draw
from kinescribe_server.visuals.svg_geometry import Box, Point, around
from kinescribe_server.visuals.svg_styles import SVG
from kinescribe_server.visuals.themes import Theme
from kinescribe_server.visuals.wording import one_line

# The ground is painted no larger than this, in pixels; letters are about 16 of them high.
_MOST_PIXELS = 1400
# A colour that is under less of a text than this is a line that crosses it, or the soft edge of a shape.
_LEAST_SHARE = 0.12
# How far letters reach above and below the baseline, in type sizes.
_ABOVE, _BELOW = 0.8, 0.22
# The width of a rim around letters that lie on light and dark at once, in type sizes.
_RIM = 0.24

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """A line of text with its box in the drawing's units from its upper left corner, and its colours as #rrggbb."""

    text: str
    x: float
    y: float
    width: float
    height: float
    size: float
    color: str
    background: str
    element: ET.Element

    @property
    def corners(self) -> list[Point]:
        return [(self.x, self.y), (self.x + self.width, self.y + self.height)]

    def as_json(self) -> Mapping[str, object]:
        return {
            "text": one_line(self.text),
            **{name: getattr(self, name) for name in ("x", "y", "width", "height", "size", "color", "background")},
        }


def placed_labels(drawing: Drawing, canvas: Canvas) -> tuple[PlacedLabel, ...]:
    """Mends the colours of the drawing's text, and says where each line of it is."""
    if not drawing.labels:
        return ()
    scale = min(1.0, _MOST_PIXELS / max(drawing.width, drawing.height))
    pixels, widths = _ground(drawing, canvas, scale)
    boxes = [_box(label, width) for label, width in zip(drawing.labels, widths, strict=True)]
    by_element: dict[ET.Element, list[int]] = {}
    for index, label in enumerate(drawing.labels):
        by_element.setdefault(label.element, []).append(index)
    placed: dict[int, PlacedLabel] = {}
    for element, indices in by_element.items():
        grounds = {index: _colors_under(pixels, boxes[index], drawing, scale) for index in indices}
        mended = _mended(element, {index: drawing.labels[index] for index in indices}, grounds, canvas.theme)
        for index, (color, background) in mended.items():
            left, top, right, bottom = boxes[index]
            label = drawing.labels[index]
            placed[index] = PlacedLabel(
                label.text, left - drawing.left, top - drawing.top, right - left, bottom - top, label.size, color,
                background, element,
            )  # fmt: skip
    return tuple(placed[index] for index in sorted(placed))


def _ground(drawing: Drawing, canvas: Canvas, scale: float) -> tuple[Pixels, list[float]]:
    """The drawing without its text as pixels, and the width of each label in the drawing's units."""
    root = deepcopy(drawing.root)
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag == f"{SVG}text"]:
            parent.remove(child)
    content = {
        "svg": ET.tostring(root, encoding="unicode"),
        "labels": [
            {"text": one_line(label.text), "size": label.size, "weight": 700 if label.bold else 400}
            for label in drawing.labels
        ],
    }
    size = (max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale)))
    drawn = draw("ground", content, Canvas(canvas.theme, *size, canvas.language))
    image = Pillow.open(io.BytesIO(drawn.pictures[0]), formats=("PNG",))
    return np.asarray(image.convert("RGB")), drawn.facts["widths"]


def _box(label: Label, width: float) -> Box:
    start = -width * {"start": 0.0, "middle": 0.5, "end": 1.0}.get(label.anchor, 0.0)
    dx, dy = label.direction
    corners = [(x, y) for x in (start, start + width) for y in (-_ABOVE * label.size, _BELOW * label.size)]
    box = around([(label.x + x * dx - y * dy, label.y + x * dy + y * dx) for x, y in corners])
    assert box is not None  # noqa: S101 - there are four corners
    return box


def _colors_under(pixels: Pixels, box: Box, drawing: Drawing, scale: float) -> list[str]:
    """The colours of which a good part of a box consists."""
    height, width, _ = pixels.shape
    left, top, right, bottom = (
        round((value - origin) * scale) for value, origin in zip(box, (drawing.left, drawing.top) * 2, strict=True)
    )
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    part = pixels[top : max(bottom, top + 1), left : max(right, left + 1)].reshape(-1, 3).astype(np.uint32)
    packed, counts = np.unique(part[:, 0] << 16 | part[:, 1] << 8 | part[:, 2], return_counts=True)
    common = [color for color, count in zip(packed, counts, strict=True) if count >= _LEAST_SHARE * len(part)]
    # Of a gradient no colour is common; its ends and its middle stand for it.
    chosen = common or [packed[0], packed[len(packed) // 2], packed[-1]]
    return [f"#{int(color):06x}" for color in chosen]


def _mended(
    element: ET.Element, labels: Mapping[int, Label], grounds: Mapping[int, Sequence[str]], theme: Theme
) -> dict[int, tuple[str, str]]:
    """Each label's colour and the ground on which it is faintest; changes the element where that is too faint."""
    own = {index: hexadecimal(label.color) for index, label in labels.items()}
    if all(color and _seen(color, labels[index].opacity, grounds[index]) >= READABLE for index, color in own.items()):
        return {index: (color, _faintest(color, grounds[index])) for index, color in own.items()}
    everywhere = list(dict.fromkeys(color for colors in grounds.values() for color in colors))
    tried = (theme.colors["text"], theme.colors["page"], "#000000", "#ffffff")
    color = next((one for one in tried if _seen(one, 1, everywhere) >= READABLE), tried[0])
    for part in element.iter():
        for name in ("fill", "fill-opacity", "opacity"):
            part.attrib.pop(name, None)
    element.set("fill", color)
    if _seen(color, 1, everywhere) >= READABLE:
        return {index: (color, _faintest(color, grounds[index])) for index in labels}
    rim = theme.colors["page"]
    size = max(label.size for label in labels.values())
    element.attrib |= {
        "stroke": rim, "stroke-width": f"{_RIM * size:.2f}", "stroke-linejoin": "round", "paint-order": "stroke",
    }  # fmt: skip
    return dict.fromkeys(labels, (color, rim))


def _seen(color: str, opacity: float, grounds: Sequence[str]) -> float:
    """The lowest contrast of a colour with what it lies on; where it is translucent, that shines through."""
    return min(contrast(mixed(ground, color, opacity), ground) for ground in grounds)


def _faintest(color: str, grounds: Sequence[str]) -> str:
    return min(grounds, key=lambda ground: contrast(color, ground))


def hexadecimal(color: str) -> str:
    """The colour as #rrggbb; "" for what is none."""
    try:
        return "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(color)[:3])
    except ValueError:
        return ""
