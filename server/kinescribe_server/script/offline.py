"""The embedded script writer: Markdown, slides and plain prose, deterministic and offline."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.cards import closed_with, with_agenda, with_section_cards
from kinescribe_server.script.deck import find_deck, read_deck
from kinescribe_server.script.document import ProseBlock, Section
from kinescribe_server.script.front_matter import FrontMatter, split_front_matter
from kinescribe_server.script.inline import is_english, read_plain
from kinescribe_server.script.language import detect_language, detect_surely
from kinescribe_server.script.markdown import parse_markdown, plain_words
from kinescribe_server.script.model import Script, Slide
from kinescribe_server.script.opening import Opening, heading_text, open_document, shortened
from kinescribe_server.script.pacing import paced, squeezed
from kinescribe_server.script.plan import plan_section
from kinescribe_server.script.protocol import ScriptRequest, Written
from kinescribe_server.script.reading import read_document
from kinescribe_server.script.scenes import to_scenes
from kinescribe_server.script.sentences import MIN_WORDS, split_sentences
from kinescribe_server.script.shots import Shot, opened_by, said
from kinescribe_server.script.text import clean
from kinescribe_server.script.translating import untranslated

# The contract's limit (script.proto).
MAX_SCENES = 500
_MOST_NOTICES = 20

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


class OfflineWriter:
    """Implements ScriptWriter. The same text makes the same script on every machine."""

    def write(self, request: ScriptRequest) -> Written:
        """Raises MakeError BAD_FRONT_MATTER or NOTHING_TO_SAY."""
        front_matter = split_front_matter(clean(request.source_text))
        tokens = parse_markdown(front_matter.body)
        words = plain_words(tokens)
        found = detect_surely(words) if request.language else ""
        untold = untranslated(found, request.language)
        tag = found if untold else request.language or _given_language(front_matter) or detect_language(words)
        language = tag.split("-")[0].lower()
        title = shortened(front_matter.text("title"))
        slides = find_deck(front_matter, tokens)
        if slides:
            deck = read_deck(slides, title, language, request.images)
            title, shots, notices = deck.title, list(deck.shots), deck.notices
        else:
            document = read_document(tokens, language, title, request.images)
            opening = open_document(document, front_matter.text("subtitle", "description"), language)
            title, shots, notices = opening.title, _film(opening, language), document.notices
        if not any(shot.says or not isinstance(shot.visual, Slide) for shot in shots):
            raise MakeError("NOTHING_TO_SAY", "the text has no words that could be said; expected prose or Markdown")
        shots, left_out = _within_scenes(shots, language)
        return Written(Script(title, tag, to_scenes(shots, tag)), (*untold, *_some(notices), *left_out))


def _given_language(front_matter: FrontMatter) -> str:
    """The language that the front matter names. A site generator's own word for one is not ours."""
    tag = front_matter.text("language", "lang")
    return tag if _LANGUAGE_TAG.fullmatch(tag) else ""


def _film(opening: Opening, language: str) -> list[Shot]:
    """The shots of a document: its title card, its sections, and its end, in lengths that can be followed."""
    english = is_english(language)
    shots = paced(list(_shots(opening, language)), english=english)
    levels = [min(section.level, 2) for section in opening.sections]
    shots = with_section_cards(shots, levels, english=english)
    others = [section for section in opening.sections if section.heading and heading_text(section) != opening.title]
    headings = [section.heading.said for section in others]
    return closed_with(with_agenda(shots, opening.title, headings, english=english), english=english)


def _within_scenes(shots: Sequence[Shot], language: str) -> tuple[list[Shot], tuple[Notice, ...]]:
    """As many shots as a script may have scenes, and what that costs."""
    if len(shots) <= MAX_SCENES:
        return list(shots), ()
    fitted = squeezed(shots, MAX_SCENES, english=is_english(language))
    more = len(fitted) - MAX_SCENES
    if more <= 0:
        return fitted, ()
    message = f"the text makes {len(fitted)} scenes and a film has at most {MAX_SCENES}: its last {more} are left out"
    return fitted[:MAX_SCENES], (Notice("TEXT_LEFT_OUT", message),)


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
    for number, (section, following) in enumerate(pairwise([*others, None]), 1):
        title = heading_text(section)
        own_headings = not section.heading
        shots = plan_section(section, title, language, own_headings=own_headings, opened=False)
        shots = shots or _card(section, language)
        shots = [replace(shot, section=number) for shot in shots]
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
    return [Shot(title, Slide(title=title), says)] if says else []


def _some(notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """Each notice once; of very many the first ones, and how many more there are."""
    once = tuple(dict.fromkeys(notices))
    more = len(once) - _MOST_NOTICES
    if more <= 0:
        return once
    last = once[_MOST_NOTICES]
    return (*once[:_MOST_NOTICES], replace(last, message=f"{last.message}; and {more - 1} more like it"))
