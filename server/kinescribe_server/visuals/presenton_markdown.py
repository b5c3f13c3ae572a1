"""A slide as the Markdown that Presenton makes a page of.

Presenton reads it by a language model and loads every picture whose address it finds in it. So what users wrote opens
no block of its own, and has no address that could be loaded.
"""

import re
from collections.abc import Iterator
from typing import assert_never

from kinescribe_server.script.model import Block, BulletList, Columns, Image, Paragraph, Quote, Slide, Table
from kinescribe_server.visuals.wording import one_line

# What opens a heading, a list, a quote, a listing or a rule at the start of a line.
_OPENS_BLOCK = re.compile(
    r"^(?:(\d{1,9})(?=[.)](?:\s|$))|(?=(?:#{1,6}|[-+*])(?:\s|$)|>|`{3}|~{3}|[-*_=]{3}))", re.ASCII
)
# With all of its slashes: what is left of both sides never makes another.
_SCHEME = re.compile(r"[A-Za-z]*:/{2,}")


def slide_markdown(slide: Slide) -> str:
    """Blocks with an empty line between them; pictures are left out."""
    parts = [f"# {_text(slide.title)}" if slide.title.strip() else "", _text(slide.subtitle)]
    return "\n\n".join(part for part in (*parts, *_blocks(slide.blocks)) if part) or "#"


def has_pictures(slide: Slide) -> bool:
    """Whether a page without the user's pictures would not be this slide."""
    sides = [side for block in slide.blocks if isinstance(block, Columns) for side in (block.first, block.second)]
    return any(isinstance(block, Image) for blocks in (slide.blocks, *sides) for block in blocks)


def _blocks(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph():
                yield _text(block.text)
            case BulletList():
                yield "\n".join(_items(block))
            case Quote():
                by = f"\n> — {_text(block.attribution)}" if block.attribution.strip() else ""
                yield f"> {_text(block.text)}{by}"
            case Table():
                yield "\n".join(_rows(block))
            case Columns():
                yield from _blocks(block.first)
                yield from _blocks(block.second)
            case Image():
                pass
            case _:
                assert_never(block)


def _items(block: BulletList) -> Iterator[str]:
    number = block.start or 1
    for item in block.items:
        # Three spaces stand below the text of "1. " as well as of "- ".
        indent = "   " * max(0, item.level)
        mark = f"{number}." if block.ordered and not item.level else "-"
        number += mark != "-"
        yield f"{indent}{mark} {_text(item.text)}"


def _rows(table: Table) -> Iterator[str]:
    columns = max(len(table.header), *(len(row.cells) for row in table.rows), 1)
    rows = [table.header, *(row.cells for row in table.rows)]
    for number, cells in enumerate(rows):
        written = [_text(cell).replace("|", r"\|") for cell in cells]
        yield f"| {' | '.join(written + [''] * (columns - len(written)))} |"
        if number == 0:
            yield f"|{' --- |' * columns}"


def _text(text: str) -> str:
    line = _SCHEME.sub("", one_line(text)).replace("![", "[").replace("<", r"\<")
    return _OPENS_BLOCK.sub(r"\1\\", line)
