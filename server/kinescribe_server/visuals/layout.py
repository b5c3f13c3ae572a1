"""From what a template drew to what a maker hands over: pictures, cues and the layout record."""

import json
import math
from collections.abc import Sequence
from typing import Any

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.visuals.page import Canvas, Drawn

# Letters lean, swing and blur a little out of their boxes; in design pixels.
_OVERHANG = 12.0


def layout_record(drawn: Drawn, canvas: Canvas) -> dict[str, Any]:
    """Every box of text: where it is (pixels, rounded to hundredths), how large, in which colour on which."""
    boxes = [{name: round(v, 2) if isinstance(v, float) else v for name, v in box.items()} for box in drawn.boxes]
    return {"width": canvas.width, "height": canvas.height, "boxes": boxes}


def hand_over(drawn: Drawn, canvas: Canvas, bench: Bench, notices: Sequence[Notice] = ()) -> Made:
    """Stores the pictures and the layout record."""
    layout = json.dumps(layout_record(drawn, canvas), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    names = [f"state-{number:02}" for number in range(len(drawn.pictures))]
    files = {
        name: bench.artifacts.put_bytes(picture, "image/png")
        for name, picture in zip(names, drawn.pictures, strict=True)
    }
    files["layout"] = bench.artifacts.put_bytes(layout.encode(), "application/json")
    states = [
        {"picture": name, "cue": cue, "changed": _in_pixels(box, canvas)}
        for name, cue, box in zip(names, drawn.cues, drawn.changed, strict=True)
    ]
    details = {"states": states, "motion_seconds": canvas.theme.motion["seconds"]}
    return Made(files, details, (*canvas.notices, *drawn.notices, *notices))


def _in_pixels(box: Sequence[float] | None, canvas: Canvas) -> list[int] | None:
    """The whole pixels that a box touches, with the overhang of its letters, on the page; [0, 0, 0, 0] if nothing
    changes."""
    if box is None:
        return None
    x, y, width, height = box
    if not width:
        return [0, 0, 0, 0]
    overhang = _OVERHANG * canvas.unit
    left, top = max(0, math.floor(x - overhang)), max(0, math.floor(y - overhang))
    right = min(canvas.width, math.ceil(x + width + overhang))
    bottom = min(canvas.height, math.ceil(y + height + overhang))
    return [left, top, right - left, bottom - top]
