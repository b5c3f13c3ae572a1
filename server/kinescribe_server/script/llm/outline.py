"""The plan of a long document: sections of consecutive pieces, each about one subject."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kinescribe_server.script.llm.chat import ChatModel, TooLongError
from kinescribe_server.script.llm.cutting import Piece
from kinescribe_server.script.llm.prompts import fenced, prompt
from kinescribe_server.script.llm.replies import ReplyError
from kinescribe_server.script.llm.schemas import OUTLINE
from kinescribe_server.script.llm.words import shown

_PROMPTS = ("outline-1", "outline-task-1")
# What a model sees of all pieces together to plan them, and at least of each.
_SEEN_CHARACTERS = 12_000
_LEAST_SEEN = 60


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a film and the text that it explains."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A film's title and its sections in order."""

    title: str
    sections: tuple[Section, ...]


def plan_outline(model: ChatModel, pieces: Sequence[Piece], language: str, longest: int) -> Outline:
    """The model's plan; no section's text is longer than so many characters. Raises MakeError and TooLongError."""
    seen = max(_LEAST_SEEN, _SEEN_CHARACTERS // len(pieces))
    while True:
        text = "\n\n".join(f"[{number}] {piece.text.strip()[:seen]}" for number, piece in enumerate(pieces, 1))
        values = {
            "language": language or "und",
            "pieces": str(len(pieces)),
            "least": str(min(2, len(pieces))),
            "most": str(len(pieces)),
            "text": fenced(text),
        }
        try:
            return model.ask(prompt(*_PROMPTS, values), OUTLINE, lambda reply: _read(reply, pieces, longest))
        except TooLongError:
            if seen <= _LEAST_SEEN:
                raise
            seen = max(_LEAST_SEEN, seen // 3)


def plain_outline(pieces: Sequence[Piece]) -> Outline:
    """The plan where there is none: every piece is a section."""
    return Outline("", tuple(Section(shown(piece.heading), piece.text) for piece in pieces))


def _read(reply: Any, pieces: Sequence[Piece], longest: int) -> Outline:
    """The outline in a model's JSON. Pieces that it leaves out belong to the section before them: nothing of the
    document is lost."""
    given = reply.get("sections") if isinstance(reply, Mapping) else None
    if not isinstance(given, list):
        raise ReplyError('"sections" is not a list')
    starts: dict[int, str] = {}
    for section in given:
        first = section.get("first") if isinstance(section, Mapping) else None
        if isinstance(first, int) and 1 <= first <= len(pieces) and first > max(starts, default=0):
            starts[first] = shown(section.get("title"))
    if not starts:
        raise ReplyError(f'no section has a "first" between 1 and {len(pieces)} that is above the one before')
    firsts = sorted(starts)
    bounds = [1, *firsts[1:], len(pieces) + 1]
    sections: list[Section] = []
    for first, start, end in zip(firsts, bounds, bounds[1:], strict=False):
        sections += _sections(starts[first], pieces[start - 1 : end - 1], longest)
    return Outline(shown(reply.get("title")), tuple(sections))


def _sections(title: str, pieces: Sequence[Piece], longest: int) -> list[Section]:
    """A section, or several of the same title where its text would be too long."""
    texts: list[str] = []
    for piece in pieces:
        if texts and len(texts[-1]) + len(piece.text) <= longest:
            texts[-1] += piece.text
        else:
            texts.append(piece.text)
    return [Section(title, text) for text in texts]
