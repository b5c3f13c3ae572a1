"""A section to shots: which words are said over which visual."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from kinescribe_server.script.document import (
    Block,
    CodeBlock,
    FormulaBlock,
    ImageBlock,
    ListBlock,
    ProseBlock,
    QuoteBlock,
    Section,
)
from kinescribe_server.script.inline import is_english, read_plain
from kinescribe_server.script.model import BulletList, Code, Image, Paragraph, Quote, Slide, Visual
from kinescribe_server.script.pictures import PictureBlock, picture_shots
from kinescribe_server.script.prose import prose_shots, weigh
from kinescribe_server.script.sentences import MAX_WORDS, MIN_WORDS, count_words, split_sentences
from kinescribe_server.script.shots import Shot, said
from kinescribe_server.script.text import Text

# A paragraph of up to so many words before a picture is said over it; a longer one has a slide of its own.
_LEAD_WORDS = 45
# "Example:" leads to nothing.
_LEAST_LEAD = 4
# A lead of up to so many words is shown above its list.
_SHOWN_LEAD_WORDS = 24
# How our own sentences begin that may follow a heading and a colon.
_OURS = re.compile(r"(?:The table|The diagram|This|These|Here is|Here it is|Run) ")
# How a paragraph begins that explains the picture above it.
_EXPLAINS = re.compile(
    r"(?:Here|Where|In (?:it|this|that|these|which)|With (?:this|that|these)|This|That|These|Those|It|They|Its|Each|"
    r"Both|The (?:first|second|last|left|right|above|formula|equation|table|diagram|figure|code|function|loop|result|"
    r"number|output))\b",
    re.IGNORECASE,
)


def plan_section(section: Section, title: str, language: str, *, own_headings: bool, opened: bool) -> list[Shot]:
    """The shots of a section under a title. With `own_headings` its prose gets headings of its own words instead.
    `opened` says whether something was said under the title already; if not, it introduces a picture without a lead."""
    planner = _Planner(title, language, own_headings, opened)
    for block, following in zip_longest(section.blocks, section.blocks[1:]):
        if block.note:
            planner.add_noted(block)
        elif isinstance(block, ProseBlock):
            planner.add_prose(block, before_picture=following is not None and not isinstance(following, ProseBlock))
        else:
            planner.add_picture(block)
    planner.flush()
    shots = planner.shots
    noted = bool(section.blocks) and bool(section.blocks[0].note)
    if shots and not (opened or own_headings or noted) and _is_brief(shots[0]):
        shots[0] = shots[0].saying(before=heading_says(title, language))
    return shots


def heading_says(heading: str, language: str) -> tuple[str, ...]:
    """A heading as it is said before what stands under it."""
    return said(split_sentences(read_plain(heading, language), language))


class _Planner:
    """Collects shots; paragraphs wait until it is known whether they lead to a picture."""

    def __init__(self, title: str, language: str, own_headings: bool, opened: bool) -> None:
        self.shots: list[Shot] = []
        self._title = title
        self._prose_title = None if own_headings else title
        self._language = language
        self._english = is_english(language)
        self._opened = opened or own_headings
        self._waiting: list[list[Text]] = []

    def add_prose(self, block: ProseBlock, *, before_picture: bool) -> None:
        sentences = split_sentences(block.text, self._language)
        if not said(sentences):
            return
        if self.shots and not self._waiting and self._explains_above(block.text, sentences, before_picture):
            self._say_above(said(sentences))
        else:
            self._waiting.append(sentences)

    def add_picture(self, block: PictureBlock) -> None:
        lead = self._take_lead()
        self.flush()
        shots = picture_shots(block, self._title, self._language, has_lead=weigh(lead) >= _LEAST_LEAD)
        if not shots:
            return
        says = said(lead)
        silent = not shots[0].says and not isinstance(block, ImageBlock)
        if not says and (silent or not (self.shots or self._opened or isinstance(block, QuoteBlock))):
            says = heading_says(self._title, self._language)
            if says and shots[0].says and isinstance(block, FormulaBlock | CodeBlock):
                # What is said over these completes it: "The update rule: theta …".
                says = (*says[:-1], re.sub(r"\.$", ":", says[-1]))
        if says and says[-1].endswith(":"):
            shots[0] = _after_colon(shots[0])
        first, *others = shots
        if isinstance(block, ListBlock) and says and first.words + sum(map(count_words, says)) > MAX_WORDS:
            # A list and its lead that do not fit in one scene: the lead has the slide's title to itself.
            slide = Slide(title=self._title, blocks=_shown_lead(lead))
            self.shots.append(Shot(self._title, slide, says, tuple(lead)))
            self.shots += shots
            return
        self.shots += [_led(first, lead, says), *others]

    def add_noted(self, block: Block) -> None:
        """A block with a speaker note: the note is said over what the block shows."""
        self.flush()
        if isinstance(block, ProseBlock):
            # All of it is shown, since none of it is said.
            shots = [Shot(self._title, Slide(title=self._title, blocks=(Paragraph(block.text.shown),)))]
        else:
            shots = picture_shots(block, self._title, self._language, has_lead=True)
        note = said(split_sentences(read_plain(block.note, self._language), self._language))
        # The lines in focus are those that our own words would speak of.
        shots = [replace(shot, visual=_without_focus(shot.visual)) for shot in shots]
        says = _spread(note, len(shots))
        # A note that is shorter than what the block shows leaves its last pictures their own words.
        self.shots += [replace(shot, says=own or shot.says, noted=True) for shot, own in zip(shots, says, strict=True)]

    def flush(self) -> None:
        """Gives the paragraphs that wait slides of their own."""
        self.shots += prose_shots(self._waiting, self._prose_title, english=self._english)
        self._waiting = []

    def _take_lead(self) -> list[Text]:
        """Takes what is said over the next picture from the paragraphs that wait."""
        if not self._waiting:
            return []
        if weigh(self._waiting[-1]) <= _LEAD_WORDS:
            lead = self._waiting.pop()
            while self._waiting and weigh(self._waiting[-1]) < MIN_WORDS and weigh(lead) < _LEAD_WORDS:
                lead = [*self._waiting.pop(), *lead]
            return lead
        if self._waiting[-1][-1].marked.endswith(":"):
            return [self._waiting[-1].pop()]
        return []

    def _explains_above(self, text: Text, sentences: Sequence[Text], before_picture: bool) -> bool:
        """Whether a paragraph is said over the picture before it."""
        if text.marked.endswith(":") or not _is_picture(self.shots[-1].visual):
            return False
        words = weigh(sentences)
        if _is_quote(self.shots[-1].visual):
            return False
        if _EXPLAINS.match(text.marked):
            return words <= _LEAD_WORDS
        return words < MIN_WORDS and not before_picture

    def _say_above(self, says: Sequence[str]) -> None:
        last = self.shots[-1]
        more = sum(map(count_words, says))
        if last.words + more <= MAX_WORDS:
            self.shots[-1] = last.saying(after=says)
        else:
            self.shots.append(replace(last, says=tuple(says)))


def _is_brief(shot: Shot) -> bool:
    """Whether a slide of prose says so little that its heading is said too: "Licence. See the file of that name."."""
    return bool(shot.sentences) and shot.words < MIN_WORDS


def _is_picture(visual: Visual) -> bool:
    if isinstance(visual, Image) and not visual.attachment:
        return False
    return not (isinstance(visual, Slide) and all(isinstance(block, Paragraph) for block in visual.blocks))


def _without_focus(visual: Visual) -> Visual:
    return replace(visual, focus=()) if isinstance(visual, Code) else visual


def _after_colon(shot: Shot) -> Shot:
    """A shot whose first sentence, if it is one of ours, goes on after "The loop in code:"."""
    first, *others = shot.says or ("",)
    return replace(shot, says=(first[:1].lower() + first[1:], *others)) if _OURS.match(first) else shot


def _is_quote(visual: Visual) -> bool:
    return isinstance(visual, Slide) and any(isinstance(block, Quote) for block in visual.blocks)


def _led(shot: Shot, lead: Sequence[Text], says: Sequence[str]) -> Shot:
    """A shot with its lead: said before it, and above a list also shown."""
    visual = shot.visual
    if isinstance(visual, Slide) and any(isinstance(block, BulletList) for block in visual.blocks):
        shot = replace(shot, visual=replace(visual, blocks=(*_shown_lead(lead), *visual.blocks)))
    return shot.saying(before=says)


def _shown_lead(lead: Sequence[Text]) -> tuple[Paragraph, ...]:
    shown = " ".join(sentence.shown for sentence in lead)
    return (Paragraph(shown),) if shown and count_words(shown) <= _SHOWN_LEAD_WORDS else ()


def _spread(sentences: Sequence[str], shots: int) -> list[tuple[str, ...]]:
    """Sentences over a number of shots, in order; the last ones may get none."""
    size = -(-len(sentences) // max(1, shots))
    return [tuple(sentences[index * size : (index + 1) * size]) for index in range(shots)]
