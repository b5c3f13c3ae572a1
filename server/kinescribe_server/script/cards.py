"""The cards of a film: its title, the openings of its sections, and its end. A card is never there for its own sake: it
is the picture for words that would be said anyway."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from kinescribe_server.script.key_points import key_point
from kinescribe_server.script.model import Quote, Slide
from kinescribe_server.script.narration.phrases import listed, uncapitalised
from kinescribe_server.script.sentences import MAX_WORDS, MIN_WORDS, count_words
from kinescribe_server.script.shots import Shot, opened_by
from kinescribe_server.script.text import Text

# A card stands for at most so many words: 15 seconds.
_CARD_WORDS = 40
_SUBTITLE_WORDS = 18
# Sections of fewer scenes need no card, and a film with one such section has none.
_SCENES_OF_A_PART = 3
_MOST_HEADINGS = 6
_MAX_HEADING_WORDS = 7
_ENDINGS = re.compile(
    r"(?:in )?(?:conclusions?|summary|short|closing|the end|(?:key )?takeaways?|wrap(?:ping)?[ -]up|final thoughts|"
    r"outlook|fazit|zusammenfassung|schluss|résumé|conclusión|conclusiones|resumen|conclusione|conclusioni)",
    re.IGNORECASE,
)


def with_agenda(shots: Sequence[Shot], title: str, headings: Sequence[str], *, english: bool) -> list[Shot]:
    """The shots, where a title card of a few words tells what is to come, or opens the first scene."""
    if len(shots) < 2 or not _is_title_card(shots[0]) or shots[0].noted or shots[0].words >= MIN_WORDS:
        return list(shots)
    card, following, *others = shots
    named = [heading for heading in headings if 0 < count_words(heading) <= _MAX_HEADING_WORDS]
    if english and len(named) > 1:
        more = ["more"] if len(named) > _MOST_HEADINGS or len(named) < len(headings) else []
        coming = listed([*(uncapitalised(heading.rstrip(".:")) for heading in named[:_MOST_HEADINGS]), *more])
        says = (*card.says, f"Coming up: {coming}.")
        if sum(map(count_words, says)) >= MIN_WORDS:
            return [replace(card, says=says), following, *others]
    if following.noted or card.words + following.words > MAX_WORDS:
        return list(shots)
    if following.section == 0 and following.sentences and following.words < _CARD_WORDS:
        return [card.saying(after=following.says), *others]
    return [opened_by(following, [(title, card.says)]), *others]


def with_section_cards(shots: Sequence[Shot], levels: Sequence[int], *, english: bool) -> list[Shot]:
    """The shots, where the first words of each larger part of the document are said over a card. `levels` are those of
    the sections; a part is a section of the upper level with all below it."""
    top = min(levels[1:], default=0)
    part_of = list(
        accumulate((number if level == top else 0 for number, level in enumerate(levels[1:], 1)), max, initial=0)
    )
    parts: dict[int, list[int]] = {}
    for index, shot in enumerate(shots):
        parts.setdefault(part_of[shot.section], []).append(index)
    large = [indices for number, indices in parts.items() if number and len(indices) >= _SCENES_OF_A_PART]
    carded = list(shots)
    for indices in large if len(large) > 1 else []:
        first = shots[indices[0]]
        if first.sentences and MIN_WORDS <= first.words <= _CARD_WORDS:
            subtitle = _subtitle(first.sentences, english=english)
            carded[indices[0]] = replace(first, visual=Slide(title=first.title, subtitle=subtitle, layout="section"))
    return carded


def closed_with(shots: Sequence[Shot], *, english: bool) -> list[Shot]:
    """The shots, where a last scene that sums up, or is a quotation by itself, is said over a closing card."""
    if len(shots) < 3 or not isinstance(shots[-1].visual, Slide):
        return list(shots)
    last, blocks = shots[-1], shots[-1].visual.blocks
    card: Slide | None = None
    if len(blocks) == 1 and isinstance(blocks[0], Quote) and count_words(blocks[0].text) <= _SUBTITLE_WORDS:
        card = Slide(title=blocks[0].text, subtitle=blocks[0].attribution, layout="closing")
    elif _ENDINGS.fullmatch(last.title.strip(" .:!")) and last.words <= _CARD_WORDS and last.sentences:
        subtitle = _subtitle(last.sentences, english=english)
        card = Slide(title=last.title, subtitle=subtitle, layout="closing") if subtitle else None
    return [*shots[:-1], replace(last, visual=card or last.visual)]


def _is_title_card(shot: Shot) -> bool:
    return isinstance(shot.visual, Slide) and shot.visual.layout == "title"


def _subtitle(sentences: Sequence[Text], *, english: bool) -> str:
    first = sentences[0]
    if count_words(first.shown) <= _SUBTITLE_WORDS:
        return first.shown
    point = key_point(first, english=english)
    return point.shown if point else ""
