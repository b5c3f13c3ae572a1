"""Decks of slides: Marp's, and Markdown in which every piece between two rules is a slide with one heading, as
Presenton takes it. A slide becomes a scene with what is on it, and says its speaker's notes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.script.document import (
    Block,
    Document,
    ImageBlock,
    ListBlock,
    ProseBlock,
    QuoteBlock,
    Section,
    TableBlock,
)
from kinescribe_server.script.front_matter import FrontMatter
from kinescribe_server.script.inline import read_plain
from kinescribe_server.script.markdown import plain_words
from kinescribe_server.script.model import (
    Bullet,
    BulletList,
    Columns,
    Image,
    Paragraph,
    Quote,
    SimpleBlock,
    Slide,
    SlideLayout,
)
from kinescribe_server.script.opening import heading_text
from kinescribe_server.script.plan import plan_section
from kinescribe_server.script.reading import read_document, shown_table
from kinescribe_server.script.sentences import balanced, count_words, split_sentences
from kinescribe_server.script.shots import Shot, said

# Fewer pieces are a text with a rule in it, and so are pieces of more words.
_LEAST_SLIDES = 3
_MAX_SLIDE_WORDS = 120
# A card has a heading and at most a few words under it.
_CARD_WORDS = 24
# A scene's narration has at most 5,000 characters: a talk that is longer stays on its slide for several scenes.
_MAX_NARRATION_WORDS = 600
# Marp's words in the description of a picture: how it is laid out.
_LAYOUT_WORDS = frozenset("bg left right fit cover contain auto vertical center".split())

Slides = Sequence[Sequence[Token]]


@dataclass(frozen=True, slots=True)
class Deck:
    """A deck's title, and its slides as shots."""

    title: str
    shots: tuple[Shot, ...]
    notices: tuple[Notice, ...]


def find_deck(front_matter: FrontMatter, tokens: Sequence[Token]) -> Slides:
    """The slides of a deck, each as its tokens; empty for a document that is none."""
    slides = list(_split(tokens, front_matter.heading_divider if front_matter.is_marp else 0))
    return slides if front_matter.is_marp or _are_slides(slides) else ()


def read_deck(slides: Slides, title: str, language: str, images: Mapping[str, str]) -> Deck:
    """Reads every slide as a scene."""
    documents = [read_document(slide, language, "", images, slides=True) for slide in slides]
    found = [
        _shots(document, number == len(documents) - 1, number, language) for number, document in enumerate(documents)
    ]
    shots = [shot for slide in found for shot in slide]
    title = title or next((shot.title for shot in shots if shot.title), "")
    return Deck(title, tuple(shots), tuple(notice for document in documents for notice in document.notices))


def _split(tokens: Sequence[Token], divider: int) -> Iterator[list[Token]]:
    """The tokens between rules, and before headings of a level up to the divider."""
    slide: list[Token] = []
    for token in tokens:
        divides = token.type == "heading_open" and token.level == 0 and int(token.tag[1:]) <= divider
        rule = token.type == "hr" and token.level == 0
        if (divides or rule) and slide:
            yield slide
            slide = []
        if not rule:
            slide.append(token)
    if slide:
        yield slide


def _are_slides(slides: Slides) -> bool:
    """Whether every piece opens with a heading, has no other, and is short enough to be looked at as one page."""
    return len(slides) >= _LEAST_SLIDES and all(
        [token.type for token in slide if token.type != "html_block"][:1] == ["heading_open"]
        and sum(token.type == "heading_open" for token in slide) == 1
        and count_words(plain_words(slide)) <= _MAX_SLIDE_WORDS
        for slide in slides
    )


def _shots(document: Document, is_last: bool, number: int, language: str) -> list[Shot]:
    """A slide as shots: one, unless there are several pictures on it that are no part of a page."""
    headings = [section for section in document.sections if section.heading]
    title = heading_text(headings[0]) if headings else ""
    blocks = list(_blocks(document.sections))
    says = said(split_sentences(read_plain(document.remarks, language), language))
    pages = [block for block in blocks if _is_text(block)]
    images = [block for block in blocks if isinstance(block, ImageBlock)]
    planned = plan_section(
        Section(read_plain(title, language), 1, tuple(blocks)), title, language, own_headings=False, opened=False
    )
    if len(pages) + len(images) == len(blocks):
        content = tuple(sentence for shot in planned for sentence in shot.says)
        says = says or content or said([read_plain(title, language)])
        visual = _page(title, pages, images, is_last=is_last, is_first=number == 0)
        shots = [Shot(title, visual, says, section=number)]
    else:
        shots = _pictures(planned, says, number)
    return [piece for shot in shots for piece in _tellable(shot)]


def _is_text(block: Block) -> bool:
    """Whether a block is part of a page of text."""
    if isinstance(block, TableBlock):
        return block.chart is None
    return isinstance(block, ProseBlock | ListBlock | QuoteBlock)


def _blocks(sections: Sequence[Section]) -> Iterator[Block]:
    """The blocks of a slide; a heading under its first one is a line of text."""
    for index, section in enumerate(section for section in sections):
        if index and section.heading and sections[0].heading:
            yield ProseBlock(section.heading)
        yield from section.blocks


def _page(
    title: str, pages: Sequence[Block], images: Sequence[ImageBlock], *, is_last: bool, is_first: bool
) -> Slide | Image:
    shown = [_image(block) for block in images if block.attachment or not _is_ground(block)]
    if not pages and len(shown) == 1:
        return Image(shown[0].attachment, shown[0].description, title)
    texts = [block.text.shown for block in pages if isinstance(block, ProseBlock)]
    if not shown and len(texts) == len(pages) and count_words(" ".join(texts)) <= _CARD_WORDS and len(texts) <= 2:
        layout: SlideLayout = "title" if is_first else "closing" if is_last else "section" if not texts else "content"
        if layout != "content":
            return Slide(title, " · ".join(texts), layout=layout)
    blocks = tuple(_block(block) for block in pages)
    if shown and blocks:
        return Slide(title, blocks=(Columns(blocks, tuple(shown)),))
    return Slide(title, blocks=(*blocks, *shown))


def _pictures(planned: Sequence[Shot], remarks: Sequence[str], number: int) -> list[Shot]:
    """The pictures of a slide; its prose is said over the next of them."""
    shots: list[Shot] = []
    waiting: tuple[str, ...] = ()
    for shot in planned:
        if shot.sentences:
            waiting += shot.says
        else:
            shots.append(Shot(shot.title, shot.visual, (*waiting, *shot.says), section=number))
            waiting = ()
    if shots and waiting:
        shots[-1] = shots[-1].saying(after=waiting)
    if not remarks:
        return shots
    runs = balanced(remarks, count_words, max(1.0, sum(map(count_words, remarks)) / len(shots)))[: len(shots)]
    spread = [*runs, *[[]] * (len(shots) - len(runs))]
    spread[-1] = [*spread[-1], *remarks[sum(map(len, runs)) :]]
    return [
        Shot(shot.title, shot.visual, tuple(run) or shot.says, section=number)
        for shot, run in zip(shots, spread, strict=True)
    ]


def _tellable(shot: Shot) -> list[Shot]:
    if shot.words <= _MAX_NARRATION_WORDS:
        return [shot]
    runs = balanced(shot.says, count_words, _MAX_NARRATION_WORDS)
    return [Shot(shot.title, shot.visual, tuple(run), section=shot.section) for run in runs]


def _block(block: Block) -> SimpleBlock:
    match block:
        case ListBlock(items=items, first=first):
            start = 0 if first in {None, 1} else first or 0
            return BulletList(tuple(Bullet(item.text.shown, item.level) for item in items), first is not None, start)
        case TableBlock():
            return shown_table(block)
        case QuoteBlock(text=text, attribution=attribution):
            return Quote(text.shown, attribution.shown)
        case ProseBlock(text=text):
            return Paragraph(text.shown)
        case _:
            raise AssertionError(f"{type(block).__name__} is no part of a page")


def _image(block: ImageBlock) -> Image:
    words = [word for word in block.description.split() if not _is_layout(word)]
    return Image(block.attachment, " ".join(words) or block.name, block.title)


def _is_ground(block: ImageBlock) -> bool:
    """Whether a picture is only what a slide stands on: `![bg](…)` without a side of its own."""
    words = block.description.split()
    return "bg" in words and not {"left", "right"} & {word.split(":")[0] for word in words}


def _is_layout(word: str) -> bool:
    name = word.split(":", maxsplit=1)[0]
    return name in _LAYOUT_WORDS or (
        ":" in word and name in {"w", "h", "width", "height", "blur", "opacity", "brightness"}
    )
