"""The numbers of a chart: which are allowed, on which scale they are drawn, and how they are written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.ticker import MaxNLocator

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Chart, ChartSeries

_MAX_SERIES = 12
_MAX_LABELS = 200
# Points of a scatter chart and values of a histogram, in all series.
_MAX_POINTS = 5_000
# Beyond it neighbouring numbers cannot be told apart.
_LARGEST = 1e15
# Fewer values than these bins need make a comb, more bins cannot be seen.
_BINS = (5, 30)
_STEPS = (1, 2, 2.5, 5, 10)
_SIGNIFICANT = 4
# Longer numbers have no room over their bars.
_MOST_DIGITS = 6
# Numbers of this size and more, and below the other, are written with a power of ten beside the axis.
_LARGE, _SMALL = 1e6, 1e-3

# Decimal sign and separator of thousands (Unicode CLDR 46); other languages write 1,234.5.
_SIGNS = {
    **dict.fromkeys(("de", "es", "it", "pt", "nl", "id", "tr", "da", "el", "ro", "vi"), (",", ".")),
    **dict.fromkeys(("fr", "ru", "pl", "cs", "sk", "sv", "nb", "no", "fi", "uk", "bg", "hu"), (",", "\u00a0")),
}

Values = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """From where to where an axis runs, and where its ticks are."""

    low: float
    high: float
    ticks: Values


NO_AXIS = Axis(0.0, 1.0, ())


def checked(chart: Chart) -> Chart:
    """The chart with a kind, with labels where it has none, and with all of what its kind needs. Raises MakeError
    (CHART_INVALID)."""
    kind = "bar" if chart.kind == "unspecified" else chart.kind
    if not chart.series or not any(series.values for series in chart.series):
        raise _invalid("the chart has no numbers")
    if len(chart.series) > _MAX_SERIES or len(chart.labels) > _MAX_LABELS:
        raise _invalid(
            f"the chart has {len(chart.series)} series and {len(chart.labels)} labels; "
            f"{_MAX_SERIES} series and {_MAX_LABELS} labels are allowed"
        )
    for series in chart.series:
        _check_series(series)
    if kind in {"histogram", "scatter"}:
        return replace(chart, kind=kind, series=_placed(chart, kind))
    longest = max(len(series.values) for series in chart.series)
    if longest > _MAX_LABELS:
        raise _invalid(f"a series has {longest} values; {_MAX_LABELS} are allowed")
    labels = chart.labels or tuple(str(number) for number in range(1, longest + 1))
    for series in chart.series[:1] if kind in {"pie", "donut"} else chart.series:
        if len(series.values) != len(labels):
            raise _invalid(f"{_named(series)} has {len(series.values)} values for {len(labels)} labels")
    chart = replace(chart, kind=kind, labels=labels)
    _check_signs(chart)
    return chart


def _placed(chart: Chart, kind: str) -> tuple[ChartSeries, ...]:
    total = sum(len(series.values) for series in chart.series)
    if total > _MAX_POINTS:
        raise _invalid(f"the chart has {total:,} values; a {kind} chart can have {_MAX_POINTS:,}")
    if kind == "histogram":
        return chart.series
    placed = []
    for series in chart.series:
        across = series.x_values or tuple(float(number) for number in range(1, len(series.values) + 1))
        if len(across) != len(series.values):
            raise _invalid(f"{_named(series)} has {len(across)} x_values for {len(series.values)} values")
        placed.append(replace(series, x_values=across))
    return tuple(placed)


def _check_series(series: ChartSeries) -> None:
    for value in (*series.values, *series.x_values):
        if not math.isfinite(value) or abs(value) > _LARGEST:
            raise _invalid(f"{_named(series)} has the value {value}; numbers between ±{_LARGEST:g} are allowed")


def _check_signs(chart: Chart) -> None:
    if chart.kind in {"pie", "donut"}:
        values = chart.series[0].values
        if min(values) < 0 or sum(values) <= 0:
            raise _invalid(
                f"a {chart.kind} is of parts of a whole; found {min(values):g}, with a sum of {sum(values):g}"
            )
    elif chart.kind in {"area", "stacked_bar"}:
        least = min(value for series in chart.series for value in series.values)
        if least < 0:
            raise _invalid(f"values that are stacked cannot be negative; found {least:g}")


def _named(series: ChartSeries) -> str:
    return f"the series {series.name[:40]!r}" if series.name else "a series"


def _invalid(message: str) -> MakeError:
    return MakeError("CHART_INVALID", message)


def axis_for(values: Sequence[float], most_ticks: int, *, from_zero: bool, whole: bool = False) -> Axis:
    """An axis with ticks at round numbers (or whole ones) that holds all values."""
    low, high = min(values), max(values)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if from_zero and low == high:
        high = 1.0
    elif low == high:
        low, high = low - (abs(low) or 1.0) * 0.5, high + (abs(high) or 1.0) * 0.5
    ticks = [float(tick) for tick in MaxNLocator(most_ticks, steps=_STEPS, integer=whole).tick_values(low, high)]
    # A tick's rounding error would be written out as 0.30000000000000004.
    digits = 12 - math.ceil(math.log10(max(abs(ticks[0]), abs(ticks[-1]))))
    rounded = tuple(round(tick, digits) + 0.0 for tick in ticks)
    return Axis(min(low, rounded[0]), max(high, rounded[-1]), rounded)


def bins_for(series: Sequence[ChartSeries]) -> Values:
    """The edges of a histogram's bins, at round numbers, the same for all series (Freedman and Diaconis, or Sturges
    where values repeat)."""
    values = np.array([value for one in series for value in one.values])
    low, high = float(values.min()), float(values.max())
    if low == high:
        half = max(0.5, abs(low) / 20)
        return (low - half, low + half)
    found = len(np.histogram_bin_edges(values, bins="auto")) - 1 if high - low > 1e-9 * max(abs(low), abs(high)) else 1
    wanted = min(max(found, _BINS[0]), _BINS[1])
    return axis_for((low, high), wanted, from_zero=False).ticks


def counts(values: Sequence[float], bins: Sequence[float]) -> list[int]:
    """How many values are in each bin of a histogram."""
    return [int(count) for count in np.histogram(values, bins)[0]]


def power_of(values: Sequence[float]) -> int:
    """The power of ten, a multiple of three, that is taken out of all numbers; 0 where they are short as they are."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest == 0 or _SMALL <= largest < _LARGE:
        return 0
    return 3 * math.floor(math.log10(largest) / 3)


def written(value: float, power: int, language: str, *, digits: int | None = None) -> str:
    """A number as the language writes it, without the power of ten."""
    scaled = value / 10.0**power
    text = f"{scaled:,.{digits}f}" if digits is not None else _shortest(scaled)
    decimal, thousands = _SIGNS.get(language.lower().split("-")[0], (".", ","))
    swapped = text.replace(",", "\x00").replace(".", decimal).replace("\x00", thousands)
    return swapped.replace("-", "\u2212")


def digits_to_see(value: float) -> int:
    """How many digits behind the decimal sign it takes until one is not zero: what is little is not nothing."""
    return min(max(0, -math.floor(math.log10(abs(value)))), _MOST_DIGITS) if value else 0


def _shortest(value: float) -> str:
    """Four digits that count, and no zeros behind them."""
    before = len(f"{abs(value):.0f}")
    text = f"{value:,.{max(_SIGNIFICANT - before, digits_to_see(value))}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def decimals(ticks: Sequence[float], power: int) -> int:
    """How many digits all ticks of an axis need behind the decimal sign."""
    scaled = [tick / 10.0**power for tick in ticks]
    return next(
        (digits for digits in range(7) if all(math.isclose(round(t, digits), t, abs_tol=1e-9) for t in scaled)), 6
    )


def power_words(power: int) -> str:
    """ "×10⁶", to stand beside an axis."""
    digits = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"×10{digits}" if power else ""
