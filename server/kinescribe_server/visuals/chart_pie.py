"""The page of a pie or a ring: the slices, and beside or below them a list of what they are."""

from dataclasses import replace

from kinescribe_server.script.model import Chart
from kinescribe_server.visuals.chart_layout import GAP, LINE, Label, Plan, Room, Swatch, Words, series_colors
from kinescribe_server.visuals.chart_numbers import digits_to_see, written

# A list that takes more of the height than this stands beside the pie.
_LONG_LIST = 0.4
# More slices cannot be told apart; the smallest become one.
_MOST_SLICES = 10
_REST = "…"
# The largest and the smallest letters of the list in design pixels, and the distance of its rows in type sizes.
_LARGEST, _SMALLEST = 44.0, 28.0
_ROW = 1.75
# The pie takes so much of the width at least and at most, where the list stands beside it.
_SHARES = (0.34, 0.5)


def plan_pie(chart: Chart, words: Words, room: Room) -> Plan:
    """Lays out a checked pie or donut chart."""
    chart = _merged(chart)
    colors = series_colors(words.theme, len(chart.labels))
    height = room.bottom - room.top
    rows = len(chart.labels)
    beside = room.width > 1.25 * height or rows * _ROW * _SMALLEST * room.unit > _LONG_LIST * height
    across = min((1 - _LONG_LIST) * height - 3 * GAP * room.unit, room.width)
    list_height = height if beside else height - across - 3 * GAP * room.unit
    size = max(_SMALLEST, min(_LARGEST, list_height / (rows * _ROW * room.unit))) * room.unit
    numbers = _shares(chart, words)
    content = _list_width(chart, numbers, words, size)
    if beside:
        beside_list = room.width - content - 6 * GAP * room.unit
        across = min(height, max(beside_list, _SHARES[0] * room.width), _SHARES[1] * room.width)
        width = min(content, room.width - across - 6 * GAP * room.unit)
        left = room.left + (room.width - across - width - 6 * GAP * room.unit) / 2
        plot = (left, room.top + (height - across) / 2, left + across, room.top + (height + across) / 2)
        x, y = left + across + 6 * GAP * room.unit, room.top + (height - rows * _ROW * size) / 2
    else:
        width = min(content, room.width)
        left = room.left + (room.width - across) / 2
        plot = (left, room.top, left + across, room.top + across)
        x, y = room.left + (room.width - width) / 2, room.top + across + 3 * GAP * room.unit
    labels, swatches = _list(chart, numbers, words, (x, y, width, size))
    swatches = [replace(swatch, color=color) for swatch, color in zip(swatches, colors, strict=True)]
    return Plan(chart, plot, colors, chart.labels, tuple(labels), tuple(swatches))


def _merged(chart: Chart) -> Chart:
    """The chart whose smallest slices are one, if it has too many."""
    values = chart.series[0].values
    if len(values) <= _MOST_SLICES:
        return replace(chart, series=chart.series[:1])
    largest = sorted(range(len(values)), key=lambda index: -values[index])[: _MOST_SLICES - 1]
    kept = sorted(largest)
    rest = sum(value for index, value in enumerate(values) if index not in kept)
    series = replace(chart.series[0], values=(*(values[index] for index in kept), rest))
    return replace(chart, labels=(*(chart.labels[index] for index in kept), _REST), series=(series,))


def _shares(chart: Chart, words: Words) -> list[str]:
    values = chart.series[0].values
    shares = [100 * value / sum(values) for value in values]
    return [f"{written(share, 0, words.language, digits=digits_to_see(share))} %" for share in shares]


def _list_width(chart: Chart, numbers: list[str], words: Words, size: float) -> float:
    names = max(words.width(label, size) for label in chart.labels)
    return size + size / 2 + names + size + max(words.width(number, size) for number in numbers)


def _list(
    chart: Chart, numbers: list[str], words: Words, at: tuple[float, float, float, float]
) -> tuple[list[Label], list[Swatch]]:
    x, y, width, size = at
    labels, swatches = [], []
    column = max(words.width(number, size) for number in numbers)
    for part, (name, number) in enumerate(zip(chart.labels, numbers, strict=True)):
        top = y + part * _ROW * size
        middle = top + LINE * size / 2
        swatches.append(Swatch((x, middle - 0.4 * size, x + 0.8 * size, middle + 0.4 * size), "", part))
        labels.append(words.label(name, (x + 1.5 * size, top, width - 2.5 * size - column), size, first=part))
        labels.append(words.label(number, (x + width - column, top, column), size, "right", muted=True, first=part))
    return labels, swatches
