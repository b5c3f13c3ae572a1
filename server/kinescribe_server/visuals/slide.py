"""Slides: a card, or a head with text, lists, tables, pictures and columns that appear as they are spoken."""

import re
from collections.abc import Iterator
from typing import Any, assert_never

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Block, BulletList, Columns, Image, Paragraph, Quote, Slide, Table
from kinescribe_server.visuals.image import MAX_ENLARGEMENT
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import Canvas, canvas_of, draw
from kinescribe_server.visuals.pictures import as_svg, on_ground, read_picture, stored_picture
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.wording import direction, one_line, page_direction, short_paragraphs

# Type large enough to be read leaves room for about this much on MAX_STATES pages.
_MAX_CHARACTERS = 20_000
_MAX_ROWS = 500
_MAX_CELLS = 3_000
# A picture takes about 20 ms and 100 kB; nobody follows more of them on one slide.
_MAX_STATES = 40
# Reading a picture from a large camera takes a second; more of them on one slide are too small to be seen.
_MAX_PICTURES = 6
# Longer heads would leave no room for the content at the smallest size; they become paragraphs.
_MAX_TITLE = 200
_MAX_SUBTITLE = 240
_MAX_LEVEL = 2
# The rows of a longer table appear together: nobody waits for each, and nobody says each.
_MAX_REVEALED_ROWS = 12

_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
# The first paragraph of a column is its heading if it is so short and more follows.
_MAX_HEADING = 48
# A picture on a page with text is at least so high, in parts of the room; where there are more, each is lower.
_PICTURE_SHARE, _PICTURES_SHARE = 0.46, 0.33

_WORDS = ("paragraph", "bullet", "quote")

_NUMBER = re.compile(r"[^\w\s]{0,2}\s?[\d.,\s]*\d[\d.,]*\s?(%|‰|°?[A-Za-zµ€$£¥]{1,4}(/\w{1,4})?|[€$£¥])?")

Unit = dict[str, Any]


def make_slide(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, a Slide. Raises MakeError (SLIDE_TOO_LARGE, THEME_UNKNOWN)."""
    slide = request.visual
    if not isinstance(slide, Slide):
        raise MakeError("VISUAL_MISMATCH", f"a slide was expected, found {type(slide).__name__}")
    canvas = canvas_of(request, bench)
    _check_pictures(slide)
    pictures = _Pictures(request, canvas, bench)
    title, subtitle, blocks = _head(slide)
    units = [*_long_heads(title, subtitle), *(unit for block in blocks for unit in _units(block, pictures))]
    parts = [part for unit in units for part in _parts(unit)]
    _number(parts)
    content = {
        "title": title if len(title) <= _MAX_TITLE else "",
        "subtitle": subtitle if len(subtitle) <= _MAX_SUBTITLE else "",
        "layout": slide.layout,
        "units": _beside_its_picture(units),
        "amount": _check_amount(parts),
        "dir": page_direction([title, *(part["cue"] for part in parts)]),
        "max_states": _MAX_STATES,
    }
    drawn = draw("slide", content, canvas)
    return hand_over(drawn, canvas, bench, [*pictures.notices, *_notices(drawn.facts.get("left_out", 0))])


def _head(slide: Slide) -> tuple[str, str, tuple[Block, ...]]:
    """The slide's title, subtitle and content. The only paragraph of a card is its subtitle."""
    title, subtitle = one_line(slide.title), one_line(slide.subtitle)
    match slide.layout, slide.blocks:
        case (("title" | "section" | "closing"), (Paragraph() as only,)) if not subtitle:
            return title, one_line(only.text), ()
    return title, subtitle, slide.blocks


class _Pictures:
    """The pictures of one slide. One that cannot be shown becomes an empty frame, and a notice says why."""

    def __init__(self, request: VisualRequest, canvas: Canvas, bench: Bench) -> None:
        self._request, self._canvas, self._bench = request, canvas, bench
        self.notices: list[Notice] = []

    def unit(self, image: Image) -> Unit:
        title, description = one_line(image.title), one_line(image.description)
        size = (self._canvas.width, self._canvas.height)
        try:
            path = stored_picture(image.attachment, self._request.attachments, self._bench)
            picture = on_ground(read_picture(path, size), self._canvas.theme.colors["page"])
        except MakeError as error:
            self.notices.append(Notice(error.reason, error.message))
            frame = {"svg": "", "natural_width": 16, "natural_height": 10, "max_scale": self._canvas.width}
            return _text_unit("picture", description or title or "Picture not available") | frame
        shown = {"svg": as_svg(picture), "natural_width": picture.width, "natural_height": picture.height}
        max_scale = MAX_ENLARGEMENT / self._canvas.unit
        return _text_unit("picture", title or description) | shown | {"max_scale": max_scale}


def _units(block: Block, pictures: _Pictures) -> Iterator[Unit]:
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
        case Image():
            yield pictures.unit(block)
        case Columns():
            sides = [
                [unit for inside in side for unit in _units(inside, pictures)] for side in (block.first, block.second)
            ]
            yield from _columns(*sides, plated=True)
        case _:
            assert_never(block)


def _columns(first: list[Unit], second: list[Unit], *, plated: bool) -> Iterator[Unit]:
    """Two columns; if one of them is empty, the units of the other."""
    if first and second:
        for side in (first, second) if plated else ():
            side[0]["heading"] = len(side) > 1 and len(side[0].get("text", "")) <= _MAX_HEADING
        yield {"kind": "columns", "first": first, "second": second, "plated": plated}
    else:
        yield from first or second


def _beside_its_picture(units: list[Unit]) -> list[Unit]:
    """A slide of text and one picture has them side by side where the page is wide."""
    pictures = [unit for unit in units if unit["kind"] == "picture"]
    words = [unit for unit in units if unit["kind"] in _WORDS]
    if len(pictures) != 1 or not words or len(words) + 1 != len(units):
        return units
    sides = (pictures, words) if units[0] is pictures[0] else (words, pictures)
    return list(_columns(*sides, plated=False))


def _parts(unit: Unit) -> list[Unit]:
    """The unit, or what its columns hold."""
    return [*unit["first"], *unit["second"]] if unit["kind"] == "columns" else [unit]


def _number(parts: list[Unit]) -> None:
    """Gives everything its turn to appear: the rows of a table one by one, unless there are many."""
    reveal = 0
    pictures = sum(part["kind"] == "picture" for part in parts)
    for part in parts:
        part["share"] = _PICTURE_SHARE if pictures < 2 else _PICTURES_SHARE
        part["reveal"] = reveal
        if part["kind"] == "table":
            rows = len(part["rows"])
            step = 1 if rows <= _MAX_REVEALED_ROWS else 0
            start = reveal + step if any(part["header"]) else reveal
            part["reveals"] = [start + step * row for row in range(rows)]
            reveal = max([reveal, *part["reveals"]])
        reveal += 1


def _text_unit(kind: str, text: str) -> Unit:
    return {"kind": kind, "text": text, "cue": text, "dir": direction(text), "heading": False}


def _long_heads(title: str, subtitle: str) -> Iterator[Unit]:
    for text, limit in ((title, _MAX_TITLE), (subtitle, _MAX_SUBTITLE)):
        if len(text) > limit:
            yield from (_text_unit("paragraph", part) for part in short_paragraphs(text))


def _bullets(block: BulletList) -> Iterator[Unit]:
    items = [(one_line(item.text), min(max(item.level, 0), _MAX_LEVEL)) for item in block.items]
    items = [(text, level) for text, level in items if text]
    counts = [max(block.start, 1) - 1] + [0] * _MAX_LEVEL
    units: list[Unit] = []
    for text, level in items:
        counts[level] += 1
        counts[level + 1 :] = [0] * (_MAX_LEVEL - level)
        marker = f"{_numeral(counts[level], level)}." if block.ordered else ""
        units.append(_text_unit("bullet", text) | {"level": level, "marker": marker})
    width = max((len(unit["marker"]) for unit in units), default=0)
    yield from (unit | {"marker_width": width} for unit in units)


def _numeral(number: int, level: int) -> str:
    """1, 2, 3; a, b, c below; i, ii, iii below that; digits again where letters end."""
    match level:
        case 1 if number <= 26:
            return chr(ord("a") + number - 1)
        case 2 if number <= len(_ROMAN):
            return _ROMAN[number - 1]
    return str(number)


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
        "cues": [next(filter(None, row), "") for row in rows],
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


def _check_pictures(slide: Slide) -> None:
    columns = [block for block in slide.blocks if isinstance(block, Columns)]
    blocks = [*slide.blocks, *(inside for block in columns for inside in (*block.first, *block.second))]
    count = sum(isinstance(block, Image) for block in blocks)
    if count > _MAX_PICTURES:
        raise MakeError("SLIDE_TOO_LARGE", f"the slide has {count} pictures; a slide can have {_MAX_PICTURES}")


def _notices(pages_left_out: int) -> tuple[Notice, ...]:
    if not pages_left_out:
        return ()
    message = f"the slide fills {_MAX_STATES + pages_left_out} pages; the last {pages_left_out} are left out"
    return (Notice("SLIDE_CUT", message),)
