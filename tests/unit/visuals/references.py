"""Reference pictures of every kind, theme and shape, and the layout of each.

After a change of looks that is meant, run `python -m tests.unit.visuals.references` in the repository's root, look at
the contact sheet (examples/looks.jpg), and commit what changed.
"""

import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.visuals.themes import DEFAULT_THEME, THEMES

from .samples import KINDS, make_sample

_ROOT = Path(__file__).parents[3]
FOLDER = _ROOT / "tests" / "data" / "pictures"
SHEET = _ROOT / "examples" / "looks.jpg"
WIDE = (480, 270)
# The other shapes: 9:16, 1:1 and 4:5.
SHAPES = ((270, 480), (320, 320), (288, 360))
# Flat pictures need few colours; letters have soft edges in a few more.
_COLORS = 48
# Both sides of a square that is compared, in pixels: about a letter.
_WINDOW = 8
# A square with a smaller standard deviation of luma is empty.
_FLAT = 2.0

Case = tuple[str, str, tuple[int, int]]


def cases() -> Iterator[Case]:
    """Every kind in every theme, and in the other shapes in the default theme."""
    yield from ((kind, theme.name, WIDE) for theme in THEMES for kind in KINDS)
    yield from ((kind, DEFAULT_THEME, shape) for shape in SHAPES for kind in KINDS)


def name_of(case: Case) -> str:
    kind, theme, (width, height) = case
    return f"{theme}-{width}x{height}-{kind.replace(' ', '-')}"


def last_picture(made: Made, bench: WorkerBench) -> Pillow.Image:
    stored = made.files[made.details["states"][-1]["picture"]]
    return Pillow.open(io.BytesIO(bench.artifacts.read(stored.sha256))).convert("RGB")


def structure(made: Made, bench: WorkerBench) -> dict[str, Any]:
    """The states, and the boxes of the last one in whole pixels."""
    record = json.loads(bench.artifacts.read(made.files["layout"].sha256))
    states = made.details["states"]
    places = ("x", "y", "width", "height", "font_size")
    boxes = [
        [box["text"], *(round(box[place]) for place in places), box["color"], box["background"]]
        for box in record["boxes"]
        if box["state"] == len(states) - 1
    ]
    return {"cues": [state["cue"] for state in states], "boxes": boxes}


def likeness(one: Pillow.Image, other: Pillow.Image) -> float:
    """The mean structural similarity of two pictures' luma (Wang et al. 2004, with a flat window), over the squares in
    which either has something: empty ones are alike in all pictures."""
    first, second = (_windows(np.asarray(picture.convert("L"), dtype=np.float64)) for picture in (one, other))
    mean_1, mean_2 = first.mean(axis=-1), second.mean(axis=-1)
    covariance = (first * second).mean(axis=-1) - mean_1 * mean_2
    steady, strong = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_1 * mean_2 + steady) * (2 * covariance + strong)
    below = (mean_1**2 + mean_2**2 + steady) * (first.var(axis=-1) + second.var(axis=-1) + strong)
    inked = (first.std(axis=-1) > _FLAT) | (second.std(axis=-1) > _FLAT)
    return float((above / below)[inked].mean())


def _windows(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = luma.shape[0] // _WINDOW, luma.shape[1] // _WINDOW
    cut = luma[: rows * _WINDOW, : columns * _WINDOW].reshape(rows, _WINDOW, columns, _WINDOW)
    return cut.swapaxes(1, 2).reshape(rows, columns, _WINDOW**2)


def write_references() -> None:
    """Draws all references again, and the contact sheet of them all."""
    for old in FOLDER.glob("*.png"):
        old.unlink()
    layouts = {}
    drawn: dict[str, list[Pillow.Image]] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = WorkerBench(ArtifactFolder(Path(folder), min_free_bytes=0))
        for case in cases():
            made = make_sample(*case, bench)
            picture = last_picture(made, bench)
            small = picture.quantize(_COLORS, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
            small.save(FOLDER / f"{name_of(case)}.png", optimize=True)
            layouts[name_of(case)] = structure(made, bench)
            drawn.setdefault(f"{case[1]} {case[2]}", []).append(picture)
    lines = (f"{json.dumps(name)}: {json.dumps(layout, ensure_ascii=False)}" for name, layout in layouts.items())
    (FOLDER / "layouts.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    _sheet(list(drawn.values())).save(SHEET, "JPEG", quality=70, optimize=True)


def _sheet(groups: Sequence[Sequence[Pillow.Image]], width: int = 1440, gap: int = 6) -> Pillow.Image:
    """The pictures group by group, wide ones in two lines, each line as wide as the sheet."""
    lines: list[Sequence[Pillow.Image]] = []
    for group in groups:
        per_line = -(-len(group) // (2 if group[0].width > group[0].height else 1))
        lines += [group[start : start + per_line] for start in range(0, len(group), per_line)]
    heights = []
    for line in lines:
        most = max(len(other) for other in lines if other[0].size == line[0].size)
        heights.append(round((width - gap * (most + 1)) / most * line[0].height / line[0].width))
    sheet = Pillow.new("RGB", (width, sum(heights) + gap * (len(lines) + 1)), "#8a8f98")
    y = gap
    for line, height in zip(lines, heights, strict=True):
        size = (round(height * line[0].width / line[0].height), height)
        for index, picture in enumerate(line):
            sheet.paste(picture.resize(size, Pillow.Resampling.LANCZOS), (gap + index * (size[0] + gap), y))
        y += height + gap
    return sheet


if __name__ == "__main__":
    write_references()
