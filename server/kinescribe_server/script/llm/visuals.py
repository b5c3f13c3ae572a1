"""A visual as a model describes it -> a visual of ours. What cannot be drawn is an error with a reason. Pure."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

from kinescribe_server.script.limits import MAX_LATEX_CHARACTERS, MAX_SOURCE_CHARACTERS
from kinescribe_server.script.llm.words import shown, shown_list, source_text
from kinescribe_server.script.model import (
    Block,
    Bullet,
    BulletList,
    Chart,
    ChartKind,
    ChartSeries,
    Code,
    Columns,
    Diagram,
    Formula,
    Image,
    LineRange,
    Paragraph,
    Quote,
    SimpleBlock,
    Slide,
    Table,
    TableRow,
    Visual,
)

_KINDS = frozenset(get_args(get_args(ChartKind)[0])) - {"unspecified"}
# What can be read on one picture.
_MOST_BULLETS = 12
_MOST_ROWS = 30
_MOST_COLUMNS = 10
_MOST_NUMBERS = 500
_DIAGRAMS = re.compile(
    r"(?:flowchart|graph|sequenceDiagram|classDiagram|stateDiagram|erDiagram|journey|gantt|pie|quadrantChart|"
    r"requirementDiagram|gitGraph|mindmap|timeline|sankey|xychart|block|packet|kanban|architecture|radar|treemap|C4\w+)"
    r"[\w-]*\b"
)
_FENCED = re.compile(r"\s*```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL)
_DELIMITED = re.compile(r"\s*(?:\$\$(.*)\$\$|\$([^$]*)\$|\\\[(.*)\\\]|\\\((.*)\\\))\s*", re.DOTALL)

Fields = Mapping[str, Any]


class BadVisualError(Exception):
    """A visual that cannot be drawn; the message says what is wrong with it."""


def read_visual(given: Any, images: Mapping[str, str]) -> Visual | None:
    """The visual; None for none. `images` maps the names that the model was given to attachments.

    Raises BadVisualError for an unknown type and for content that cannot be drawn.
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise BadVisualError("it is no object")
    if given.get("type") == "image":
        return _image(given, images)
    read = _READERS.get(str(given.get("type")))
    if read is None:
        raise BadVisualError(f"there is no visual of type {shown(given.get('type'))[:40]!r}")
    return read(given)


def _slide(given: Fields) -> Slide:
    items = shown_list(given.get("bullets"), _MOST_BULLETS)
    text = shown(given.get("text"))
    blocks: list[Block] = [Paragraph(text)] if text else []
    blocks += [_bullets(items)] if items else []
    return Slide(shown(given.get("title")), shown(given.get("subtitle")), tuple(blocks))


def _bullets(items: tuple[str, ...]) -> BulletList:
    return BulletList(tuple(map(Bullet, items)))


def _comparison(given: Fields) -> Slide:
    def column(side: str) -> tuple[SimpleBlock, ...]:
        title = shown(given.get(f"{side}_title"))
        items = shown_list(given.get(side), _MOST_BULLETS)
        return (*((Paragraph(title),) if title else ()), *((_bullets(items),) if items else ()))

    first, second = column("left"), column("right")
    if not first or not second:
        raise BadVisualError("a comparison needs two sides")
    return Slide(shown(given.get("title")), blocks=(Columns(first, second),))


def _table(given: Fields) -> Slide:
    header = shown_list(given.get("header"), _MOST_COLUMNS, keep_empty=True)
    rows = given.get("rows")
    cells = (
        [shown_list(row, _MOST_COLUMNS, keep_empty=True) for row in rows[:_MOST_ROWS]] if isinstance(rows, list) else []
    )
    if not header or not cells or any(len(row) != len(header) for row in cells):
        raise BadVisualError("a table needs a header, and rows with as many cells")
    return Slide(shown(given.get("title")), blocks=(Table(header, tuple(map(TableRow, cells))),))


def _quote(given: Fields) -> Slide:
    text = shown(given.get("text"))
    if not text:
        raise BadVisualError("the quote is empty")
    return Slide(shown(given.get("title")), blocks=(Quote(text, shown(given.get("attribution"))),))


def _diagram(given: Fields) -> Diagram:
    source = _source(given)
    first = next((line.strip() for line in source.split("\n") if line.strip() and not line.startswith("%%")), "")
    if not _DIAGRAMS.match(first):
        raise BadVisualError("the diagram is not in Mermaid's language")
    return Diagram(source, shown(given.get("title")))


def _code(given: Fields) -> Code:
    source = _source(given)
    lines = source.count("\n") + 1
    ranges = given.get("focus")
    focus = tuple(
        LineRange(first, last)
        for part in (ranges if isinstance(ranges, list) else ())
        if isinstance(part, Mapping)
        and isinstance(first := part.get("first"), int)
        and isinstance(last := part.get("last"), int)
        and 1 <= first <= last <= lines
    )
    return Code(source, shown(given.get("language"))[:40], shown(given.get("title")), focus)


def _source(given: Fields) -> str:
    source = source_text(given.get("source"))
    fenced = _FENCED.fullmatch(source)
    source = (fenced[1] if fenced else source).strip("\n")
    if not source.strip():
        raise BadVisualError("the source is empty")
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise BadVisualError(f"the source has {len(source):,} characters; {MAX_SOURCE_CHARACTERS:,} are allowed")
    return source


def _formula(given: Fields) -> Formula:
    latex = source_text(given.get("latex")).strip()
    if found := _DELIMITED.fullmatch(latex):
        latex = next(part for part in found.groups() if part is not None).strip()
    if not latex or len(latex) > MAX_LATEX_CHARACTERS:
        raise BadVisualError(f"the formula has {len(latex):,} characters; 1 to {MAX_LATEX_CHARACTERS:,} are allowed")
    return Formula(latex, shown(given.get("title")))


def _chart(given: Fields) -> Chart:
    kind = str(given.get("kind"))
    labels = shown_list(given.get("labels"), _MOST_NUMBERS, keep_empty=True)
    listed = given.get("series")
    series = tuple(map(_series, listed)) if isinstance(listed, list) else ()
    if kind not in _KINDS - {"scatter", "histogram"}:
        raise BadVisualError(f"there is no chart of kind {shown(kind)[:40]!r} here")
    if not labels or not series or any(len(one.values) != len(labels) for one in series):
        raise BadVisualError("a chart needs labels, and as many numbers in every series")
    if len(labels) * len(series) > _MOST_NUMBERS:
        raise BadVisualError(f"the chart has {len(labels) * len(series):,} numbers; {_MOST_NUMBERS} can be read")
    title, x_title, y_title = (shown(given.get(name)) for name in ("title", "x_title", "y_title"))
    return Chart(cast("ChartKind", kind), title, labels, series, x_title, y_title)


def _series(given: Any) -> ChartSeries:
    values = given.get("values") if isinstance(given, Mapping) else None
    if not isinstance(values, list) or not all(map(_is_number, values)):
        raise BadVisualError("a series of the chart holds something other than numbers")
    return ChartSeries(shown(given.get("name")), tuple(map(float, values)))


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _image(given: Fields, images: Mapping[str, str]) -> Image:
    attachment = images.get(str(given.get("picture")))
    if attachment is None:
        raise BadVisualError("it names a picture that was not given")
    return Image(attachment, shown(given.get("description")), shown(given.get("title")))


_READERS: Mapping[str, Callable[[Fields], Visual]] = {
    "slide": _slide,
    "comparison": _comparison,
    "table": _table,
    "quote": _quote,
    "diagram": _diagram,
    "code": _code,
    "formula": _formula,
    "chart": _chart,
}
