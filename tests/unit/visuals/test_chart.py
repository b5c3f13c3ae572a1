import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Chart, ChartSeries
from kinescribe_server.visuals.chart import make_chart
from kinescribe_server.visuals.chart_layout import series_colors
from kinescribe_server.visuals.chart_numbers import axis_for, bins_for, power_of, power_words, written
from kinescribe_server.visuals.contrast import contrast
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.themes import THEMES, theme_named

from .inspection import SIZES, boxes, cues, layout_faults, picture

MONTHS = tuple("January February March April May June July August September October November December".split())
LONG = (
    "Aktiengesellschaftsverordnung",
    "short",
    "The quick brown fox jumps over the lazy dog and on",
    "日本語の名前です",
)


def series(*values: float, name: str = "", at: tuple[float, ...] = ()) -> ChartSeries:
    return ChartSeries(name, tuple(map(float, values)), at)


CHARTS = {
    "bars": Chart("bar", "Latency", ("Parse", "Speak", "Draw"), (series(12, 340, 96),), "", "Milliseconds"),
    "groups": Chart("bar", "Money", ("2023", "2024"), (series(4, 5, name="In"), series(3, -2.5, name="Out")), "Year"),
    "long names": Chart("bar", "Names", LONG, (series(1, 2, 3, 4),), "Who", "How many"),
    "long names, negative": Chart("bar", "Names", LONG, (series(-1, -2, 3, -4),)),
    "many bars": Chart("bar", "Many", tuple(f"Item {n}" for n in range(90)), (series(*range(90)),)),
    "stacked": Chart("stacked_bar", "Mix", MONTHS, (series(*range(12), name="A"), series(*[5] * 12, name="B"))),
    "lines": Chart("line", "Users", MONTHS, (series(*range(100, 112), name="Free"), series(*range(12), name="Paid"))),
    "line": Chart("line", "", tuple(str(1990 + n) for n in range(34)), (series(*[14 + n / 40 for n in range(34)]),)),
    "area": Chart(
        "area", "Traffic", MONTHS, (series(*[2e7] * 12, name="A"), series(*[3e6] * 12, name="B")), "", "Bytes"
    ),
    "scatter": Chart("scatter", "Points", (), (series(1, 5, 2, at=(1.0, 2.5, 9.75)),), "Across", "Up"),
    "pie": Chart("pie", "Shares", ("Search", "Answer", "Waiting for others"), (series(40, 30, 0.2),)),
    "donut": Chart("donut", "Shares", tuple(f"Part {n}" for n in range(14)), (series(*range(1, 15)),)),
    "histogram": Chart("histogram", "Times", (), (series(*[n % 17 + n % 5 for n in range(300)]),), "Seconds"),
    "arabic": Chart("bar", "المبيعات", ("الربع الأول", "الربع الثاني"), (series(3, 5),), "", "مليون"),
}


@pytest.mark.parametrize("size", SIZES[1:], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_lies_on_its_page_in_readable_type_and_no_labels_overlap(
    name: str, size: tuple[int, int], bench: WorkerBench
) -> None:
    theme = THEMES[len(name) % len(THEMES)].name

    made = make_chart(VisualRequest(CHARTS[name], theme, *size), bench)

    assert layout_faults(made, bench) == []
    assert picture(made, bench).shape == (size[1], size[0], 4)


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
def test_the_colours_of_series_can_be_seen_on_the_page_and_told_apart(theme: str) -> None:
    colors = series_colors(theme_named(theme), 12)

    assert len(set(colors)) == 12
    assert all(contrast(color, theme_named(theme).colors["page"]) >= 3 for color in colors)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_long_names_of_bars_are_shown_whole_in_as_many_lines_as_they_need(
    size: tuple[int, int], bench: WorkerBench
) -> None:
    answers = (
        "I would recommend this product to my colleagues without hesitation",
        "I would recommend it, but only for small teams with simple needs",
        "Neither agree nor disagree",
    )
    made = make_chart(VisualRequest(Chart("bar", "", answers, (series(54, 23, 12),)), "light", *size), bench)

    shown = [box for box in boxes(made, bench) if box["state"] == 0]
    assert all(answer in " ".join(box["text"] for box in shown) for answer in answers)
    # A cut text is wider in full than the box that it stands in.
    text_widths = [len(box["text"]) * 0.45 * box["font_size"] for box in shown]
    assert all(width <= box["width"] * 1.1 for box, width in zip(shown, text_widths, strict=True))


def test_a_name_that_has_no_room_is_recorded_in_full(bench: WorkerBench) -> None:
    name = "A name that is much too long for the place that it has beside its bar, in one line or in two"
    made = make_chart(VisualRequest(Chart("bar", "", (name, "b"), (series(1, 2),)), "light", 1080, 1920), bench)

    recorded = " ".join(box["text"] for box in boxes(made, bench) if box["state"] == 0)
    assert name in recorded


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bars", ["Parse", "Speak", "Draw"]),
        ("lines", ["Free", "Paid"]),
        ("pie", ["Search", "Answer", "Waiting for others"]),
        ("line", [""]),
        ("many bars", [""]),
    ],
)
def test_what_a_chart_shows_appears_when_it_is_named(name: str, said: list[str], bench: WorkerBench) -> None:
    made = make_chart(VisualRequest(CHARTS[name]), bench)

    assert cues(made) == said
    for number in range(1, len(said)):
        x, y, width, height = made.details["states"][number]["changed"]
        different = (picture(made, bench, number) != picture(made, bench, number - 1)).any(axis=-1)
        assert different.any()
        different[y : y + height, x : x + width] = False
        assert not different.any()


def test_what_is_little_beside_the_rest_is_not_written_as_nothing(bench: WorkerBench) -> None:
    names = ("India", "Iceland", "Tuvalu", "Nowhere")
    bars = make_chart(VisualRequest(Chart("bar", "", names, (series(1.45e9, 393_000, 11_204, 0),))), bench)
    pie = make_chart(VisualRequest(Chart("pie", "", names, (series(9_990, 9, 1, 0),))), bench)

    assert {"1.45", "0.0004", "0.00001", "0"} <= {box["text"] for box in boxes(bars, bench)}
    assert {"100 %", "0.09 %", "0.01 %", "0 %"} <= {box["text"] for box in boxes(pie, bench)}


def test_texts_are_data(bench: WorkerBench) -> None:
    dollars = r"$\frac{a}{b}$ #let x = 1 \input{x} <b>"
    made = make_chart(VisualRequest(Chart("bar", dollars, (dollars,), (series(1),))), bench)

    assert [box["text"] for box in boxes(made, bench)].count(dollars) == 2


@pytest.mark.parametrize(
    ("chart", "found"),
    [
        (Chart("bar", "", ("a",), ()), "no numbers"),
        (Chart("bar", "", ("a", "b"), (series(1, name="Cost"),)), "'Cost' has 1 values for 2 labels"),
        (Chart("line", "", ("a",), (series(math.nan),)), "nan"),
        (Chart("line", "", ("a",), (series(math.inf),)), "inf"),
        (Chart("line", "", ("a",), (series(1e16),)), "1e+15"),
        (Chart("bar", "", ("a",) * 201, (series(*[1] * 201),)), "201 labels; 12 series and 200 labels are allowed"),
        (Chart("bar", "", ("a",), (series(1),) * 13), "13 series"),
        (Chart("pie", "", ("a", "b"), (series(1, -1),)), "-1"),
        (Chart("donut", "", ("a",), (series(0),)), "sum of 0"),
        (Chart("area", "", ("a",), (series(-1),)), "cannot be negative"),
        (Chart("scatter", "", (), (series(1, 2, at=(1.0,)),)), "1 x_values for 2 values"),
        (Chart("histogram", "", (), (series(*range(5_001)),)), "5,000"),
    ],
)
def test_numbers_that_cannot_be_drawn_are_refused_and_named(chart: Chart, found: str, bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make_chart(VisualRequest(chart), bench)

    assert (refusal.value.reason, refusal.value.retryable) == ("CHART_INVALID", False)
    assert found in refusal.value.message


NUMBERS = st.floats(-1e15, 1e15, allow_nan=False)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(NUMBERS, min_size=1, max_size=14),
    kind=st.sampled_from(["bar", "line", "scatter", "histogram"]),
    name=st.text(max_size=60),
)
def test_any_numbers_make_a_chart_without_overlap(
    values: list[float], kind: str, name: str, bench: WorkerBench
) -> None:
    chart = Chart(kind, "", (), (series(*values),), name, name)  # type: ignore[arg-type]

    assert layout_faults(make_chart(VisualRequest(chart, "dark", 640, 360), bench), bench) == []


@given(st.lists(NUMBERS, min_size=1, max_size=20), st.booleans())
def test_an_axis_holds_its_values_between_round_ticks(values: list[float], from_zero: bool) -> None:
    axis = axis_for(values, 6, from_zero=from_zero)

    assert axis.low <= min(values) <= max(values) <= axis.high
    assert axis.low < axis.high
    assert not from_zero or axis.low <= 0 <= axis.high


def test_bins_hold_all_values() -> None:
    values = series(*[n**2 for n in range(100)])

    assert bins_for((values,))[0] <= 0
    assert bins_for((values,))[-1] >= 99**2
    assert bins_for((series(5, 5),)) == (4.5, 5.5)


@pytest.mark.parametrize(
    ("value", "language", "text"),
    [
        (1234.5, "en", "1,234"),
        (12.5, "", "12.5"),
        (0.125, "de-AT", "0,125"),
        (-1234567, "fr", "\u22121\u00a0234\u00a0567"),
        (0, "ja", "0"),
    ],
)
def test_numbers_are_written_as_the_language_does(value: float, language: str, text: str) -> None:
    assert written(value, 0, language) == text


def test_large_numbers_share_a_power_of_ten() -> None:
    power = power_of((0, 2e7))

    assert (power, power_words(power), written(2e7, power, "en")) == (6, "×10⁶", "20")


def test_the_same_chart_is_the_same_bytes(bench: WorkerBench) -> None:
    for chart in (CHARTS["lines"], replace(CHARTS["pie"], title="x")):
        assert make_chart(VisualRequest(chart), bench) == make_chart(VisualRequest(chart), bench)
