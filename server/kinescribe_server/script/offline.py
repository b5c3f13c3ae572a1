"""The embedded script writer: Markdown and plain prose, deterministic and offline."""

import re
from collections.abc import Iterator
from itertools import pairwise

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.document import Document, ProseBlock, Section
from kinescribe_server.script.front_matter import FrontMatter, split_front_matter
from kinescribe_server.script.inline import read_plain
from kinescribe_server.script.language import detect_language
from kinescribe_server.script.markdown import parse_markdown, plain_words
from kinescribe_server.script.model import Script, Slide
from kinescribe_server.script.opening import Opening, heading_text, open_document, shortened
from kinescribe_server.script.plan import plan_section
from kinescribe_server.script.protocol import ScriptRequest, Written
from kinescribe_server.script.reading import read_document
from kinescribe_server.script.scenes import to_scenes
from kinescribe_server.script.sentences import MIN_WORDS, split_sentences
from kinescribe_server.script.shots import Shot, opened_by, said, within_length
from kinescribe_server.script.source_text import clean

# The contract's limit (script.proto).
MAX_SCENES = 500

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


class OfflineWriter:
    """Implements ScriptWriter. The same text makes the same script on every machine."""

    def write(self, request: ScriptRequest) -> Written:
        """Raises MakeError BAD_FRONT_MATTER, NOTHING_TO_SAY or SCRIPT_TOO_LONG."""
        front_matter = split_front_matter(clean(request.source_text))
        tokens = parse_markdown(front_matter.body)
        tag = request.language or _given_language(front_matter) or detect_language(plain_words(tokens))
        language = tag.split("-")[0].lower()
        document = read_document(tokens, language, shortened(front_matter.text("title")))
        opening = open_document(document, front_matter.text("subtitle", "description"), language)
        shots = [short for shot in _shots(opening, language) for short in within_length(shot)]
        if not any(shot.says or not isinstance(shot.visual, Slide) for shot in shots):
            raise MakeError("NOTHING_TO_SAY", "the text has no words that could be said; expected prose or Markdown")
        if len(shots) > MAX_SCENES:
            raise MakeError(
                "SCRIPT_TOO_LONG",
                f"the text makes {len(shots)} scenes; at most {MAX_SCENES} are allowed: split it into several films",
            )
        return Written(Script(opening.title, tag, to_scenes(shots)), _notices(document))


def _given_language(front_matter: FrontMatter) -> str:
    tag = front_matter.text("language", "lang")
    if tag and not _LANGUAGE_TAG.fullmatch(tag):
        raise MakeError(
            "BAD_FRONT_MATTER",
            f"the front matter's language is {tag[:40]!r}; expected a BCP 47 tag, for example 'en' or 'de-AT'",
        )
    return tag


def _shots(opening: Opening, language: str) -> Iterator[Shot]:
    """The title scene, and every section's shots. A heading with nothing of its own opens the section below it."""
    if opening.shot:
        yield opening.shot
    above: list[tuple[str, tuple[str, ...]]] = []
    first, *others = opening.sections or [None]
    if first:
        own_headings = not first.heading
        yield from plan_section(
            first, opening.title, language, own_headings=own_headings, opened=opening.shot is not None
        )
    for section, following in pairwise([*others, None]):
        title = heading_text(section)
        shots = plan_section(section, title, language, own_headings=False, opened=False) or _card(section, language)
        leads_on = following is not None and following.level > section.level
        if leads_on and len(shots) == 1 and _is_only_heading(section, shots[0]):
            above.append((title, shots[0].says))
            continue
        if shots and above:
            shots[0] = opened_by(shots[0], above)
        above = []
        yield from shots


def _is_only_heading(section: Section, shot: Shot) -> bool:
    """Whether a section is no more than its heading, and perhaps a few words."""
    return (
        not section.note and all(isinstance(block, ProseBlock) for block in section.blocks) and shot.words < MIN_WORDS
    )


def _card(section: Section, language: str) -> list[Shot]:
    """A slide with nothing but the heading, for a section without content."""
    title = heading_text(section)
    says = said(split_sentences(read_plain(section.note or title, language), language))
    return [Shot(title, Slide(title=title, layout="section"), says)] if says else []


def _notices(document: Document) -> tuple[Notice, ...]:
    if not document.pictures:
        return ()
    message = f"{document.pictures} linked picture(s) of the text are left out: only uploaded pictures can be shown"
    return (Notice("PICTURES_LEFT_OUT", message),)
