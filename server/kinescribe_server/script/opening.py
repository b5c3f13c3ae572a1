"""How a film begins: its title, and the title scene with the first words of the text."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from kinescribe_server.script.document import Block, Document, ProseBlock, QuoteBlock, Section
from kinescribe_server.script.inline import is_english, read_plain
from kinescribe_server.script.key_points import heading_of, key_point, subject_of
from kinescribe_server.script.model import Paragraph, Slide
from kinescribe_server.script.prose import weigh
from kinescribe_server.script.sentences import MIN_WORDS, balanced, count_words, split_sentences
from kinescribe_server.script.shots import Shot, said
from kinescribe_server.script.text import Text

# A title scene says the whole introduction up to so many words, of a longer one its beginning.
_INTRODUCTION_WORDS = 58
_BEGINNING_WORDS = 40
_SUBTITLE_WORDS = 18
# Prose of no more words is one scene.
_ONE_SCENE_WORDS = 25
# The contract allows 300 characters; a heading that long cannot be drawn.
_MAX_TITLE = 160


@dataclass(frozen=True, slots=True)
class Opening:
    """A document's title, its title scene (None where the first scene is already one), and the sections that follow.
    The first of them holds what came before the second heading; its heading is empty for a text without headings."""

    title: str
    shot: Shot | None
    sections: tuple[Section, ...]


def open_document(document: Document, subtitle: str, language: str) -> Opening:
    """Finds the title: the front matter's, else the first heading if it is above all others, else the first words."""
    english = is_english(language)
    sections = list(document.sections)
    blocks: list[Block] = list(sections.pop(0).blocks) if sections and sections[0].level == 0 else []
    headed = bool(sections)
    title, note = document.title, ""
    if sections and _is_title(sections, title):
        head = sections.pop(0)
        title, note = heading_text(head), head.note
        blocks += head.blocks
    paragraphs = _leading_paragraphs(blocks, language)
    given = bool(title)
    if not title:
        title = _drawn_title(paragraphs, english=english) if paragraphs else heading_text(sections[0]) if headed else ""
    if not given and not paragraphs:
        return Opening(title, None, _following(title, blocks, sections, headed=headed))
    words = weigh([sentence for paragraph in paragraphs for sentence in paragraph])
    alone = len(paragraphs) == len(blocks) and not headed
    if alone and not given and words <= _ONE_SCENE_WORDS:
        sentences = [sentence for paragraph in paragraphs for sentence in paragraph]
        return Opening(title, _only_shot(title, sentences), ())
    if headed:
        first, rest = _introduction(paragraphs, words)
    else:
        first, rest = _first_sentences(paragraphs)
    paragraphs_left = [ProseBlock(Text.joined(paragraph)) for paragraph in rest]
    blocks = [*paragraphs_left, *blocks[len(paragraphs) :]]
    shot = _title_shot(title, subtitle, first, note, language)
    if not headed and len(rest) == len(paragraphs):
        # The rest of the first paragraph goes on under the title; a heading of its own words would be a second one.
        return Opening(title, shot, (Section(Text(title), 1, (blocks[0],)), Section(Text(""), 1, tuple(blocks[1:]))))
    return Opening(title, shot, _following(title, blocks, sections, headed=headed))


def heading_text(section: Section) -> str:
    """A section's heading as it is shown."""
    return shortened(section.heading.shown)


def shortened(heading: str) -> str:
    """A heading that can be drawn."""
    return heading if len(heading) <= _MAX_TITLE else heading[: _MAX_TITLE - 1].rstrip() + "…"


def _is_title(sections: Sequence[Section], front_title: str) -> bool:
    first, *others = sections
    if front_title:
        return first.heading.shown.casefold() == front_title.casefold()
    return first.level == 1 or (bool(others) and all(other.level > first.level for other in others))


def _leading_paragraphs(blocks: Sequence[Block], language: str) -> list[list[Text]]:
    """The paragraphs before anything else, as sentences; one that leads to a list stays with the list."""
    leading = [block for block in takewhile(_introduces, blocks) if isinstance(block, ProseBlock | QuoteBlock)]
    paragraphs = [split_sentences(block.text, language) for block in leading]
    if paragraphs and len(leading) < len(blocks) and paragraphs[-1][-1].marked.endswith(":"):
        paragraphs.pop()
    return paragraphs


def _introduces(block: Block) -> bool:
    """A paragraph, or a motto: many read-me files put their first sentence into a quotation."""
    if isinstance(block, QuoteBlock):
        return not block.note and not block.attribution and count_words(block.text.said) <= _SUBTITLE_WORDS
    return isinstance(block, ProseBlock) and not block.note


def _drawn_title(paragraphs: Sequence[Sequence[Text]], *, english: bool) -> str:
    first = paragraphs[0][0]
    return shortened((subject_of(first, english=english) or heading_of(first, english=english)).shown)


def _introduction(paragraphs: Sequence[Sequence[Text]], words: float) -> tuple[list[Text], list[list[Text]]]:
    """What the title scene says, and the paragraphs that are left."""
    if words <= _INTRODUCTION_WORDS:
        return [sentence for paragraph in paragraphs for sentence in paragraph], []
    if weigh(paragraphs[0]) <= _INTRODUCTION_WORDS:
        return list(paragraphs[0]), [list(paragraph) for paragraph in paragraphs[1:]]
    first, *others = balanced(paragraphs[0], lambda sentence: count_words(sentence.said), _BEGINNING_WORDS)
    rest = [sentence for run in others for sentence in run]
    return first, [*([rest] if rest else []), *map(list, paragraphs[1:])]


def _first_sentences(paragraphs: Sequence[Sequence[Text]]) -> tuple[list[Text], list[list[Text]]]:
    if not paragraphs:
        return [], []
    first, *others = map(list, paragraphs)
    taken = [first.pop(0)]
    while first and weigh(taken) < MIN_WORDS:
        taken.append(first.pop(0))
    if first and weigh(first) < MIN_WORDS and weigh([*taken, *first]) <= _INTRODUCTION_WORDS:
        taken, first = [*taken, *first], []
    return taken, [*([first] if first else []), *others]


def _title_shot(title: str, subtitle: str, sentences: Sequence[Text], note: str, language: str) -> Shot:
    says = said(sentences)
    if note:
        says = said(split_sentences(read_plain(note, language), language))
    elif not says:
        says = said([read_plain(title, language), read_plain(subtitle, language)])
    fresh = [sentence for sentence in sentences if sentence.shown.rstrip(".!") != title]
    if not subtitle and fresh:
        subtitle = _subtitle(fresh[0], english=is_english(language))
    return Shot(title, Slide(title=title, subtitle=subtitle, layout="title"), says, noted=bool(note))


def _subtitle(sentence: Text, *, english: bool) -> str:
    if count_words(sentence.shown) <= _SUBTITLE_WORDS:
        return sentence.shown
    point = key_point(sentence, english=english)
    return point.shown if point else ""


def _only_shot(title: str, sentences: Sequence[Text]) -> Shot:
    shown = " ".join(sentence.shown for sentence in sentences)
    blocks = () if shown.rstrip(".!") == title else (Paragraph(shown),)
    return Shot(title, Slide(title=title, blocks=blocks), said(sentences))


def _following(
    title: str, blocks: Sequence[Block], sections: Sequence[Section], *, headed: bool
) -> tuple[Section, ...]:
    return (Section(Text(title if headed else ""), 1, tuple(blocks)), *sections)
