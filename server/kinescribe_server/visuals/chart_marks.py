"""The marks of a chart, drawn by Matplotlib: bars, lines, areas, points and slices, and the lines behind them.

No text is drawn here. Pixels of the page are points of the figure, so that a plan's numbers are where things are.
"""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, Wedge

from kinescribe_server.visuals.chart_layout import Plan
from kinescribe_server.visuals.chart_numbers import counts
from kinescribe_server.visuals.contrast import mixed
from kinescribe_server.visuals.page import Canvas

# A bar and what is left between groups, in parts of a slot; and the ring of a donut, in parts of its radius.
_BAR = 0.72
_RING = 0.44
# Points are marked on lines of no more than this.
_MOST_MARKED = 40
# Without these a drawing holds the time and random names.
_SETTINGS: Any = {"svg.hashsalt": "kinescribe", "svg.fonttype": "path", "text.usetex": False, "path.simplify": False}
_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


def part_name(part: int) -> str:
    """The name of the group that holds what a state adds."""
    return f"part-{part}"


def draw_marks(plan: Plan, canvas: Canvas) -> str:
    """The marks as an SVG of the page's size; what belongs to part n is in groups named `part_name(n)`."""
    with mpl.rc_context(_SETTINGS):
        figure = Figure(figsize=(canvas.width / 72, canvas.height / 72), dpi=72)
        left, top, right, bottom = plan.plot
        width, height = canvas.width, canvas.height
        axes = figure.add_axes((left / width, 1 - bottom / height, (right - left) / width, (bottom - top) / height))
        axes.set_axis_off()
        for part, artist in _marks(plan, axes, canvas):
            artist.set_gid(part_name(part))
        for swatch in plan.swatches:
            x, y, to_x, to_y = swatch.box
            figure.add_artist(
                Rectangle(
                    (x / width, 1 - to_y / height), (to_x - x) / width, (to_y - y) / height, color=swatch.color,
                    linewidth=0, transform=figure.transFigure, gid=part_name(swatch.part),
                )
            )  # fmt: skip
        written = io.BytesIO()
        figure.savefig(written, format="svg", transparent=True, metadata=_METADATA)
    svg = written.getvalue().decode()
    return svg[svg.index("<svg") :]


def _marks(plan: Plan, axes: Axes, canvas: Canvas) -> Iterator[tuple[int, "mpl.artist.Artist"]]:
    """The marks with the part that each belongs to."""
    if plan.chart.kind in {"pie", "donut"}:
        yield from _slices(plan, axes, canvas)
        return
    _set_scales(plan, axes, canvas)
    match plan.chart.kind:
        case "line":
            yield from _lines(plan, axes, canvas)
        case "area":
            yield from _areas(plan, axes, canvas)
        case "scatter":
            for part, series in enumerate(plan.chart.series):
                page, u = canvas.theme.colors["page"], canvas.unit
                yield part, axes.scatter(
                    series.x_values, series.values, s=(18 * u) ** 2, color=plan.colors[part], edgecolors=page,
                    linewidths=2 * u, clip_on=False, zorder=3,
                )  # fmt: skip
        case _:
            yield from _bars(plan, axes, canvas)


def _set_scales(plan: Plan, axes: Axes, canvas: Canvas) -> None:
    """The limits, a faint line at every tick, and a stronger one where bars start."""
    colors, u = canvas.theme.colors, canvas.unit
    across, values = (plan.across.low, plan.across.high), (plan.values.low, plan.values.high)
    axes.set_xlim(*(values if plan.lying else across))
    axes.set_ylim(*(across[::-1] if plan.lying else values))
    line = axes.axvline if plan.lying else axes.axhline
    for tick in plan.values.ticks:
        line(tick, color=colors["line"], linewidth=2 * u, zorder=0)
    base = min(max(0.0, plan.values.low), plan.values.high)
    line(base, color=colors["muted"], linewidth=3 * u, zorder=4, clip_on=False)
    if plan.chart.kind == "scatter":
        for tick in plan.across.ticks:
            axes.axvline(tick, color=colors["line"], linewidth=2 * u, zorder=0)


def _bars(plan: Plan, axes: Axes, canvas: Canvas) -> Iterator[tuple[int, "mpl.artist.Artist"]]:
    chart = plan.chart
    columns: list[Sequence[float]] = [series.values for series in chart.series]
    slots = np.arange(len(chart.labels), dtype=float)
    slot = 1.0
    width = _BAR
    if chart.kind == "histogram":
        columns = [counts(values, plan.bins) for values in columns]
        slot = plan.bins[1] - plan.bins[0]
        slots, width = np.array(plan.bins[:-1]) + slot / 2, 0.96 * slot
    base = np.zeros(len(slots))
    # What lies on one another is told apart by a line between.
    edge, rim = canvas.theme.colors["page"], 3 * canvas.unit if chart.kind == "stacked_bar" else 0.0
    side_by_side = len(columns) if chart.kind != "stacked_bar" else 1
    for number, values in enumerate(columns):
        thick = width / side_by_side
        # Neighbours in a group keep a hair's breadth apart.
        shown = thick * (0.94 if side_by_side > 1 else 1.0)
        middles = slots - width / 2 + thick * ((number if side_by_side > 1 else 0) + 0.5)
        for index, value in enumerate(values):
            part = number if len(columns) > 1 else index if len(plan.parts) > 1 else 0
            corner, size = (middles[index] - shown / 2, base[index]), (shown, value)
            if plan.lying:
                corner, size = corner[::-1], size[::-1]
            yield (
                part,
                axes.add_patch(
                    Rectangle(corner, *size, facecolor=plan.colors[number], edgecolor=edge, linewidth=rim, zorder=2)
                ),
            )
        if chart.kind == "stacked_bar":
            base = base + np.array(values)


def _lines(plan: Plan, axes: Axes, canvas: Canvas) -> Iterator[tuple[int, "mpl.artist.Artist"]]:
    for part, series in enumerate(plan.chart.series):
        marked = len(series.values) <= _MOST_MARKED
        yield part, axes.plot(
            range(len(series.values)), series.values, color=plan.colors[part], linewidth=6 * canvas.unit,
            marker="o" if marked else "", markersize=16 * canvas.unit, markeredgecolor=canvas.theme.colors["page"],
            markeredgewidth=2 * canvas.unit, clip_on=False, zorder=3, solid_capstyle="round", solid_joinstyle="round",
        )[0]  # fmt: skip


def _areas(plan: Plan, axes: Axes, canvas: Canvas) -> Iterator[tuple[int, "mpl.artist.Artist"]]:
    page = canvas.theme.colors["page"]
    base = np.zeros(len(plan.chart.labels))
    slots = np.arange(len(base))
    alone = len(plan.chart.series) == 1
    for part, series in enumerate(plan.chart.series):
        color, upper = plan.colors[part], base + np.array(series.values)
        fill = mixed(page, color, 0.35) if alone else color
        yield part, axes.fill_between(slots, base, upper, color=fill, linewidth=0, zorder=2)
        # One line tells the areas apart that lie on one another.
        edge = color if alone else page
        yield part, axes.plot(slots, upper, color=edge, linewidth=(6 if alone else 3) * canvas.unit, zorder=3)[0]
        base = upper


def _slices(plan: Plan, axes: Axes, canvas: Canvas) -> Iterator[tuple[int, "mpl.artist.Artist"]]:
    """Slices clockwise from the top."""
    axes.set_xlim(-1, 1)
    axes.set_ylim(-1, 1)
    values = plan.chart.series[0].values
    total, done = sum(values), 0.0
    ring = _RING if plan.chart.kind == "donut" else None
    rim = {"edgecolor": canvas.theme.colors["page"], "linewidth": 4 * canvas.unit}
    for part, value in enumerate(values):
        start, end = 90 - 360 * (done + value) / total, 90 - 360 * done / total
        done += value
        if value:
            # Where a slice is everything, its edge would be a line through it.
            look = rim if value < total else {"linewidth": 0.0}
            yield part, axes.add_patch(Wedge((0, 0), 1, start, end, width=ring, facecolor=plan.colors[part], **look))
