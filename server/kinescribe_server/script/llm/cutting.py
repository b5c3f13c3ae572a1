"""A long document in pieces that a model can read at once, cut where a reader would turn the page. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]")
_HEADING_TEXT = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a document, and the first heading in it ("" without one)."""

    text: str
    heading: str = ""


def pieces_of(document: str, most: int) -> list[Piece]:
    """The document in pieces of at most so many characters. A piece ends before a heading where it can, else between
    paragraphs, else between lines; nothing is lost."""
    pieces: list[str] = []
    for passage in _passages(document):
        opens = _HEADING.match(passage) is not None
        room = most / 2 if opens else most
        for part in _parts(passage, most):
            if pieces and len(pieces[-1]) + len(part) <= room:
                pieces[-1] += part
            else:
                pieces.append(part)
    return [Piece(text, _heading(text)) for text in pieces if text.strip()]


def halves(text: str) -> tuple[str, str] | None:
    """A text in two parts, cut as `pieces_of` cuts; None where it cannot be cut."""
    pieces = pieces_of(text, max(1, -(-len(text) * 3 // 5)))
    if len(pieces) < 2:
        return None
    texts = [piece.text for piece in pieces]
    middle = max(1, len(texts) // 2)
    return "".join(texts[:middle]), "".join(texts[middle:])


def _heading(text: str) -> str:
    found = _HEADING_TEXT.search(text)
    return found[1] if found else ""


def _passages(document: str) -> Iterator[str]:
    """Paragraphs with the blank lines behind them; a heading opens one, and a fence of code is one."""
    passage = ""
    fence = ""
    for line in document.splitlines(keepends=True):
        mark = _FENCE.match(line)
        begins = not fence and (_HEADING.match(line) or (passage.endswith("\n\n") and line.strip()))
        if passage.strip() and begins:
            yield passage
            passage = ""
        passage += line if line.strip() or fence else "\n"
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
    if passage:
        yield passage


def _parts(passage: str, most: int) -> Iterator[str]:
    """A passage in parts of at most so many characters, cut at lines, else at sentences or words."""
    while len(passage) > most:
        head = passage[:most]
        cut = head.rfind("\n") + 1 or head.rfind(". ") + 2 * (". " in head) or head.rfind(" ") + 1 or most
        cut = cut if cut > 1 else most
        yield passage[:cut]
        passage = passage[cut:]
    if passage:
        yield passage
