"""Checks of a script that a user sent."""

import re
from collections.abc import Iterable, Iterator, Sequence

from kinescribe.v1 import script_pb2
from kinescribe_server.jobs.errors import Violation
from kinescribe_server.jobs.violations import shown
from kinescribe_server.rpc.field_checks import Catalog, duration_violations, language_violations, too_long, unknown
from kinescribe_server.rpc.option_checks import MAX_ATTACHMENT_NAME
from kinescribe_server.script.limits import (
    MAX_LATEX_CHARACTERS,
    MAX_NARRATION_CHARACTERS,
    MAX_SCENES,
    MAX_SOURCE_CHARACTERS,
    MAX_TITLE_CHARACTERS,
)

MAX_BLOCKS = 50
_MAX_PAUSE_SECONDS = 60.0

_SCENE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def script_violations(script: script_pb2.Script, catalog: Catalog) -> Iterator[Violation]:
    if not 1 <= len(script.scenes) <= MAX_SCENES:
        yield Violation("script.scenes", f"{len(script.scenes)} scenes were given; 1 to {MAX_SCENES} are allowed")
        return
    yield from too_long("script.title", script.title, MAX_TITLE_CHARACTERS)
    yield from language_violations("script.language", script.language)
    seen: set[str] = set()
    for index, scene in enumerate(script.scenes):
        at = f"script.scenes[{index}]"
        yield from _scene_violations(at, scene, catalog)
        if scene.id and scene.id in seen:
            yield Violation(f"{at}.id", f"{shown(scene.id)} is the id of an earlier scene")
        seen.add(scene.id)


def _scene_violations(at: str, scene: script_pb2.Scene, catalog: Catalog) -> Iterator[Violation]:
    if not scene.narration.strip() and not scene.HasField("visual"):
        yield Violation(at, "the scene has neither narration nor visual; one of them is required")
    if scene.id and not _SCENE_ID.fullmatch(scene.id):
        yield Violation(f"{at}.id", f"{shown(scene.id)} is not 1 to 64 characters of [A-Za-z0-9_.-]")
    yield from too_long(f"{at}.title", scene.title, MAX_TITLE_CHARACTERS)
    yield from too_long(f"{at}.narration", scene.narration, MAX_NARRATION_CHARACTERS)
    if scene.voice and scene.voice not in catalog.voices:
        yield unknown(f"{at}.voice", scene.voice, catalog.voices)
    yield from language_violations(f"{at}.language", scene.language)
    yield from too_long(f"{at}.audio_attachment", scene.audio_attachment, MAX_ATTACHMENT_NAME)
    yield from duration_violations(f"{at}.pause_after", scene, "pause_after", 0.0, _MAX_PAUSE_SECONDS)
    yield from _visual_violations(f"{at}.visual", scene.visual)


def _visual_violations(at: str, visual: script_pb2.Visual) -> Iterator[Violation]:
    match visual.WhichOneof("type"):
        case "slide":
            yield from _enum_violations(
                f"{at}.slide.layout", visual.slide.layout, "SlideLayout", script_pb2.SlideLayout.values()
            )
            yield from _blocks_violations(f"{at}.slide.blocks", visual.slide.blocks)
        case "diagram":
            yield from too_long(f"{at}.diagram.source", visual.diagram.source, MAX_SOURCE_CHARACTERS)
        case "code":
            yield from too_long(f"{at}.code.source", visual.code.source, MAX_SOURCE_CHARACTERS)
            for index, lines in enumerate(visual.code.focus):
                if not 1 <= lines.first <= lines.last:
                    yield Violation(
                        f"{at}.code.focus[{index}]", f"{lines.first} to {lines.last} is not a range of lines"
                    )
        case "formula":
            yield from too_long(f"{at}.formula.latex", visual.formula.latex, MAX_LATEX_CHARACTERS)
        case "chart":
            yield from _enum_violations(
                f"{at}.chart.kind", visual.chart.kind, "ChartKind", script_pb2.ChartKind.values()
            )
        case "other":
            yield from too_long(f"{at}.other.source", visual.other.source, MAX_SOURCE_CHARACTERS)


def _blocks_violations(
    at: str, blocks: Iterable[script_pb2.SlideBlock], *, in_column: bool = False
) -> Iterator[Violation]:
    given = list(blocks)
    if len(given) > MAX_BLOCKS:
        yield Violation(at, f"{len(given)} blocks were given; at most {MAX_BLOCKS} are allowed")
        return
    for index, block in enumerate(given):
        here = f"{at}[{index}]"
        match block.WhichOneof("block"):
            case None:
                yield Violation(here, "the block is empty")
            case "table":
                yield from _table_violations(f"{here}.table", block.table)
            case "columns" if in_column:
                yield Violation(f"{here}.columns", "a column holds no columns")
            case "columns":
                yield from _blocks_violations(f"{here}.columns.first", block.columns.first, in_column=True)
                yield from _blocks_violations(f"{here}.columns.second", block.columns.second, in_column=True)


def _table_violations(at: str, table: script_pb2.Table) -> Iterator[Violation]:
    for row in table.rows:
        if len(row.cells) != len(table.header):
            yield Violation(at, f"a row has {len(row.cells)} cells, the header {len(table.header)}")
    for index, alignment in enumerate(table.alignments):
        yield from _enum_violations(
            f"{at}.alignments[{index}]", alignment, "ColumnAlignment", script_pb2.ColumnAlignment.values()
        )


def _enum_violations(field: str, given: int, name: str, known: Sequence[int]) -> Iterator[Violation]:
    if given not in known:
        yield Violation(field, f"{given} is not a {name}")
