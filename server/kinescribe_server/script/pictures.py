"""Blocks that are pictures (lists, tables, quotations, code, diagrams, formulas) to shots, before any lead."""

from collections.abc import Sequence
from typing import assert_never

from kinescribe_server.script.document import (
    CodeBlock,
    DiagramBlock,
    FormulaBlock,
    ListBlock,
    QuoteBlock,
    TableBlock,
)
from kinescribe_server.script.inline import is_english
from kinescribe_server.script.model import Code, Diagram, Formula, Quote, Slide, Table, TableRow
from kinescribe_server.script.narration.code import defined_names, language_name, narrate_code, narrate_comments
from kinescribe_server.script.narration.diagrams import narrate_diagram
from kinescribe_server.script.narration.lists import list_shots
from kinescribe_server.script.narration.phrases import listed
from kinescribe_server.script.narration.tables import narrate_table
from kinescribe_server.script.sentences import balanced, closed, count_words, split_sentences
from kinescribe_server.script.shots import Shot, said
from kinescribe_server.script.spoken_code import say_code
from kinescribe_server.script.spoken_formula import say_formula

PictureBlock = ListBlock | TableBlock | QuoteBlock | CodeBlock | DiagramBlock | FormulaBlock

# What is readable on one picture of 1920 x 1080.
_MAX_ROWS = 9
_MAX_LINES = 22
_MAX_PAGE_CHARACTERS = 4_000
# The limits of the contract (script.proto); what is longer is shown as its source.
_MAX_DIAGRAM = 20_000
_MAX_LATEX = 2_000


def picture_shots(block: PictureBlock, title: str, language: str, *, has_lead: bool) -> list[Shot]:
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
        case _:
            assert_never(block)


def _table(block: TableBlock, title: str, *, english: bool) -> list[Shot]:
    header = tuple(cell.shown for cell in block.header)
    alignments = block.alignments
    pages = balanced(block.rows, lambda row: 1.0, _MAX_ROWS) or [[]]
    shots: list[Shot] = []
    for rows in pages:
        table = Table(header, tuple(TableRow(tuple(cell.shown for cell in row)) for row in rows), alignments)
        first, last = (rows[0][0].said, rows[-1][0].said) if rows else ("", "")
        follow = f"Next, {first} to {last}." if english else f"{first}, {last}."
        says = narrate_table(block, english=english) if not shots else [follow]
        shots.append(Shot(title, Slide(title=title, blocks=(table,)), tuple(says)))
    return shots


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
    shots: list[Shot] = []
    for page in _code_pages(source):
        visual = Code(page, language, title)
        if not english:
            names = [say_code(name, english=False) for name in defined_names(page, language)[:5]]
            says = [f"{', '.join(filter(None, [language_name(language), *names]))}."] if names and not has_lead else []
        elif not shots:
            says = narrate_code(source, language, has_lead=has_lead)
        else:
            names = [say_code(name, english=True) for name in defined_names(page, language)[:5]]
            goes_on = f"Next comes {listed(names)}." if any(names) else "The listing goes on."
            says = [goes_on, *narrate_comments(page, language)]
        shots.append(Shot(title, visual, tuple(says)))
    return shots


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
    return [page.strip("\n") for page in pages if page.strip()]


def _diagram(source: str, title: str, *, english: bool, has_lead: bool) -> list[Shot]:
    if len(source) > _MAX_DIAGRAM:
        return _code(source, "mermaid", title, english=english)
    says = [] if has_lead else narrate_diagram(source, english=english)
    return [Shot(title, Diagram(source, title), tuple(says))]


def _formula(latex: str, title: str, language: str, *, english: bool, has_lead: bool) -> list[Shot]:
    if len(latex) > _MAX_LATEX:
        return _code(latex, "latex", title, english=english)
    spoken = say_formula(latex, language)
    if spoken and has_lead and english:
        spoken = f"In symbols: {spoken}"
    return [Shot(title, Formula(latex, title), (closed(spoken),) if spoken else ())]
