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


def two_thirds_empty(made: Made, bench: WorkerBench) -> list[int]:
    """The states that end a page and whose ink is lower than a third of it."""
    states = made.details["states"]
    ends = [number for number in range(len(states)) if number + 1 == len(states) or not states[number + 1]["changed"]]
    return [number for number in ends if _ink_height(picture(made, bench, number)) < layout(made, bench)["height"] / 3]


def _ink_height(pixels: NDArray[np.uint8]) -> int:
    """How high the content is, without what stands in the outermost margins."""
    height, width = pixels.shape[:2]
    inner = pixels[round(0.045 * height) : -round(0.045 * height), round(0.045 * width) : -round(0.045 * width), :3]
    rows = np.flatnonzero((np.abs(inner.astype(int) - inner[0, 0]) > 6).any(axis=(1, 2)))
    return int(rows[-1] - rows[0]) if rows.size else 0


def moved_boxes(made: Made, bench: WorkerBench) -> list[str]:
    """What one state of a page shows and the next does not show in the same place."""
    per_state: list[set[str]] = [set() for _ in made.details["states"]]
    for box in boxes(made, bench):
        per_state[box["state"]].add(json.dumps({**box, "state": 0}, sort_keys=True))
    pairs = zip(per_state, per_state[1:], made.details["states"][1:], strict=False)
    return [box for before, after, state in pairs if state["changed"] for box in sorted(before - after)]


def changes_outside(made: Made, bench: WorkerBench) -> list[int]:
    """The states that change a pixel outside the box that they say they change."""
    wrong = []
    for number, state in enumerate(made.details["states"]):
        if state["changed"]:
            x, y, width, height = state["changed"]
            differs = (picture(made, bench, number - 1) != picture(made, bench, number)).any(axis=-1)
            differs[y : y + height, x : x + width] = False
            if differs.any():
                wrong.append(number)
    return wrong


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
