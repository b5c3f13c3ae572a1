"""Formulas in LaTeX's mathematical language, drawn by mathra without a TeX installation, line by line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from xml.etree import ElementTree as ET

import mathra

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Formula
from kinescribe_server.visuals.contrast import legible
from kinescribe_server.visuals.drawing import Drawing, safe_drawing
from kinescribe_server.visuals.formula_rows import has_column_rules, rewritten, row_of, with_tagged_rows
from kinescribe_server.visuals.label_colors import hexadecimal
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import Canvas, Drawn, canvas_of, draw
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.svg_geometry import (
    Box,
    Matrix,
    Point,
    around,
    contains,
    joined,
    number,
    own_matrix,
    shape_points,
)
from kinescribe_server.visuals.svg_styles import SVG
from kinescribe_server.visuals.themes import Theme
from kinescribe_server.visuals.wording import one_line, plain_source

# 40,000 characters make an SVG of 6 MB; nobody reads more than this on one page.
_MAX_CHARACTERS = 2_000
# Short macros that expand to one another make much of little; a full page has about a thousand signs.
_MAX_SIGNS = 6_000
# mathra's drawings have 1000 units to the em.
_UNITS_PER_EM = 1000
# The em of a short formula, and the smallest that is still read, in design pixels.
_LARGEST_EM = 170.0
_SMALLEST_EM = 28.0
# A formula in smaller letters than this is refused.
_UNREADABLE_EM = 10.0
_COLUMN = re.compile(r"^column (\d+): ")
# What stands for the words of a line until it is drawn.
_LINE = "line {}"
# How mathra begins what it says of the lines of a case distinction.
_CASE = re.compile(r"^(?:cases: )?(?:case \d+: )?")
_SHAPES = {f"{SVG}{name}" for name in ("use", "rect", "path", "line", "circle", "ellipse", "polygon")}


@dataclass(frozen=True, slots=True)
class _Sign:
    """One shape of a formula, its box in the drawing's units, and the line that it is in."""

    element: ET.Element
    box: Box
    row: int


def make_formula(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, a Formula. Raises MakeError (FORMULA_INVALID, FORMULA_TOO_LARGE, THEME_UNKNOWN)."""
    formula = request.visual
    if not isinstance(formula, Formula):
        raise MakeError("VISUAL_MISMATCH", f"a formula was expected, found {type(formula).__name__}")
    if len(formula.latex) > _MAX_CHARACTERS:
        raise MakeError(
            "FORMULA_TOO_LARGE", f"the formula has {len(formula.latex):,} characters of {_MAX_CHARACTERS:,} allowed"
        )
    canvas = canvas_of(request, bench)
    source = plain_source(formula.latex).strip()
    result = _typeset(source)
    if (other := rewritten(source)) != source:
        result = _typeset(other)
    drawing = _drawing(result["svg"], canvas.theme)
    _check_width(drawing, canvas)
    signs = _signs(drawing, other, canvas.theme)
    _make_legible(signs, canvas.theme)
    count = max((sign.row for sign in signs), default=0) + 1
    drawn = draw("drawing", _content(one_line(formula.title), drawing, signs, count, canvas.theme), canvas)
    # mathra draws its words itself, in letters that no font of the page needs to have.
    drawn = _with_words(drawn, result, count)
    return hand_over(drawn, canvas, bench, _notices(source, drawn.facts["scale"] / canvas.unit))


def _typeset(source: str) -> Mapping[str, Any]:
    if not source:
        raise MakeError("FORMULA_INVALID", "the formula is empty")
    try:
        result: Mapping[str, Any] = mathra.render(source)
    except ValueError as error:
        raise MakeError("FORMULA_INVALID", one_line(str(error))) from error
    # mathra draws broken LaTeX as far as it goes and says so; half a formula is a wrong formula.
    if result["warnings"]:
        problems = "; ".join(_problem(warning["description"], source) for warning in result["warnings"][:3])
        raise MakeError("FORMULA_INVALID", one_line(problems))
    return result


def _problem(description: str, source: str) -> str:
    """What mathra found, with its line where there are several, without what it did about it."""
    what = description.rpartition("; ")[0] or description
    found = _COLUMN.match(what)
    if not found:
        return what
    before = source[: int(found[1]) - 1]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}: {what[found.end() :]}"


def _drawing(svg: str, theme: Theme) -> Drawing:
    signs = svg.count("<use ")
    if signs > _MAX_SIGNS:
        raise MakeError("FORMULA_TOO_LARGE", f"the formula has {signs:,} signs of {_MAX_SIGNS:,} allowed")
    try:
        drawing = safe_drawing(svg.replace("currentColor", theme.colors["text"]), theme.fonts["body"])
    except ValueError as error:
        raise MakeError("FORMULA_INVALID", one_line(str(error))) from error
    for text in drawing.root.findall(f"{SVG}text"):  # a transparent copy for those who select it
        drawing.root.remove(text)
    return drawing


def _signs(drawing: Drawing, source: str, theme: Theme) -> list[_Sign]:
    shapes = list(_shapes(drawing.root))
    rows = _rows([element for element, _ in shapes], source, theme)
    return [_Sign(element, box, row) for (element, box), row in zip(shapes, rows, strict=True)]


def _shapes(root: ET.Element) -> Iterator[tuple[ET.Element, Box]]:
    """The shapes that are painted, with their boxes from the drawing's origin."""
    glyphs = {f"#{path.get('id')}": path for path in root.iter(f"{SVG}path") if path.get("id")}
    waiting: list[tuple[ET.Element, Matrix]] = [(root, (1, 0, 0, 1, 0, 0))]
    while waiting:
        element, outer = waiting.pop()
        if element.tag == f"{SVG}defs":
            continue
        matrix = joined(outer, own_matrix(element))
        if element.tag in _SHAPES:
            shape = element
            if element.tag == f"{SVG}use":
                shape = glyphs.get(element.get("href", ""), element)
                matrix = joined(matrix, (1, 0, 0, 1, number(element, "x"), number(element, "y")))
            box = around(shape_points(shape, matrix))
            if box:  # a space has no points
                yield element, box
        waiting.extend((child, matrix) for child in reversed(element))


def _rows(shapes: Sequence[ET.Element], source: str, theme: Theme) -> list[int]:
    """The line of each shape; all 0 for a formula of one line and for one whose lines cannot be told apart."""
    tagged, count = with_tagged_rows(source)
    if count == 1:
        return [0] * len(shapes)
    try:
        result = mathra.render(tagged)
        others = [element for element, _ in _shapes(_drawing(result["svg"], theme).root)]
    except (ValueError, MakeError):
        others = []
    if [_glyph(element) for element in others] != [_glyph(element) for element in shapes]:
        return [0] * len(shapes)
    rows, last = [], 0
    for element in others:
        row = row_of(element.get("fill") or element.get("stroke") or "")
        last = last if row is None else row
        rows.append(last)
    return rows if set(rows) == set(range(count)) else [0] * len(shapes)


def _glyph(element: ET.Element) -> str:
    """What a shape shows, without the name of the drawing that it is in."""
    return element.tag + element.get("href", "").rpartition("-")[2]


def _make_legible(signs: Sequence[_Sign], theme: Theme) -> None:
    """Gives signs in the user's colours, and those on the user's coloured boxes, colours that can be read there."""
    grounds = [
        (sign.box, color)
        for sign in signs
        if sign.element.tag == f"{SVG}rect" and (color := hexadecimal(sign.element.get("fill", "")))
    ]
    for sign in signs:
        below = [color for box, color in grounds if contains(box, sign.box) and box != sign.box]
        color = hexadecimal(sign.element.get("fill", ""))
        if sign.element.tag == f"{SVG}use" and (color or below):
            ground = below[-1] if below else theme.colors["page"]
            sign.element.set("fill", legible(color or theme.colors["text"], [ground]))


def _content(title: str, drawing: Drawing, signs: Sequence[_Sign], count: int, theme: Theme) -> dict[str, Any]:
    boxes = [_box(drawing, [sign for sign in signs if sign.row == row]) for row in range(count)]
    return {
        "title": title,
        "natural_width": drawing.width / _UNITS_PER_EM,
        "natural_height": drawing.height / _UNITS_PER_EM,
        "max_scale": _LARGEST_EM,
        "states": [
            {"svg": svg, "cue": "", "changed": box}
            for svg, box in zip(_states(drawing, signs, count), boxes, strict=True)
        ],
        "labels": [
            {
                "text": _LINE.format(row), "x": box[0], "y": box[1], "width": box[2] - box[0],
                "height": box[3] - box[1], "size": 1, "color": theme.colors["text"],
                "background": theme.colors["page"], "from": row,
            }
            for row, box in enumerate(_one_below_the_other(boxes))
        ],
    }  # fmt: skip


def _one_below_the_other(boxes: Sequence[Box]) -> list[Box]:
    """The boxes of the lines without what reaches down beside the next line, as a brace does."""
    tops = [box[1] for box in boxes[1:]] + [boxes[-1][3]]
    return [
        (left, top, right, min(bottom, below) if below > top else bottom)
        for (left, top, right, bottom), below in zip(boxes, tops, strict=True)
    ]


def _with_words(drawn: Drawn, result: Mapping[str, Any], count: int) -> Drawn:
    """The drawn formula with what mathra says of each line: as text in the layout record, as speech in the cues."""
    texts = {_LINE.format(row): one_line(text) for row, text in enumerate(_lines(result["text"], count))}
    boxes = [{**box, "text": texts.get(box["text"], box["text"])} for box in drawn.boxes]
    cues = [one_line(_CASE.sub("", line)) for line in _lines(result["speech"], count)] if count > 1 else [""]
    return replace(drawn, boxes=tuple(boxes), cues=tuple(cues))


def _box(drawing: Drawing, signs: Sequence[_Sign]) -> Box:
    """The box of some signs in em, from the drawing's upper left corner."""
    corners: list[Point] = [corner for sign in signs for corner in (sign.box[:2], sign.box[2:])]
    left, top, right, bottom = around(corners) or (0.0, 0.0, drawing.width, drawing.height)
    x, y = drawing.left, drawing.top
    return tuple(value / _UNITS_PER_EM for value in (left - x, top - y, right - x, bottom - y))  # type: ignore[return-value]


def _lines(text: str, count: int) -> list[str]:
    """What mathra says of each line; of all, if it does not say how many they are."""
    parts = text.split("; ")
    return parts if len(parts) == count else [text, *[""] * (count - 1)]


def _states(drawing: Drawing, signs: Sequence[_Sign], count: int) -> list[str]:
    """The formula with one line, with two, and so on. The lines keep their places."""
    states = [drawing.svg]
    for row in range(count - 1, 0, -1):
        for sign in signs:
            if sign.row == row:
                sign.element.set("display", "none")
        states.append(drawing.svg)
    return states[::-1]


def _check_width(drawing: Drawing, canvas: Canvas) -> None:
    em = canvas.width / drawing.width * _UNITS_PER_EM / canvas.unit
    if em < _UNREADABLE_EM:
        raise MakeError(
            "FORMULA_TOO_LARGE",
            f"the formula is {drawing.width / _UNITS_PER_EM:,.0f} em wide, which cannot be read on one page; "
            r"break it into lines with \\ in an aligned environment",
        )


def _notices(source: str, em: float) -> list[Notice]:
    found = []
    if has_column_rules(source):
        found.append(Notice("FORMULA_SIMPLIFIED", "the rules between the columns of an array are not drawn"))
    if em < _SMALLEST_EM:
        message = f"the formula is wide: its letters are {em:.0f} pixels at 1080p; break it into lines"
        found.append(Notice("FORMULA_SMALL", message))
    return found
