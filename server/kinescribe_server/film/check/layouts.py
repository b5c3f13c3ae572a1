"""What a layout record (visuals/protocol.py) tells of a page: is everything on it, apart, large and clear enough?"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kinescribe_server.visuals.contrast import contrast

# Boxes are rounded to hundredths of a pixel, and a line's box may touch the next.
_TOLERANCE = 0.5
# What is drawn where no font has a character.
_REPLACEMENT = "\ufffd"
# On a page whose shorter side is 1080: labels in drawings get as small as that before they are hard to read.
MIN_FONT = 16.0
_DESIGN_SIDE = 1080
_MAX_PLACES = 3
_SHOWN = 40


def layout_checks(record: bytes) -> dict[str, Any]:
    """Boxes outside the page and on top of each other, the smallest font (in pixels of a page whose shorter side is
    1080), the lowest contrast, characters that no font has, and where the first of each are."""
    layout = json.loads(record)
    boxes: Sequence[Mapping[str, Any]] = [box for box in layout["boxes"] if box["text"].strip()]
    places = np.array([[box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]] for box in boxes])
    places = places.reshape(-1, 4)
    page = np.array([layout["width"], layout["height"]])
    outside = np.flatnonzero((places[:, :2] < -_TOLERANCE).any(1) | (places[:, 2:] > page + _TOLERANCE).any(1))
    over = _overlaps(places, np.array([box["state"] for box in boxes]))
    unit = min(layout["width"], layout["height"]) / _DESIGN_SIDE
    smallest = min((box["font_size"] / unit for box in boxes), default=None)
    faintest = min((contrast(*colors) for colors in {(box["color"], box["background"]) for box in boxes}), default=None)
    return {
        "boxes": len(boxes),
        "outside": [len(outside), _texts(boxes, outside)],
        "overlaps": [len(over), _texts(boxes, over[:, 0])],
        "smallest_font": None if smallest is None else round(smallest, 2),
        "lowest_contrast": None if faintest is None else round(faintest, 2),
        "missing_glyphs": sum(box["text"].count(_REPLACEMENT) for box in boxes),
    }


def _overlaps(places: NDArray[np.float64], states: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs of boxes of one state that cover each other. A box that stays is in every state it is seen in, so each
    state is looked at alone."""
    found: set[tuple[int, int]] = set()
    for state in np.unique(states):
        here = np.flatnonzero(states == state)
        box = places[here]
        common = np.minimum(box[:, None, 2:], box[None, :, 2:]) - np.maximum(box[:, None, :2], box[None, :, :2])
        pairs = np.argwhere(np.triu((common > _TOLERANCE).all(axis=2), 1))
        found.update((int(here[one]), int(here[other])) for one, other in pairs)
    return np.array(sorted(found), np.int64).reshape(-1, 2)


def _texts(boxes: Sequence[Mapping[str, Any]], indices: NDArray[np.int64]) -> list[str]:
    return [boxes[index]["text"][:_SHOWN] for index in indices[:_MAX_PLACES]]
