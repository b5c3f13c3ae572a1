"""Charts of typed numbers. Matplotlib draws the marks, Typst sets the words: in the theme's fonts, in every script."""

from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Chart
from kinescribe_server.visuals.chart_layout import LINE, Plan, Room, Words
from kinescribe_server.visuals.chart_marks import draw_marks, part_name
from kinescribe_server.visuals.chart_numbers import checked
from kinescribe_server.visuals.chart_pie import plan_pie
from kinescribe_server.visuals.chart_plot import plan_plot
from kinescribe_server.visuals.drawing import Drawing, safe_drawing
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import Canvas, canvas_of, draw
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.svg_geometry import IDENTITY, Box, Point, around, number, shape_points
from kinescribe_server.visuals.svg_styles import SVG
from kinescribe_server.visuals.wording import direction, one_line

# Longer names are cut wherever they stand.
_MAX_NAME = 100
# The second plan knows the room and the widths, a third where lines then break; more change a hair.
_MOST_PLANS = 4


def make_chart(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, a Chart. Raises MakeError (CHART_INVALID, THEME_UNKNOWN)."""
    chart = request.visual
    if not isinstance(chart, Chart):
        raise MakeError("VISUAL_MISMATCH", f"a chart was expected, found {type(chart).__name__}")
    canvas = canvas_of(request, bench)
    chart = _worded(checked(chart))
    plan = _plan(chart, canvas)
    drawing = safe_drawing(draw_marks(plan, canvas), canvas.theme.fonts["body"])
    return hand_over(draw("chart", _content(plan, drawing), canvas), canvas, bench)


def _worded(chart: Chart) -> Chart:
    """The chart with texts that can be set."""
    return replace(
        chart,
        title=one_line(chart.title),
        labels=tuple(one_line(label)[:_MAX_NAME] for label in chart.labels),
        series=tuple(replace(series, name=one_line(series.name)[:_MAX_NAME]) for series in chart.series),
        x_title=one_line(chart.x_title)[:_MAX_NAME],
        y_title=one_line(chart.y_title)[:_MAX_NAME],
    )


def _plan(chart: Chart, canvas: Canvas) -> Plan:
    """Plans with guessed widths first, to learn which texts there are, and again with what these measure."""
    lay_out = plan_pie if chart.kind in {"pie", "donut"} else plan_plot
    room = Room(0.0, 0.0, float(canvas.width), float(canvas.height), canvas.unit)
    widths: dict[str, float] = {}
    for _ in range(_MOST_PLANS):
        words = Words(canvas.theme, canvas.language, widths)
        plan = lay_out(chart, words, room)
        texts = sorted(words.asked - widths.keys())
        if widths and not texts:
            break
        facts = draw("measure", {"title": chart.title, "dir": direction(chart.title), "texts": texts}, canvas).facts
        left, top, right, bottom = facts["room"]
        room = Room(left, top, right, bottom, canvas.unit)
        widths |= dict(zip(texts, facts["widths"], strict=True))
    return plan


def _content(plan: Plan, drawing: Drawing) -> dict[str, Any]:
    return {
        "title": plan.chart.title,
        "dir": direction(plan.chart.title),
        "states": _states(plan, drawing),
        "labels": [
            {
                "shown": label.shown, "full": label.full, "x": label.x, "y": label.y, "width": label.width,
                "size": label.size, "side": label.side, "color": label.color,
                "from": min(label.first, len(plan.parts) - 1),
            }
            for label in plan.labels
            if label.full
        ],
    }  # fmt: skip


def _states(plan: Plan, drawing: Drawing) -> list[dict[str, Any]]:
    """The marks after each part, and the box of what the part adds."""
    names = [part_name(part) for part in range(len(plan.parts))]
    groups = {name: [element for element in drawing.root.iter() if element.get("id") == name] for name in names}
    states = []
    for part in reversed(range(len(plan.parts))):
        box = _box(plan, part, groups[names[part]])
        states.append({"svg": drawing.svg, "cue": plan.parts[part], "changed": box})
        for element in groups[names[part]]:
            element.set("display", "none")
    return states[::-1]


def _box(plan: Plan, part: int, elements: list[ET.Element]) -> Box:
    """The box of a part's marks and labels."""
    points: list[Point] = []
    for element in elements:
        masters = {master for defs in element.iter(f"{SVG}defs") for master in defs.iter()}
        for shape in element.iter():
            if shape.tag == f"{SVG}use":  # a point is drawn where it is used
                points.append((number(shape, "x"), number(shape, "y")))
            elif shape not in masters:
                points += shape_points(shape, IDENTITY)
    for label in plan.labels:
        if label.first == part:
            points += [(label.x, label.y), (label.x + label.width, label.y + LINE * label.size)]
    return around(points) or plan.plot
