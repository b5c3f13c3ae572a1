"""What is said over a table: what its rows and columns are, and where its numbers peak."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kinescribe_server.script.document import TableBlock
from kinescribe_server.script.narration.phrases import listed, plural, uncapitalised
from kinescribe_server.script.sentences import count_words
from kinescribe_server.script.text import Text

# Up to so many rows of one column of numbers, every number is said.
_FEW_ROWS = 4
# Up to so many words, and rows, a table of words is read out.
_READ_WORDS = 50
_READ_ROWS = 6
_NAMED_ROWS = 6
_SUMMED_COLUMNS = 3

_NUMBER = re.compile(
    r"[~≈<>≤≥]?\s*[$€£¥]?\s*([-−+]?\d[\d,' ]*(?:\.\d+)?)\s*([%×x°]|[A-Za-zµ]{1,12}(?:/[A-Za-z]{1,4})?)?"
)
_BARE_NUMBER = re.compile(r"[-−+]?\d[\d,.]*")
# A heading that is nothing but a unit.
_UNITS = frozenset("mm cm m km g kg t ms µs s min h d % MB GB TB KB kB Hz kHz MHz GHz W kW V A °C K px fps".split())
# A unit in brackets behind a heading: "Latency (ms)".
_UNIT = re.compile(r"\(([^()\s\d]{1,6})\)$")
_COUNTED = re.compile(r"(?:number of )?([A-Za-z][a-z]*[^s\W]s)\b")
_NAMED_BY_NUMBER = re.compile(
    r"(?:year|date|day|month|id|no\.?|#|rank|version|port|line|step|page|code)$", re.IGNORECASE
)
_TAKEN = frozenset("steps seconds minutes hours days weeks months years iterations epochs milliseconds rounds".split())


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A column of numbers: its heading, the numbers, and how each is said."""

    heading: str
    values: tuple[float, ...]
    said: tuple[str, ...]


def narrate_table(table: TableBlock, *, english: bool) -> list[str]:
    """The sentences for a table."""
    noun = "chart" if table.chart else "table"
    header = [cell.said for cell in table.header]
    rows = [[cell.said for cell in row] for row in table.rows]
    if not rows:
        return [f"{', '.join(filter(None, header))}."] if any(header) else []
    if not english:
        return _read_out(header, rows) if _is_short(rows) else [", ".join(filter(None, header)) + "."]
    numbers = [column for index in range(1, len(header)) if (column := _numbers(header[index], rows, index))]
    labels = _labels(header[0], rows)
    if len(numbers) == 1 and len(header) == 2 and 1 < len(rows) <= _FEW_ROWS:
        return [_every_number(labels, numbers[0])]
    if numbers and len(rows) > 1:
        sums = [_extremes(labels, column) for column in numbers[:_SUMMED_COLUMNS]]
        return [_compared(noun, header, rows), *filter(None, sums)]
    if _is_short(rows):
        return _read_out(header, rows)
    return [_compared(noun, header, rows), _row_names(labels)]


def narrate_rows(rows: Sequence[Sequence[Text]], *, english: bool) -> list[str]:
    """The sentences for a further page of a table: its rows if they are short, else what they are about."""
    said = [[cell.said for cell in row] for row in rows]
    labels = [row[0] for row in said if row[0]]
    if sum(count_words(" ".join(row)) for row in said) <= _READ_WORDS:
        return _read_out([], said)
    if not english or not labels:
        return [f"{', '.join(labels)}."] if labels else []
    return [f"Next {'come' if len(labels) > 1 else 'comes'} {listed(labels)}."]


def _labels(heading: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """What the rows are called; bare numbers mean nothing without their heading: 'year 10'."""
    labels = [row[0] or "the rest" for row in rows]
    bare = _UNIT.sub("", heading).strip()
    if bare and all(map(_BARE_NUMBER.fullmatch, labels)):
        return [f"{_small(bare)} {label}" for label in labels]
    return labels


def _numbers(heading: str, rows: Sequence[Sequence[str]], index: int) -> _Numbers | None:
    if not heading or _NAMED_BY_NUMBER.search(heading):
        return None
    found = [_NUMBER.fullmatch(row[index].strip()) for row in rows]
    matches = [match for match in found if match]
    if len(matches) < len(rows) or len({match[2] for match in matches}) > 1:
        return None
    unit = _UNIT.search(heading)
    bare = heading if heading in _UNITS else unit[1] if unit else ""
    said = tuple(f"{row[index].strip()} {bare}".strip() for row in rows)
    values = tuple(float(re.sub("[,' ]", "", match[1]).replace("−", "-")) for match in matches)
    return _Numbers("it" if heading in _UNITS else _UNIT.sub("", heading).strip(), values, said)


def _every_number(labels: Sequence[str], column: _Numbers) -> str:
    """'Plain gradient descent takes 1200 steps; with momentum, 310; Adam takes the fewest, 140.'"""
    counted = _COUNTED.match(column.heading)
    low, high = _last(column.values, min(column.values)), _last(column.values, max(column.values))
    if not counted:
        marks = {low: ", the lowest", high: ", the highest"} if len(set(column.values)) > 2 else {}
        said = [
            f"{number} for {_inside(label)}{marks.get(index, '')}" for index, (label, number) in _rows(labels, column)
        ]
        return f"{_subject(column.heading)} is {listed(said)}."
    verb = "takes" if counted[1].lower() in _TAKEN else "has"
    parts = [f"{_subject(labels[0])} {verb} {column.said[0]} {uncapitalised(_small(column.heading))}"]
    for index, (label, number) in list(_rows(labels, column))[1:]:
        extreme = {low: "fewest", high: "most"}.get(index) if len(set(column.values)) > 1 else None
        parts.append(f"{_inside(label)} {verb} the {extreme}, {number}" if extreme else f"{_inside(label)}, {number}")
    return "; ".join(parts) + "."


def _extremes(labels: Sequence[str], column: _Numbers) -> str:
    """'Most steps: 1200, for plain descent; fewest: 140, for Adam.'"""
    low, high = column.values.index(min(column.values)), column.values.index(max(column.values))
    if low == high:
        return f"{_subject(column.heading)} is {column.said[0]} throughout."
    if _COUNTED.match(column.heading):
        heading = uncapitalised(_small(column.heading))
        return (
            f"{_subject(labels[high])} has the most {heading}, {column.said[high]}; "
            f"{_inside(labels[low])} has the fewest, {column.said[low]}."
        )
    heading = _small(column.heading)
    return (
        f"The highest {heading} is {column.said[high]}, for {_inside(labels[high])}; "
        f"the lowest is {column.said[low]}, for {_inside(labels[low])}."
    )


def _compared(noun: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """'The table compares 12 methods by steps and time.'"""
    # Capitals mean nothing where every heading has one, and a name where only some have.
    lowered = all(heading[:1].isupper() for heading in header if heading)
    small = [_small(heading) if lowered else heading for heading in header]
    by = listed([_UNIT.sub("", heading).strip() for heading in small[1:] if heading] or ["their values"])
    what = plural(small[0]) if small[0] else "rows"
    if len(header) == 1:
        return f"The {noun} lists {len(rows)} {what}."
    verb = "compares" if len(rows) > 1 else "describes"
    return f"The {noun} {verb} {len(rows)} {what if len(rows) > 1 else small[0] or 'row'} by {by}."


def _read_out(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Each row as a sentence: 'GenerateVideo: starts a job.'"""
    sentences = []
    for label, *cells in rows:
        rest = "; ".join(cell.rstrip(".") for cell in cells if any(map(str.isalnum, cell)))
        sentence = f"{label}: {rest}" if label and rest else label or rest
        if sentence:
            sentences.append(f"{sentence.rstrip('.')}.")
    return sentences


def _row_names(labels: Sequence[str]) -> str:
    if len(labels) > _NAMED_ROWS:
        return f"They are {', '.join(labels[:_NAMED_ROWS])}, and {len(labels) - _NAMED_ROWS} more."
    return f"They are {listed(labels)}."


def _is_short(rows: Sequence[Sequence[str]]) -> bool:
    return len(rows) <= _READ_ROWS and sum(count_words(" ".join(row)) for row in rows) <= _READ_WORDS


def _rows(labels: Sequence[str], column: _Numbers) -> list[tuple[int, tuple[str, str]]]:
    return list(enumerate(zip(labels, column.said, strict=True)))


def _last(values: Sequence[float], value: float) -> int:
    return len(values) - 1 - values[::-1].index(value)


def _inside(label: str) -> str:
    """A label in the middle of a sentence."""
    return uncapitalised(label)


def _small(heading: str) -> str:
    """A heading in the middle of a sentence: 'Steps to 1% error' -> 'steps to 1% error', 'RAM' as it is."""
    first = heading.split(maxsplit=1)[0] if heading.split() else ""
    return heading[:1].lower() + heading[1:] if re.fullmatch(r"[A-Z][a-z]*\W?", first) else heading


def _subject(words: str) -> str:
    """Words at the beginning of a sentence: 'speed of light' -> 'Speed of light', 'pH of blood' as it is."""
    first = words.partition(" ")[0]
    return words[:1].upper() + words[1:] if first.islower() else words
