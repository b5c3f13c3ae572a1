"""The texts of a scene that people read or hear, and a scene with others in their place. Pure.

Sources stay as they are: code, diagrams, formulas, numbers, who was quoted, and which picture is shown.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from kinescribe_server.script.model import (
    Block,
    BulletList,
    Chart,
    Code,
    Columns,
    Diagram,
    Formula,
    Image,
    OtherVisual,
    Paragraph,
    Quote,
    Scene,
    SimpleBlock,
    Slide,
    Table,
    Visual,
)

# Takes a text and says what stands in its place.
Change = Callable[[str], str]


def texts_of(scene: Scene) -> list[str]:
    """The texts with a letter in them, in the order in which they are met."""
    found: list[str] = []

    def note(text: str) -> str:
        if any(map(str.isalpha, text)):
            found.append(text)
        return text

    changed(scene, note)
    return found


def changed(scene: Scene, change: Change) -> Scene:
    """The scene with its texts changed. What a recording says is as it was said."""
    narration = scene.narration if scene.audio_attachment else change(scene.narration)
    visual = None if scene.visual is None else _visual(scene.visual, change)
    return replace(scene, title=change(scene.title), narration=narration, visual=visual)


def _visual(visual: Visual, change: Change) -> Visual:
    match visual:
        case Slide():
            blocks = tuple(_block(block, change) for block in visual.blocks)
            return replace(visual, title=change(visual.title), subtitle=change(visual.subtitle), blocks=blocks)
        case Chart():
            return replace(
                visual,
                title=change(visual.title),
                labels=tuple(map(change, visual.labels)),
                series=tuple(replace(series, name=change(series.name)) for series in visual.series),
                x_title=change(visual.x_title),
                y_title=change(visual.y_title),
            )
        case Image():
            return _image(visual, change)
        case Diagram() | Code() | Formula() | OtherVisual():
            return replace(visual, title=change(visual.title))
        case _:
            assert_never(visual)


def _block(block: Block, change: Change) -> Block:
    if isinstance(block, Columns):
        first, second = (tuple(_simple(one, change) for one in column) for column in (block.first, block.second))
        return Columns(first, second)
    return _simple(block, change)


def _simple(block: SimpleBlock, change: Change) -> SimpleBlock:
    match block:
        case Paragraph():
            return Paragraph(change(block.text))
        case BulletList():
            return replace(block, items=tuple(replace(item, text=change(item.text)) for item in block.items))
        case Table():
            rows = tuple(replace(row, cells=tuple(map(change, row.cells))) for row in block.rows)
            return replace(block, header=tuple(map(change, block.header)), rows=rows)
        case Quote():
            return replace(block, text=change(block.text))
        case Image():
            return _image(block, change)
        case _:
            assert_never(block)


def _image(image: Image, change: Change) -> Image:
    return replace(image, title=change(image.title), description=change(image.description))
