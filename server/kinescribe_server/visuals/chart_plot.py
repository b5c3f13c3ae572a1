"""The page of a chart with axes: bars, lines, areas, points, histograms."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kinescribe_server.script.model import Chart
from kinescribe_server.visuals.chart_layout import (
    GAP,
    LINE,
    Label,
    Plan,
    Room,
    Swatch,
    Words,
    halves,
    legend,
    places,
    series_colors,
    wrapped,
)
from kinescribe_server.visuals.chart_numbers import (
    Axis,
    axis_for,
    bins_for,
    counts,
    decimals,
    power_of,
    power_words,
    written,
)

# Sizes in design pixels: labels of axes and numbers, and the distance of ticks.
_LABEL = 34.0
_TICKS_APART = 110.0
# The names of lying bars take at most so much of the width.
_NAMES_SHARE = 0.4
# A name below a plot takes at most so much of the width.
_WIDEST = 0.4
# Labels side by side keep this much of their slots.
_FILLED = 0.92
# Bars are named with their numbers and appear one by one if there are no more than this.
_MOST_NUMBERED = 12
# A chart of more numbers is seen at once.
_MOST_MARKS = 600
# A line that stays far from zero is drawn without it.
_FAR_FROM_ZERO = 0.5


@dataclass(slots=True)
class _Frame:
    """A chart on its way to a plan."""

    chart: Chart
    words: Words
    room: Room
    values: Axis
    power: int
    labels: list[Label]
    swatches: list[Swatch]
    top: float

    @property
    def size(self) -> float:
        return _LABEL * self.room.unit

    @property
    def gap(self) -> float:
        return GAP * self.room.unit

    @property
    def numbered(self) -> bool:
        return self.chart.kind == "bar" and len(self.chart.series) == 1 and len(self.chart.labels) <= _MOST_NUMBERED

    def number(self, value: float) -> str:
        return written(value, self.power, self.words.language)

    def ticks(self) -> list[str]:
        return _written(self.values.ticks, self.power, self.words)


def plan_plot(chart: Chart, words: Words, room: Room) -> Plan:
    """Lays out a checked chart that has axes."""
    many = len(chart.series) > 1
    colors = series_colors(words.theme, len(chart.series))
    names = [series.name or str(number) for number, series in enumerate(chart.series, 1)]
    labels, swatches, top = legend(names, colors, words, room) if many else ([], [], room.top)
    bins = bins_for(chart.series) if chart.kind == "histogram" else ()
    values = _value_axis(chart, bins, int((room.bottom - top) / (_TICKS_APART * room.unit)))
    frame = _Frame(chart, words, room, values, power_of(values.ticks), labels, swatches, top)
    across = Axis(-0.5, len(chart.labels) - 0.5, tuple(float(index) for index in range(len(chart.labels))))
    lying = False
    if chart.kind == "histogram":
        across, power = Axis(bins[0], bins[-1], bins), power_of(bins)
        plot = _standing(frame, across, _written(bins, power, words), power)
    elif chart.kind == "scatter":
        positions = [x for series in chart.series for x in series.x_values]
        across = axis_for(positions, max(3, int(room.width / (1.6 * _TICKS_APART * room.unit))), from_zero=False)
        power = power_of(across.ticks)
        plot = _standing(frame, across, _written(across.ticks, power, words), power)
    elif chart.kind in {"bar", "stacked_bar"} and _names_need_rows(frame):
        lying, plot = True, _lying(frame, across)
    else:
        plot = _standing(frame, across, chart.labels)
    few = sum(len(series.values) for series in chart.series) <= _MOST_MARKS
    parts = tuple(names) if many and few else chart.labels if frame.numbered else ("",)
    if frame.numbered:  # lines behind the bars would measure nothing
        values = replace(values, ticks=())
    return Plan(
        chart, plot, colors, parts, tuple(frame.labels), tuple(frame.swatches), across, values, bins, lying
    )  # fmt: skip


def _written(ticks: Sequence[float], power: int, words: Words) -> list[str]:
    digits = decimals(ticks, power)
    return [written(tick, power, words.language, digits=digits) for tick in ticks]


def _value_axis(chart: Chart, bins: Sequence[float], most_ticks: int) -> Axis:
    series = [one.values for one in chart.series]
    if chart.kind == "histogram":
        numbers = [float(count) for one in series for count in counts(one, bins)]
    elif chart.kind in {"stacked_bar", "area"}:
        numbers = [sum(column) for column in zip(*series, strict=True)]
    else:
        numbers = [value for one in series for value in one]
    low, high = min(numbers), max(numbers)
    free = chart.kind == "scatter" or (chart.kind == "line" and (low > _FAR_FROM_ZERO * high or high < 0))
    return axis_for(numbers, min(max(most_ticks, 3), 10), from_zero=not free, whole=chart.kind == "histogram")


def _names_need_rows(frame: _Frame) -> bool:
    """Whether the names of bars are too long to stand below them, and the bars can lie."""
    names, size = frame.chart.labels, frame.size
    slot = frame.room.width * 0.94 / len(names)
    two_lines = [halves(name) or (name,) for name in names]
    narrow = all(frame.words.width(line, size) <= _FILLED * slot for lines in two_lines for line in lines)
    room_for_rows = (frame.room.bottom - frame.top - 3 * LINE * size) / len(names)
    thick = 0.5 * (len(frame.chart.series) if frame.chart.kind == "bar" else 1)
    return not narrow and room_for_rows >= size * max(LINE, thick)


def _standing(frame: _Frame, across: Axis, names: Sequence[str], power: int = 0) -> tuple[float, float, float, float]:
    """Values upwards. Adds the labels and answers the plot's box."""
    room, words, size, gap = frame.room, frame.words, frame.size, frame.gap
    top = _title_line(frame, frame.chart.y_title, power_words(frame.power)) + 0.5 * LINE * size
    ticks = [] if frame.numbered else frame.ticks()
    left = room.left + (max(words.width(tick, size) for tick in ticks) + gap if ticks else 0.0)
    right = room.right
    if frame.chart.kind in {"scatter", "histogram"}:  # names stand at the ends
        right -= max(words.width(names[-1], size) / 2, gap)
    below = _below(frame, frame.chart.x_title, power_words(power))
    lines = _name_lines(frame, names, (right - left) / max(1, len(names)))
    # Below the number at the foot of the other axis, which a wide name would else touch.
    apart = 0.62 * LINE * size
    bottom = below - apart - len(lines[0][1]) * LINE * size
    names_top = bottom + apart
    if frame.numbered and frame.values.low < 0:  # numbers stand below their bars
        bottom -= LINE * size
    centres = [place for _, place in places(across, left, right)]
    ends = [room.left] * len(lines[0][1])
    for index, shown in lines:
        for row, line in enumerate(shown):
            width = min(words.width(line, size), _WIDEST * (right - left))
            # At the ends of an axis a name stays on the page, unless another is there.
            x = min(max(centres[index] - width / 2, room.left), room.right - width)
            if line and x >= ends[row]:
                at = (x, names_top + row * LINE * size, width)
                frame.labels.append(words.label(line, at, size, "center"))
                ends[row] = x + width + gap / 2
    for (_, place), tick in zip(places(frame.values, bottom, top), ticks, strict=False):
        frame.labels.append(
            words.label(tick, (room.left, place - LINE * size / 2, left - gap - room.left), size, "right", muted=True)
        )
    if frame.numbered:
        top += LINE * size
        _number_standing(frame, centres, (right - left) / len(names), bottom, top)
    return left, top, right, bottom


def _number_standing(frame: _Frame, centres: Sequence[float], slot: float, bottom: float, top: float) -> None:
    axis, size = frame.values, frame.size
    for part, (centre, value) in enumerate(zip(centres, frame.chart.series[0].values, strict=True)):
        place = bottom - (value - axis.low) / (axis.high - axis.low) * (bottom - top)
        y = place - LINE * size - frame.gap / 3 if value >= 0 else place + frame.gap / 3
        number = frame.number(value)
        frame.labels.append(frame.words.label(number, (centre - slot / 2, y, slot), size, "center", first=part))


def _name_lines(frame: _Frame, names: Sequence[str], slot: float) -> list[tuple[int, tuple[str, ...]]]:
    """Which names are shown below the plot, and in which lines: all in one, all in up to two, or every so many."""
    words, size = frame.words, frame.size
    if all(words.width(name, size) <= _FILLED * slot for name in names):
        return [(index, (name,)) for index, name in enumerate(names)]
    parted = [halves(name) or (name,) for name in names]
    if all(words.width(line, size) <= _FILLED * slot for lines in parted for line in lines):
        most = max(len(lines) for lines in parted)
        return [(index, (*lines, "")[:most] if len(lines) < most else lines) for index, lines in enumerate(parted)]
    widest = max(words.width(name, size) for name in names)
    step = min(max(1, -int(-widest // (_FILLED * slot))), max(1, len(names) // 2))
    return [(index, (names[index],)) for index in range(0, len(names), step)]


def _lying(frame: _Frame, across: Axis) -> tuple[float, float, float, float]:
    """Bars from left to right, each with its name before it. Adds the labels and answers the plot's box."""
    room, words, size, gap = frame.room, frame.words, frame.size, frame.gap
    top = _title_line(frame, frame.chart.x_title, "")
    rows = (room.bottom - top - 3 * LINE * size) / len(frame.chart.labels)
    lines = _row_names(frame, _NAMES_SHARE * room.width, rows)
    column = min(max(words.width(line, size) for name in lines for line in name), _NAMES_SHARE * room.width)
    left, right = room.left + column + gap, room.right
    below = _below(frame, frame.chart.y_title, power_words(frame.power))
    numbers = [frame.number(value) for value in frame.chart.series[0].values] if frame.numbered else []
    if numbers:
        right -= max(words.width(number, size) for number in numbers) + gap
        bottom = below
    else:
        ticks = frame.ticks()
        right -= words.width(ticks[-1], size) / 2
        bottom = below - gap - LINE * size
        for tick, (_, place) in zip(ticks, places(frame.values, left, right), strict=True):
            width = words.width(tick, size)
            frame.labels.append(words.label(tick, (place - width / 2, bottom + gap, width), size, "center", muted=True))
    for part, (_, place) in enumerate(places(across, top, bottom)):
        y = place - LINE * size / 2
        for row, line in enumerate(lines[part]):
            above = (len(lines[part]) / 2 - 0.5 - row) * LINE * size
            frame.labels.append(words.label(line, (room.left, y - above, column), size, "right"))
        if numbers:
            axis, value = frame.values, frame.chart.series[0].values[part]
            end = left + (max(value, 0.0) - axis.low) / (axis.high - axis.low) * (right - left)
            width = words.width(numbers[part], size)
            frame.labels.append(words.label(numbers[part], (end + gap, y, width), size, first=part))
    return left, top, right, bottom


def _row_names(frame: _Frame, column: float, row: float) -> list[tuple[str, ...]]:
    """The names of lying bars, in as few lines as they need and in no more than their rows are high."""
    most = max(1, int(row / (LINE * frame.size)))
    return [tuple(wrapped(name, frame.words, frame.size, column, most)) for name in frame.chart.labels]


def _title_line(frame: _Frame, title: str, power: str) -> float:
    """Writes what the upward axis shows above it; answers where the line ends."""
    text = " ".join(filter(None, (title, power)))
    if not text:
        return frame.top
    frame.labels.append(frame.words.label(text, (frame.room.left, frame.top, frame.room.width), frame.size, muted=True))
    return frame.top + LINE * frame.size * 1.2


def _below(frame: _Frame, title: str, power: str) -> float:
    """Writes what the other axis shows below it; answers where its line starts."""
    text = " ".join(filter(None, (title, power)))
    if not text:
        return frame.room.bottom
    y = frame.room.bottom - LINE * frame.size
    frame.labels.append(
        frame.words.label(text, (frame.room.left, y, frame.room.width), frame.size, "center", muted=True)
    )
    return y - frame.gap / 2
