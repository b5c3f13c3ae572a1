import pytest

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.chart_table import chart_of_table
from kinescribe_server.script.model import Chart, ChartSeries, Table, TableRow


def table(*lines: str) -> Table:
    header, *rows = (tuple(cell.strip() for cell in line.split("|")) for line in lines)
    return Table(header, tuple(TableRow(row) for row in rows))


def test_columns_of_numbers_become_series_with_the_first_column_as_labels() -> None:
    found = chart_of_table(
        table("Year | Users | Note | Paid", "2023 | 1,200 | good | 30", "2024 | 3,400 | so so | 45.5"), "bar", "Growth"
    )

    assert found == Chart(
        "bar", "Growth", ("2023", "2024"), (ChartSeries("Users", (1200, 3400)), ChartSeries("Paid", (30, 45.5)))
    )


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (("12 %", "3.5%"), (12, 3.5), "%"),
        (("€ 1.234,50", "€ 2,5"), (1234.5, 2.5), "€"),
        (("$1,234.50", "$2"), (1234.5, 2), "$"),
        (("3.5 ms", "−4 ms"), (3.5, -4), "ms"),
        (("1 200 km/h", "1'300 km/h"), (1200, 1300), "km/h"),
        (("1.234.567", "89"), (1234567, 89), ""),
        (("1,5", "2,25"), (1.5, 2.25), ""),
        (("+7", "-8"), (7, -8), ""),
        ((".5", "1"), (0.5, 1), ""),
    ],
)
def test_numbers_are_read_as_they_are_written(cells: tuple[str, str], values: tuple[float, float], unit: str) -> None:
    found = chart_of_table(table("Name | Cost", f"a | {cells[0]}", f"b | {cells[1]}"), "stacked bar", "")

    assert found.kind == "stacked_bar"
    assert found.series == (ChartSeries("Cost", values),)
    assert found.y_title == (f"Cost ({unit})" if unit else "Cost")


def test_a_scatter_chart_takes_its_positions_from_the_first_column() -> None:
    found = chart_of_table(table("Height | Weight", "1.7 | 70 kg", "1.8 | 81 kg"), "scatter", "")

    assert found.series == (ChartSeries("Weight", (70, 81), (1.7, 1.8)),)
    assert (found.x_title, found.y_title, found.labels) == ("Height", "Weight (kg)", ())


def test_a_histogram_needs_no_labels() -> None:
    found = chart_of_table(table("Seconds", "1", "2"), "Histogram", "")

    assert (found.series, found.x_title) == ((ChartSeries("Seconds", (1, 2)),), "Seconds")


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        (table("A | B", "x | 1"), "spiral", "'spiral'; there are bar, stacked_bar, line"),
        (table("A | B", "x | y"), "bar", "found 'y'"),
        (table("A | B", "x | 1", "y | n/a"), "bar", "row 2 of column 'B' holds no number: 'n/a'"),
        (table("A | B", "x | 1 ms", "y | 2 s"), "bar", "in ms and in s; one unit"),
        (table("A | B", "x | 1.70", "y | 1,80"), "line", "writes decimals"),
        (table("A | B"), "bar", "no rows"),
        (Table(), "pie", "no rows"),
        (table("A | B", "x | 1"), "scatter", "needs a column of numbers"),
    ],
)
def test_what_holds_no_numbers_is_refused_with_its_place(given: Table, kind: str, said: str) -> None:
    with pytest.raises(MakeError) as refusal:
        chart_of_table(given, kind, "")

    assert refusal.value.reason == "CHART_INVALID"
    assert said in refusal.value.message
