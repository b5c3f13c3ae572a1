"""Slides: a title card, or a head with text, lists, tables and quotes that appear as they are spoken."""

import re
from collections.abc import Iterator
from typing import Any, assert_never

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import BulletList, Paragraph, Quote, Slide, Table
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import Canvas, draw
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.themes import theme_named
from kinescribe_server.visuals.wording import direction, one_line, page_direction, short_paragraphs

# Type large enough to be read leaves room for about this much on MAX_STATES pages.
_MAX_CHARACTERS = 20_000
_MAX_ROWS = 500
_MAX_CELLS = 3_000
# A picture takes about 20 ms and 100 kB; nobody follows more of them on one slide.
_MAX_STATES = 40
# Longer heads would leave no room for the content at the smallest size; they become paragraphs.
_MAX_TITLE = 200
_MAX_SUBTITLE = 240
_MAX_LEVEL = 2

_NUMBER = re.compile(r"[^\w\s]{0,2}\s?[\d.,\s]*\d[\d.,]*\s?(%|‰|°?[A-Za-zµ€$£¥]{1,4}(/\w{1,4})?|[€$£¥])?")

Unit = dict[str, Any]


def make_slide(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, a Slide. Raises MakeError (SLIDE_TOO_LARGE, THEME_UNKNOWN)."""
    slide = request.visual
    if not isinstance(slide, Slide):
        raise MakeError("VISUAL_MISMATCH", f"a slide was expected, found {type(slide).__name__}")
    canvas = Canvas(theme_named(request.theme), request.width, request.height, request.language)
    title, subtitle = one_line(slide.title), one_line(slide.subtitle)
    units = [*_long_heads(title, subtitle), *_units(slide)]
    for reveal, unit in enumerate(units):
        unit["reveal"] = reveal
    content = {
        "title": title if len(title) <= _MAX_TITLE else "",
        "subtitle": subtitle if len(subtitle) <= _MAX_SUBTITLE else "",
        "units": units,
        "amount": _check_amount(units),
        "dir": page_direction([title, *(unit["cue"] for unit in units)]),
        "max_states": _MAX_STATES,
    }
    drawn = draw("slide", content, canvas)
    return hand_over(drawn, canvas, bench, _notices(drawn.facts.get("left_out", 0)))


def _units(slide: Slide) -> Iterator[Unit]:
    for block in slide.blocks:
        match block:
            case Paragraph():
                yield from (_text_unit("paragraph", part) for part in short_paragraphs(one_line(block.text)))
            case BulletList():
                yield from _bullets(block)
            case Quote():
                if text := one_line(block.text):
                    yield _text_unit("quote", text) | {"attribution": one_line(block.attribution)}
            case Table():
                yield from _table(block)
            case _:
                assert_never(block)


def _text_unit(kind: str, text: str) -> Unit:
    return {"kind": kind, "text": text, "cue": text, "dir": direction(text)}


def _long_heads(title: str, subtitle: str) -> Iterator[Unit]:
    for text, limit in ((title, _MAX_TITLE), (subtitle, _MAX_SUBTITLE)):
        if len(text) > limit:
            yield from (_text_unit("paragraph", part) for part in short_paragraphs(text))


def _bullets(block: BulletList) -> Iterator[Unit]:
    items = [(one_line(item.text), min(max(item.level, 0), _MAX_LEVEL)) for item in block.items]
    items = [(text, level) for text, level in items if text]
    counts = [0] * (_MAX_LEVEL + 1)
    units: list[Unit] = []
    for text, level in items:
        counts[level] += 1
        counts[level + 1 :] = [0] * (_MAX_LEVEL - level)
        marker = f"{counts[level]}." if block.ordered else ""
        units.append(_text_unit("bullet", text) | {"level": level, "marker": marker})
    width = max((len(unit["marker"]) for unit in units), default=0)
    yield from (unit | {"marker_width": width} for unit in units)


def _table(table: Table) -> Iterator[Unit]:
    rows = [[one_line(cell) for cell in row.cells] for row in table.rows]
    header = [one_line(cell) for cell in table.header]
    columns = max([len(header), *(len(row) for row in rows)], default=0)
    if columns == 0:
        return
    header, rows = _padded(header, columns), [_padded(row, columns) for row in rows]
    by_column = [[row[column] for row in rows] for column in range(columns)]
    yield {
        "kind": "table",
        "header": header,
        "rows": rows,
        "sides": [_side(table, column, cells) for column, cells in enumerate(by_column)],
        "dirs": [page_direction([header[column], *cells]) for column, cells in enumerate(by_column)],
        "cue": " ".join(header).strip(),
    }


def _padded(cells: list[str], columns: int) -> list[str]:
    return cells + [""] * (columns - len(cells))


def _side(table: Table, column: int, cells: list[str]) -> str:
    given = table.alignments[column] if column < len(table.alignments) else "unspecified"
    if given != "unspecified":
        return {"left": "start", "right": "end", "center": "center"}[given]
    filled = [cell for cell in cells if cell]
    numbers = sum(_NUMBER.fullmatch(cell) is not None for cell in filled)
    return "end" if column > 0 and filled and numbers * 2 > len(filled) else "start"


def _check_amount(units: list[Unit]) -> int:
    """How many characters the slide has, a row of a table counting as some more. Raises MakeError (SLIDE_TOO_LARGE)."""
    rows = sum(len(unit.get("rows", (0,))) for unit in units)
    texts = [unit.get("text", "") for unit in units]
    cells = [cell for unit in units for row in unit.get("rows", ()) for cell in row]
    characters = sum(map(len, texts + cells))
    if characters > _MAX_CHARACTERS or rows > _MAX_ROWS or len(cells) > _MAX_CELLS:
        raise MakeError(
            "SLIDE_TOO_LARGE",
            f"the slide has {characters:,} characters in {rows:,} items and rows with {len(cells):,} cells; "
            f"a slide can have {_MAX_CHARACTERS:,} characters in {_MAX_ROWS} items and rows with {_MAX_CELLS:,} cells",
        )
    return characters + 10 * len(cells)


def _notices(pages_left_out: int) -> tuple[Notice, ...]:
    if not pages_left_out:
        return ()
    message = f"the slide fills {_MAX_STATES + pages_left_out} pages; the last {pages_left_out} are left out"
    return (Notice("SLIDE_CUT", message),)
