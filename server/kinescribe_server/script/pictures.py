"""Blocks that are pictures (lists, tables, charts, quotations, code, diagrams, formulas, images) to shots, before any
lead."""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from kinescribe_server.script.document import (
    CodeBlock,
    DiagramBlock,
    FormulaBlock,
    ImageBlock,
    ListBlock,
    QuoteBlock,
    TableBlock,
)
from kinescribe_server.script.inline import is_english, read_plain
from kinescribe_server.script.model import Code, Diagram, Formula, Image, Quote, Slide, Table, TableRow
from kinescribe_server.script.narration.code import defined_names, language_name, narrate_code, narrate_comments
from kinescribe_server.script.narration.diagrams import narrate_diagram
from kinescribe_server.script.narration.lists import list_shots
from kinescribe_server.script.narration.phrases import listed
from kinescribe_server.script.narration.tables import narrate_rows, narrate_table
from kinescribe_server.script.pacing import MOST_CODE_LINES
from kinescribe_server.script.sentences import balanced, closed, count_words, split_sentences
from kinescribe_server.script.shots import Shot, said
from kinescribe_server.script.spoken_code import say_code
from kinescribe_server.script.spoken_formula import say_formula

PictureBlock = ListBlock | TableBlock | QuoteBlock | CodeBlock | DiagramBlock | FormulaBlock | ImageBlock

# What is readable on one picture of 1920 x 1080.
_MAX_ROWS = 9
# A listing is drawn in as many pages as it takes; nobody looks at more of them in one scene.
_MAX_LINES = 3 * MOST_CODE_LINES
_MAX_PAGE_CHARACTERS = 8_000
_MAX_TITLE = 60
_MOST_NAMES = 5
# "Logo" and "Build status" are not worth saying.
_DESCRIBING_WORDS = 3
# The limits of the contract (script.proto); what is longer is shown as its source.
_MAX_SOURCE = 20_000
_MAX_LATEX = 2_000


def picture_shots(block: PictureBlock, title: str, language: str, *, has_lead: bool) -> list[Shot]:  # noqa: PLR0911 -- one for each kind
    """The shots of a block. `has_lead` says whether the text before it will be said over it too."""
    english = is_english(language)
    match block:
        case ListBlock():
            return list_shots(block, title, language, english=english)
        case TableBlock():
            return _table(block, title, english=english)
        case QuoteBlock():
            return _quote(block, title, language, english=english)
        case CodeBlock():
            return _code(block.source, block.language, title, english=english, has_lead=has_lead)
        case DiagramBlock():
            return _diagram(block.source, title, english=english, has_lead=has_lead)
        case FormulaBlock():
            return _formula(block.latex, title, language, english=english, has_lead=has_lead)
        case ImageBlock():
            return [_image(block, title, language, has_lead=has_lead)]
        case _:
            assert_never(block)


def _table(block: TableBlock, title: str, *, english: bool) -> list[Shot]:
    header = tuple(cell.shown for cell in block.header)
    alignments = block.alignments
    if block.chart:
        return [Shot(title, replace(block.chart, title=title), tuple(narrate_table(block, english=english)))]
    pages = balanced(block.rows, lambda row: 1.0, _MAX_ROWS) or [[]]
    shots: list[Shot] = []
    for rows in pages:
        table = Table(header, tuple(TableRow(tuple(cell.shown for cell in row)) for row in rows), alignments)
        says = narrate_rows(rows, english=english) if shots else narrate_table(block, english=english)
        shots.append(Shot(title, Slide(title=title, blocks=(table,)), tuple(says)))
    return shots


def _image(block: ImageBlock, title: str, language: str, *, has_lead: bool) -> Shot:
    heading = next((text for text in (block.title, block.description) if 0 < len(text) <= _MAX_TITLE), title)
    described = not has_lead and count_words(block.description) >= _DESCRIBING_WORDS
    says = said(split_sentences(read_plain(block.description, language), language)) if described else ()
    return Shot(title, Image(block.attachment, block.description, heading), says)


def _quote(block: QuoteBlock, title: str, language: str, *, english: bool) -> list[Shot]:
    by = block.attribution
    runs = balanced(split_sentences(block.text, language), lambda sentence: count_words(sentence.said))
    shots: list[Shot] = []
    for run in runs:
        quote = Quote(" ".join(sentence.shown for sentence in run), by.shown)
        lead = (f"In the words of {by.said}:" if english else f"{by.said}:",) if by and not shots else ()
        shots.append(Shot(title, Slide(blocks=(quote,)), (*lead, *said(run))))
    return shots


def _code(source: str, language: str, title: str, *, english: bool, has_lead: bool = False) -> list[Shot]:
    first, *others = _told_pages(source, language, english=english)
    if english:
        told = narrate_code(source, language, has_lead=has_lead)
        # A listing of several pages is paged through, so that every line is seen.
        focus = told.focus if not others and source.count("\n") < MOST_CODE_LINES else ()
        says = told.says
    else:
        names = _names(first, language, english=False)
        says = (f"{', '.join(filter(None, [language_name(language), *names]))}.",) if names and not has_lead else ()
        focus = ()
    shots = [Shot(title, Code(first, language, title, focus), says)]
    for page in others:
        says = _goes_on(page, language, english=english)
        shots.append(Shot(title, Code(page, language, title), says))
    return shots


def _told_pages(source: str, language: str, *, english: bool) -> list[str]:
    """The pages of a listing; one that there is nothing to say about is shown with the one before."""
    pages: list[str] = []
    for page in _code_pages(source):
        fits = bool(pages) and len(pages[-1]) + len(page) < _MAX_SOURCE
        if fits and not _goes_on(page, language, english=english):
            pages[-1] += f"\n{page}"
        else:
            pages.append(page)
    return [page.strip("\n") for page in pages]


def _goes_on(page: str, language: str, *, english: bool) -> tuple[str, ...]:
    """What is said over a further page of a listing: what it defines, and what its comments say."""
    names = _names(page, language, english=english)
    if not english:
        return (f"{', '.join(names)}.",) if names else ()
    comments = narrate_comments(page, language).says
    return (f"Next {'come' if len(names) > 1 else 'comes'} {listed(names)}.", *comments) if names else comments


def _names(page: str, language: str, *, english: bool) -> list[str]:
    names = (say_code(name, english=english) for name in defined_names(page, language)[:_MOST_NAMES])
    return [name for name in names if name]


def _code_pages(source: str) -> list[str]:
    """Code in pieces that can be read on one picture, cut at blank lines where there are any."""
    lines = [
        line[start : start + _MAX_PAGE_CHARACTERS]
        for line in source.split("\n")
        for start in range(0, max(1, len(line)), _MAX_PAGE_CHARACTERS)
    ]
    passages: list[list[str]] = [[]]
    for line in lines:
        if not line.strip() and len(passages[-1]) > _MAX_LINES / 3:
            passages.append([])
        passages[-1].append(line)

    def weigh(piece: Sequence[str]) -> float:
        return max(len(piece) / _MAX_LINES, sum(map(len, piece)) / _MAX_PAGE_CHARACTERS)

    cut = [piece for passage in passages for piece in balanced(passage, lambda line: weigh([line]), 1)]
    pages = ("\n".join(line for piece in page for line in piece) for page in balanced(cut, weigh, 1))
    return [page for page in pages if page.strip()]


def _diagram(source: str, title: str, *, english: bool, has_lead: bool) -> list[Shot]:
    if len(source) > _MAX_SOURCE:
        return _code(source, "mermaid", title, english=english)
    says = () if has_lead else narrate_diagram(source, english=english)
    return [Shot(title, Diagram(source, title), says)]


def _formula(latex: str, title: str, language: str, *, english: bool, has_lead: bool) -> list[Shot]:
    if len(latex) > _MAX_LATEX:
        return _code(latex, "latex", title, english=english)
    spoken = say_formula(latex, language)
    if spoken and has_lead and english:
        spoken = f"In symbols: {spoken}"
    return [Shot(title, Formula(latex, title), (closed(spoken),) if spoken else ())]
