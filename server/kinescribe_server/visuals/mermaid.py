"""Diagrams in Mermaid's language, drawn without a browser by either of two renderers."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mmdr
from mermaid_render import renderer as pele

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Diagram
from kinescribe_server.visuals.drawing import Drawing, safe_drawing
from kinescribe_server.visuals.label_colors import PlacedLabel, placed_labels
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import Canvas, canvas_of, draw
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.reveal import Step, first_states, states, steps
from kinescribe_server.visuals.svg_geometry import Box, around
from kinescribe_server.visuals.themes import Theme
from kinescribe_server.visuals.wording import han_family, has_han, one_line, plain_source

_MAX_CHARACTERS = 20_000
# A line is a box or more; so many cannot be read on a page, and some types take seconds for a thousand.
_MAX_LINES = 600
# Mermaid's own limit (its setting maxEdges). Layout time grows with the square of it.
_MAX_EDGES = 500
_EDGE = re.compile(r"--|==|-\.|~~~|->|<-|&")
# Labels are not drawn larger than this, in design pixels, so that a diagram of two boxes does not shout.
_LARGEST_TEXT = 46.0
# Below this, in design pixels, a diagram is turned if that helps; below the next the user is told.
_COMFORTABLE_TEXT = 30.0
_SMALL_TEXT = 16.0
# And below this it is refused.
_UNREADABLE_TEXT = 6.0
# A diagram is changed when its text grows by at least this much.
_WORTH_CHANGING = 1.15
# How a diagram is set closer, tried in this order. First nodes closer together, with their labels in two short lines
# sooner than in one long one; then arrows of little more than their heads, and messages in several lines.
_CLOSER: tuple[Mapping[str, Mapping[str, object]], ...] = (
    {
        "flowchart": {"rankSpacing": 24, "nodeSpacing": 28, "wrappingWidth": 80},
        "sequence": {"messageMargin": 20, "mirrorActors": False, "boxMargin": 6, "noteMargin": 8, "diagramMarginY": 4},
        "gantt": {"useWidth": 600},
        "mindmap": {"maxNodeWidth": 80},
    },
    {
        "flowchart": {"rankSpacing": 14, "nodeSpacing": 20},
        "sequence": {"messageMargin": 20, "mirrorActors": False, "wrap": True, "width": 100, "actorMargin": 10},
        "mindmap": {"maxNodeWidth": 60},
    },
)
# Larger drawings take too long to be drawn in several ways; their text stays small in all of them.
_LARGE_SVG = 200_000
# The room for the diagram as parts of the page, for comparing directions before the page is set.
_ROOM = (0.93, 0.72)

# Within pictures Typst (0.15) sets weight 400 in the lightest that a font has, which of Noto Sans CJK is a hairline.
_HAN_WEIGHT = "500"

_WHERE = re.compile(r"^([\w-]+) at (\d+):(\d+): (.*)", re.DOTALL)
_FLOW = re.compile(r"^(\s*(?:flowchart|graph)\s+)(LR|RL|TD|TB|BT)\b", re.MULTILINE)
# Other types say their direction in a line of its own; without it they run downwards.
_HEAD = re.compile(r"^(\s*(?:stateDiagram(?:-v2)?|classDiagram(?:-v2)?|erDiagram))[ \t]*$", re.MULTILINE)
_DIRECTION = re.compile(r"^(\s*direction\s+)(LR|RL|TD|TB|BT)\b", re.MULTILINE)
# The types whose layout can be closer; trying takes as long as drawing.
_ELASTIC = re.compile(
    r"^\s*(?:flowchart|graph|sequenceDiagram|stateDiagram(?:-v2)?|classDiagram(?:-v2)?|erDiagram|gantt|mindmap)\b",
    re.MULTILINE,
)
# It counts the days one by one, be they millions.
_COUNTS_DAYS = re.compile(r"^\s*gantt\b.*^\s*excludes\b", re.MULTILINE | re.DOTALL)
_TURNED = {"LR": "TD", "RL": "BT", "TD": "LR", "TB": "LR", "BT": "RL"}

Render = Callable[[str, Canvas], Drawing]


def make_diagram_with_mermaid_render(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, a Diagram. Raises MakeError (DIAGRAM_INVALID, DIAGRAM_TOO_LARGE,
    THEME_UNKNOWN)."""
    return _make(request, bench, _with_mermaid_render)


def make_diagram_with_mmdr(request: VisualRequest, bench: Bench) -> Made:
    """As make_diagram_with_mermaid_render, with the other renderer. Raises MakeError (DIAGRAM_UNSUPPORTED) too."""
    return _make(request, bench, _with_mmdr)


def _make(request: VisualRequest, bench: Bench, render: Render) -> Made:
    diagram = request.visual
    if not isinstance(diagram, Diagram):
        raise MakeError("VISUAL_MISMATCH", f"a diagram was expected, found {type(diagram).__name__}")
    source = plain_source(diagram.source)
    _check_amount(source)
    canvas = canvas_of(request, bench)
    drawing = _best_layout(source, render, canvas)
    _check_text(_expected_text(drawing, canvas))
    drawn = draw("drawing", _content(one_line(diagram.title), drawing, canvas), canvas)
    text_size = drawing.text_size * drawn.facts["scale"] / canvas.unit
    return hand_over(drawn, canvas, bench, _notices(text_size))


def _content(title: str, drawing: Drawing, canvas: Canvas) -> dict[str, Any]:
    labels = placed_labels(drawing, canvas)
    found = steps(drawing.root) if len(drawing.svg) <= _LARGE_SVG else []
    first = first_states(found)
    placed = [(first.get(label.element, 0), label) for label in labels]
    return {
        "title": title,
        "natural_width": drawing.width,
        "natural_height": drawing.height,
        "max_scale": _LARGEST_TEXT / 16,
        "states": [
            {"svg": svg, "cue": one_line(step.cue), "changed": _changed(number, step, placed, drawing)}
            for number, (step, svg) in enumerate(zip(found or [Step("")], states(drawing.root, found), strict=True))
        ],
        "labels": [{**label.as_json(), "from": number} for number, label in placed],
    }


def _changed(number: int, step: Step, placed: Sequence[tuple[int, PlacedLabel]], drawing: Drawing) -> Box:
    """The box of what a step adds, from the drawing's upper left corner."""
    shapes = [(x - drawing.left, y - drawing.top) for x, y in step.points]
    words = [corner for first, label in placed if first == number for corner in label.corners]
    return around(shapes + words) or (0.0, 0.0, drawing.width, drawing.height)


def _check_amount(source: str) -> None:
    if not source.strip():
        raise MakeError("DIAGRAM_INVALID", "the diagram has no source")
    edges, lines = len(_EDGE.findall(source)), source.count("\n") + 1
    if len(source) > _MAX_CHARACTERS or edges > _MAX_EDGES or lines > _MAX_LINES:
        raise MakeError(
            "DIAGRAM_TOO_LARGE",
            f"the diagram has {len(source):,} characters in {lines:,} lines and about {edges:,} edges; "
            f"a diagram can have {_MAX_CHARACTERS:,} characters, {_MAX_LINES} lines and {_MAX_EDGES} edges",
        )


def _check_text(text_size: float) -> None:
    if 0 < text_size < _UNREADABLE_TEXT:
        raise MakeError(
            "DIAGRAM_TOO_LARGE",
            f"the diagram cannot be read on one page: its smallest text would be {text_size:.1f} pixels high at 1080p, "
            f"and {_UNREADABLE_TEXT:.0f} are needed; split it",
        )


def _notices(text_size: float) -> tuple[Notice, ...]:
    if text_size == 0 or text_size >= _SMALL_TEXT:
        return ()
    message = (
        f"the diagram is large: its smallest text is {text_size:.0f} pixels high at 1080p; split it to be readable"
    )
    return (Notice("DIAGRAM_TEXT_SMALL", message),)


def _best_layout(source: str, render: Render, canvas: Canvas) -> Drawing:
    """The diagram as written, or set closer, or turned by a quarter, where its text would else be small."""
    best = render(source, canvas)
    if not best.labels or len(best.svg) > _LARGE_SVG or not _ELASTIC.search(source):
        return best
    for settings in _CLOSER:
        if _expected_text(best, canvas) >= _COMFORTABLE_TEXT:
            break
        for text in dict.fromkeys((source, _turned(source))):
            other = render(_with_directive(text, settings), canvas)
            if _expected_text(other, canvas) >= _WORTH_CHANGING * _expected_text(best, canvas):
                best = other
    return best


def _turned(source: str) -> str:
    """The source of the same diagram from left to right instead of downwards, or the other way round."""
    for pattern in (_FLOW, _DIRECTION):
        if pattern.search(source):
            return pattern.sub(lambda found: found[1] + _TURNED[found[2]], source, count=1)
    return _HEAD.sub(r"\1\n  direction LR", source, count=1)


def _expected_text(drawing: Drawing, canvas: Canvas) -> float:
    """How large the diagram's text will be, in design pixels."""
    scale = min(_ROOM[0] * canvas.width / drawing.width, _ROOM[1] * canvas.height / drawing.height)
    return min(drawing.text_size * scale / canvas.unit, _LARGEST_TEXT)


def _with_mermaid_render(source: str, canvas: Canvas) -> Drawing:
    # The renderer looks themes up by name in this table, and has no other way to be given colours.
    name = f"kinescribe-{canvas.theme.name}"
    pele.THEMES[name] = _pele_colors(canvas.theme)
    try:
        svg = pele.render(source, name)["result"]["svg"]
    except ValueError as error:
        raise _invalid(str(error)) from error
    return _checked(svg, canvas)


def _pele_colors(theme: Theme) -> dict[str, str]:
    colors = theme.colors
    return {
        "bg": colors["page"],
        "fg": colors["text"],
        "muted": colors["muted"],
        "line": colors["muted"],
        "surface": colors["band"],
        "surface-alt": colors["card"],
        "border": colors["accent"],
        "accent": colors["accent"],
    }


def _with_mmdr(source: str, canvas: Canvas) -> Drawing:
    if _COUNTS_DAYS.search(source):
        raise MakeError("DIAGRAM_UNSUPPORTED", "this renderer draws no gantt charts that exclude days")
    try:
        svg = mmdr.render(_with_colors(source, canvas.theme)).svg()
    except ValueError as error:
        raise _invalid(str(error)) from error
    return _checked(svg, canvas)


def _with_colors(source: str, theme: Theme) -> str:
    """The source with a directive for the colours, after the front matter if there is some."""
    colors = theme.colors
    # One ink after the other for slices; they are all legible on the page, and so can be told from it.
    inks = [theme.code[name] for name in sorted(theme.code)]
    variables = {
        **{f"pie{number}": inks[number % len(inks)] for number in range(1, 13)},
        "background": colors["page"],
        "darkMode": theme.dark,
        "primaryColor": colors["band"],
        "primaryTextColor": colors["text"],
        "primaryBorderColor": colors["accent"],
        "secondaryColor": colors["card"],
        "tertiaryColor": colors["card"],
        "lineColor": colors["muted"],
        "textColor": colors["text"],
        "edgeLabelBackground": colors["page"],
        "noteBkgColor": colors["card"],
        "noteTextColor": colors["text"],
    }
    return _with_directive(source, {"theme": "base", "look": "classic", "themeVariables": variables})


def _with_directive(source: str, settings: Mapping[str, Any]) -> str:
    """The source with settings for its drawing, after the front matter if there is some."""
    front = re.match(r"\s*---\s*\n.*?\n\s*---\s*\n", source, re.DOTALL)
    end = front.end() if front else 0
    return source[:end] + "%%{init: " + json.dumps(settings) + "}%%\n" + source[end:]


def _checked(svg: str, canvas: Canvas) -> Drawing:
    try:
        drawing = safe_drawing(svg, canvas.theme.fonts["body"])
    except ValueError as error:
        raise MakeError("DIAGRAM_INVALID", f"the diagram could not be drawn: {error}") from error
    family = han_family("".join(label.text for label in drawing.labels), canvas.language)
    for label in drawing.labels:
        if has_han(label.text):
            label.element.set("font-family", family)
            if not label.bold:
                label.element.set("font-weight", _HAN_WEIGHT)
    return drawing


def _invalid(message: str) -> MakeError:
    if "execution failed" in message or "resource limit" in message:
        return MakeError("DIAGRAM_TOO_LARGE", "the diagram takes too long or too much memory to lay out; split it")
    found = _WHERE.match(message)
    if not found:
        return MakeError("DIAGRAM_INVALID", one_line(message))
    _, line, column, what = found.groups()
    what = re.sub(r"^(Parse|Lexical) error on line \d+[:.]\s*", "", what)
    detail = one_line(" ".join(part for part in what.splitlines() if not re.fullmatch(r"[-\s^]*", part)))
    place = f"line {line}, column {column}: " if int(line) else ""
    return MakeError("DIAGRAM_INVALID", place + detail)
