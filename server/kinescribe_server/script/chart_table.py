"""A chart of a table's numbers. Pure: what is written in cells becomes numbers, or an error says where it does not."""

import re
from collections.abc import Sequence
from typing import get_args

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Chart, ChartKind, ChartSeries, Table

_KINDS: tuple[str, ...] = tuple(kind for kind in get_args(get_args(ChartKind)[0]) if kind != "unspecified")
# A number with what may stand before and behind it: a currency, a sign, a unit of one or two words.
_CELL = re.compile(
    r"(?P<before>[^\d\s.,+\-−–(]{0,4})\s*(?P<sign>[+\-−–]?)\s*(?P<number>[.,]?\d[\d.,'’\s]*)(?P<after>.{0,16})"
)
_SPACES = re.compile(r"[\s'’]")
_THOUSANDS = re.compile(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*")


def chart_of_table(table: Table, kind: str, title: str) -> Chart:
    """The table's first column as labels and every further column of numbers as a series; for a scatter chart the first
    column is the horizontal position, and a histogram takes every column of numbers. A unit that all numbers of the
    chart share becomes the title of their axis.

    Raises MakeError (CHART_INVALID) for an unknown kind, and for a table or a cell that holds no number.
    """
    wanted = re.sub(r"[\s-]+", "_", kind.strip().lower())
    if wanted not in _KINDS:
        raise _invalid(f"there is no chart of kind {kind.strip()[:40]!r}; there are {', '.join(_KINDS)}")
    width = max([len(table.header), *(len(row.cells) for row in table.rows)], default=0)
    if not table.rows or width == 0:
        raise _invalid("the table of the chart has no rows")
    names = [*table.header, *[""] * (width - len(table.header))]
    columns = [
        [row.cells[index].strip() if index < len(row.cells) else "" for row in table.rows] for index in range(width)
    ]
    numeric = [index for index in range(width) if any(map(_CELL.fullmatch, columns[index]))]
    labelled = width > 1 and wanted not in {"scatter", "histogram"}
    chosen = [index for index in numeric if index > 0] if labelled or wanted == "scatter" else numeric
    if not chosen or (wanted == "scatter" and 0 not in numeric):
        raise _invalid(f"a {wanted} chart needs a column of numbers; found {_quoted(columns[-1][0])} in the last one")
    read = {index: _numbers(columns[index], names[index]) for index in {*chosen, *([0] if wanted == "scatter" else [])}}
    across = tuple(read[0][0]) if wanted == "scatter" else ()
    units = {read[index][1] for index in chosen}
    unit = units.pop() if len(units) == 1 else ""
    shown = " ".join(filter(None, (names[chosen[0]] if len(chosen) == 1 else "", f"({unit})" if unit else "")))
    # A histogram's numbers stand along the horizontal axis.
    x_title = {"scatter": names[0], "histogram": shown}.get(wanted, "")
    return Chart(
        kind=wanted,  # type: ignore[arg-type]  # it is one of them
        title=title,
        labels=tuple(columns[0]) if labelled else (),
        series=tuple(ChartSeries(names[index], tuple(read[index][0]), across) for index in chosen),
        x_title=x_title,
        y_title="" if wanted == "histogram" else shown,
    )


def _numbers(cells: Sequence[str], column: str) -> tuple[list[float], str]:
    """The numbers of a column, and their unit if they all have the same."""
    found = [_CELL.fullmatch(cell) for cell in cells]
    for row, (match, cell) in enumerate(zip(found, cells, strict=True), 1):
        if match is None:
            where = f"column {_quoted(column)}" if column else "a column"
            raise _invalid(f"row {row} of {where} holds no number: {_quoted(cell)}")
    matches = [match for match in found if match]
    texts = [_SPACES.sub("", match["number"]) for match in matches]
    decimal = _decimal_sign(texts)
    units = {(match["before"] + match["after"]).strip() for match in matches} - {""}
    if len(units) > 1:
        raise _invalid(
            f"column {_quoted(column)} has numbers in {' and in '.join(sorted(units)[:3])}; one unit is needed"
        )
    numbers = [
        (-1 if match["sign"] in {"-", "−", "–"} else 1) * _number(text, decimal, column)
        for match, text in zip(matches, texts, strict=True)
    ]
    return numbers, units.pop() if units else ""


def _decimal_sign(texts: Sequence[str]) -> str:
    """The sign that a column writes decimals with: the last of two in one number; a lone comma with other than three
    digits behind it. A lone point is one, unless there are several."""
    for text in texts:
        if "." in text and "," in text:
            return "." if text.rfind(".") > text.rfind(",") else ","
    if any("," in text and not _THOUSANDS.fullmatch(text.rstrip(",")) for text in texts):
        return ","
    return "," if any(text.count(".") > 1 for text in texts) else "."


def _number(text: str, decimal: str, column: str) -> float:
    other = "," if decimal == "." else "."
    if other in text and not _THOUSANDS.fullmatch(text.rpartition(decimal)[0] or text):
        raise _invalid(f"column {_quoted(column)} writes decimals with {decimal!r}; found {_quoted(text)}")
    try:
        return float(text.rstrip(".,").replace(other, "").replace(decimal, "."))
    except ValueError:
        raise _invalid(f"{_quoted(text)} in column {_quoted(column)} is no number") from None


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _invalid(message: str) -> MakeError:
    return MakeError("CHART_INVALID", message)
