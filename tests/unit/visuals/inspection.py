"""Looking at what a maker made."""

import io
import itertools
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.visuals.themes import contrast

# One of each shape, and a small one; 1280 x 720 is laid out as 1920 x 1080 is.
SIZES = ((1920, 1080), (1080, 1920), (1080, 1080), (640, 360))
# A line's box may touch the next; rounding to hundredths of a pixel is no overlap.
TOLERANCE = 0.5
FLOOR = 28.0
AA = 4.5

Box = Mapping[str, Any]


def layout(made: Made, bench: WorkerBench) -> Mapping[str, Any]:
    record: Mapping[str, Any] = json.loads(bench.artifacts.read(made.files["layout"].sha256))
    return record


def boxes(made: Made, bench: WorkerBench) -> list[Box]:
    return list(layout(made, bench)["boxes"])


def picture(made: Made, bench: WorkerBench, state: int = -1) -> NDArray[np.uint8]:
    name = made.details["states"][state]["picture"]
    image = Pillow.open(io.BytesIO(bench.artifacts.read(made.files[name].sha256)))
    return np.asarray(image.convert("RGBA"))


def cues(made: Made) -> list[str]:
    return [state["cue"] for state in made.details["states"]]


def layout_faults(made: Made, bench: WorkerBench, floor: float = FLOOR) -> list[str]:
    """What is wrong with the layout, in words: outside the page, overlapping, too small, too faint."""
    record = layout(made, bench)
    smallest = floor * min(record["width"], record["height"]) / 1080 - 0.05
    faults = []
    for box in record["boxes"]:
        name = f"state {box['state']}, {box['text'][:30]!r}"
        if not _is_inside(box, record):
            faults.append(f"{name} is outside the page: {box}")
        if box["font_size"] < smallest:
            faults.append(f"{name} is {box['font_size']} pixels high")
        if contrast(box["color"], box["background"]) < AA:
            faults.append(f"{name} is faint: {box['color']} on {box['background']}")
    for one, other in itertools.combinations(record["boxes"], 2):
        if one["state"] == other["state"] and _overlap(one, other):
            faults.append(f"state {one['state']}: {one['text'][:30]!r} and {other['text'][:30]!r} overlap")
    return faults


def _is_inside(box: Box, page: Box) -> bool:
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    within_left = box["x"] >= -TOLERANCE and box["y"] >= -TOLERANCE
    return bool(within_left and right <= page["width"] + TOLERANCE and bottom <= page["height"] + TOLERANCE)


def _overlap(one: Box, other: Box) -> bool:
    width = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
    height = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
    return bool(width > TOLERANCE and height > TOLERANCE)
