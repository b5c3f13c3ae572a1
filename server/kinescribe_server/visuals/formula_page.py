"""A formula on its page, line by line, whoever typeset it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from xml.etree import ElementTree as ET

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Formula
from kinescribe_server.visuals.contrast import legible
from kinescribe_server.visuals.drawing import Drawing, safe_drawing
from kinescribe_server.visuals.formula_rows import row_of, with_tagged_rows
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
# The em of a short formula, and the smallest that is still read, in design pixels.
_LARGEST_EM = 170.0
_SMALLEST_EM = 28.0
# A formula in smaller letters than this is refused.
_UNREADABLE_EM = 10.0
# What stands for the words of a line until it is drawn.
_LINE = "line {}"
# How mathra begins what it says of the lines of a case distinction.
_CASE = re.compile(r"^(?:cases: )?(?:case \d+: )?")
_SHAPES = {f"{SVG}{name}" for name in ("use", "rect", "path", "line", "circle", "ellipse", "polygon")}


@dataclass(frozen=True, slots=True)
class Words:
    """A formula in words, as text and as speech, its lines parted by "; ". No speech where nobody can read it."""

    text: str
    speech: str


class Typesetter(Protocol):
    """Turns LaTeX's mathematical language into a drawing of `units_per_em` units to the em."""

    @property
    def units_per_em(self) -> float: ...

    def svg(self, latex: str) -> str:
        """The formula, with `currentColor` for what has no colour of its own. Every shape that has a colour says so
        itself. Raises MakeError (FORMULA_INVALID, FORMULA_TOO_LARGE)."""
        ...

    def words(self, latex: str) -> Words: ...


@dataclass(frozen=True, slots=True)
class _Sign:
    """One shape of a formula, its box in the drawing's units, and the line that it is in."""

    element: ET.Element
    box: Box
    row: int


def formula_source(request: VisualRequest) -> str:
    """The LaTeX of a request for a formula. Raises MakeError (VISUAL_MISMATCH, FORMULA_INVALID, FORMULA_TOO_LARGE)."""
    formula = request.visual
    if not isinstance(formula, Formula):
        raise MakeError("VISUAL_MISMATCH", f"a formula was expected, found {type(formula).__name__}")
    if len(formula.latex) > _MAX_CHARACTERS:
        raise MakeError(
            "FORMULA_TOO_LARGE", f"the formula has {len(formula.latex):,} characters of {_MAX_CHARACTERS:,} allowed"
        )
    source = plain_source(formula.latex).strip()
    if not source:
        raise MakeError("FORMULA_INVALID", "the formula is empty")
    return source


def on_page(latex: str, typesetter: Typesetter, request: VisualRequest, bench: Bench, *notices: Notice) -> Made:
    """The formula in the theme's colours, as large as the page allows; a further line in each state. Raises MakeError
    (FORMULA_INVALID, FORMULA_TOO_LARGE, THEME_UNKNOWN)."""
    canvas = canvas_of(request, bench)
    em = typesetter.units_per_em
    drawing = _drawing(typesetter.svg(latex), canvas.theme)
    _check_width(drawing, em, canvas)
    words = typesetter.words(latex)
    shapes = list(_shapes(drawing.root))
    # Nobody can say when a line appears that has no words.
    rows = _rows([element for element, _ in shapes], latex, typesetter, canvas.theme) if words.speech else []
    signs = [_Sign(element, box, row) for (element, box), row in zip(shapes, rows or [0] * len(shapes), strict=True)]
    _make_legible(signs, canvas.theme)
    count = max((sign.row for sign in signs), default=0) + 1
    title = one_line(request.visual.title) if isinstance(request.visual, Formula) else ""
    drawn = draw("drawing", _content(title, drawing, signs, canvas.theme, em=em, count=count), canvas)
    # A formula has letters that no font of the page needs to have.
    drawn = _with_words(drawn, words, count)
    return hand_over(drawn, canvas, bench, [*notices, *_small(drawn.facts["scale"] / canvas.unit)])


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


def _rows(shapes: Sequence[ET.Element], latex: str, typesetter: Typesetter, theme: Theme) -> list[int]:
    """The line of each shape; none for a formula of one line and for one whose lines cannot be told apart."""
    tagged, count = with_tagged_rows(latex)
    if count == 1:
        return []
    try:
        others = [element for element, _ in _shapes(_drawing(typesetter.svg(tagged), theme).root)]
    except MakeError:
        return []
    if [_glyph(element) for element in others] != [_glyph(element) for element in shapes]:
        return []
    rows, last = [], 0
    for element in others:
        row = row_of(element.get("fill") or element.get("stroke") or "")
        last = last if row is None else row
        rows.append(last)
    return rows if set(rows) == set(range(count)) else []


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


def _content(
    title: str, drawing: Drawing, signs: Sequence[_Sign], theme: Theme, *, em: float, count: int
) -> dict[str, Any]:
    boxes = [_box(drawing, em, [sign for sign in signs if sign.row == row]) for row in range(count)]
    return {
        "title": title,
        "natural_width": drawing.width / em,
        "natural_height": drawing.height / em,
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


def _with_words(drawn: Drawn, words: Words, count: int) -> Drawn:
    """The drawn formula with the words of each line: as text in the layout record, as speech in the cues."""
    texts = {_LINE.format(row): one_line(text) for row, text in enumerate(_lines(words.text, count))}
    boxes = [{**box, "text": texts.get(box["text"], box["text"])} for box in drawn.boxes]
    cues = [one_line(_CASE.sub("", line)) for line in _lines(words.speech, count)] if count > 1 else [""]
    return replace(drawn, boxes=tuple(boxes), cues=tuple(cues))


def _box(drawing: Drawing, em: float, signs: Sequence[_Sign]) -> Box:
    """The box of some signs in em, from the drawing's upper left corner."""
    corners: list[Point] = [corner for sign in signs for corner in (sign.box[:2], sign.box[2:])]
    left, top, right, bottom = around(corners) or (0.0, 0.0, drawing.width, drawing.height)
    x, y = drawing.left, drawing.top
    return ((left - x) / em, (top - y) / em, (right - x) / em, (bottom - y) / em)


def _lines(text: str, count: int) -> list[str]:
    """What is said of each line; of all, if it does not say how many they are."""
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


def _check_width(drawing: Drawing, units_per_em: float, canvas: Canvas) -> None:
    em = canvas.width / drawing.width * units_per_em / canvas.unit
    if em < _UNREADABLE_EM:
        raise MakeError(
            "FORMULA_TOO_LARGE",
            f"the formula is {drawing.width / units_per_em:,.0f} em wide, which cannot be read on one page; "
            r"break it into lines with \\ in an aligned environment",
        )


def _small(em: float) -> list[Notice]:
    if em >= _SMALLEST_EM:
        return []
    message = f"the formula is wide: its letters are {em:.0f} pixels at 1080p; break it into lines"
    return [Notice("FORMULA_SMALL", message)]
