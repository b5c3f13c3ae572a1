"""Scenes of five to thirty seconds: a shot that says too little joins a neighbour, one that says too much is cut."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from kinescribe_server.script.language import writing
from kinescribe_server.script.model import (
    Block,
    BulletList,
    Code,
    Columns,
    Formula,
    Image,
    LineRange,
    Paragraph,
    Quote,
    Slide,
    Table,
    Visual,
)
from kinescribe_server.script.narration.commands import SHELLS
from kinescribe_server.script.sentences import MAX_WORDS, MIN_WORDS, balanced, count_words, fitted
from kinescribe_server.script.shots import Shot, prose_slide, said
from kinescribe_server.script.text import Text

# What is readable on one picture of 1920 x 1080.
_MOST_LINES = 10
MOST_CODE_LINES = 22
_LINE_WORDS = 12
# So many words of prose, 12 seconds, may be said over the picture beside them.
_MOST_BESIDE = 30
_MOST_IMAGES = 2
# Bullets of so few words stand two on the room of one.
_SHORT_BULLET = 4
# Two headings of no more characters fit on one line.
_MOST_TITLE = 60
# A formula takes 2,000 characters by the contract.
_MOST_LATEX = 1_000
# Where a text makes more scenes than a film may have, neighbours are joined to scenes of so many words: 32 seconds, 45
# seconds, a minute and a half, and at last more than anybody would look at.
_WIDER = (84, 120, 240, 600)


def paced(shots: Sequence[Shot], *, english: bool) -> list[Shot]:
    """The shots in lengths that can be followed, as far as their pictures allow it."""
    cut = [piece for shot in shots for piece in within_length(shot)]
    joined = _short_joined(_short_joined(cut, english, across=False), english, across=True)
    return [heard for shot in joined if (heard := _heard(shot))]


def _heard(shot: Shot) -> Shot | None:
    """A shot with something to say. A picture that is missing and stands beside nothing is only a warning."""
    if shot.says or not isinstance(shot.visual, Image):
        return shot
    spoken = said([Text(shot.visual.description or shot.title)])
    return replace(shot, says=spoken) if spoken and shot.visual.attachment else None


def within_length(shot: Shot) -> list[Shot]:
    """A shot that says too much for one scene, as several with the same visual."""
    if shot.words <= MAX_WORDS:
        return [shot]
    says = [piece for sentence in shot.says for piece in fitted(sentence)]
    return [replace(shot, says=tuple(run)) for run in balanced(says, count_words)]


def squeezed(shots: Sequence[Shot], most: int, *, english: bool) -> list[Shot]:
    """The shots joined to at most `most` where their pictures allow it, the shortest neighbours first."""
    current = list(shots)
    for limit in _WIDER:
        before = 0
        while len(current) > most and len(current) != before:
            before = len(current)
            current = _shortest_joined(current, most, limit, english)
    return current


def _short_joined(shots: Sequence[Shot], english: bool, *, across: bool) -> list[Shot]:
    """One pass from left to right; `across` crosses headings, for sections that are nothing but a short shot."""
    joined: list[Shot] = []
    sizes = Counter(shot.section for shot in shots)
    for shot in shots:
        both = None
        if joined and _may_join(joined[-1], shot, across):
            brief = [one for one in (joined[-1], shot) if one.words < MIN_WORDS]
            if any(not across or sizes[one.section] == 1 for one in brief):
                both = _join(joined[-1], shot, MAX_WORDS, english)
        if both:
            joined[-1] = both
        else:
            joined.append(shot)
    return joined


def _may_join(first: Shot, second: Shot, across: bool) -> bool:
    """Sections are joined in fixed pairs, 1 with 2 and 3 with 4: an edit in one changes no scene beyond its pair."""
    if not across:
        return first.section == second.section
    return first.section + 1 == second.section and second.section % 2 == 0


def _shortest_joined(shots: Sequence[Shot], most: int, limit: float, english: bool) -> list[Shot]:
    words = [shot.words for shot in shots]
    pairs = sorted(range(len(shots) - 1), key=lambda index: (words[index] + words[index + 1], index))
    found: dict[int, Shot] = {}
    taken: set[int] = set()
    for index in pairs:
        if len(shots) - len(found) <= most or words[index] + words[index + 1] > limit:
            break
        if not {index, index + 1} & taken and (both := _join(shots[index], shots[index + 1], limit, english)):
            found[index] = both
            taken |= {index, index + 1}
    return [found.get(index, shot) for index, shot in enumerate(shots) if index - 1 not in found]


def _join(first: Shot, second: Shot, limit: float, english: bool) -> Shot | None:
    """Two neighbours as one shot, or None if one picture cannot stand for both."""
    fixed = any(shot.noted or _is_card(shot.visual) for shot in (first, second))
    if fixed or first.words + second.words > limit or writing(" ".join(first.says)) != writing(" ".join(second.says)):
        return None
    same = first.section == second.section
    if first.title == second.title or (same and first.sentences):
        title = first.title
    else:
        title = f"{first.title} · {second.title}"
        if len(title) > _MOST_TITLE:
            return None
    says = (*first.says, *second.says)
    if first.sentences and second.sentences and same:
        sentences = (*first.sentences, *second.sentences)
        return Shot(title, prose_slide(title, sentences, english=english), says, sentences, first.section)
    visual = _both(first, second, title, same)
    return Shot(title, visual, says, (), first.section) if visual else None


def _both(first: Shot, second: Shot, title: str, same: bool) -> Visual | None:  # noqa: PLR0911 -- a table of pairs
    match first.visual, second.visual:
        case Slide() as one, Slide() as other:
            return _page(one, other, title)
        case Code() as one, Code() as other if "" in (one.language, other.language) or _family(one) == _family(other):
            return _listing(one, other, title)
        case Formula() as one, Formula() as other if same:
            return _lines_of_formula(one, other, title)
        case (Slide() as page, Image() as image) | (Image() as image, Slide() as page) if same:
            return _beside(page, image, title)
    # What is said beside a picture is said over it, if that is little: its own slide would be gone at once.
    if same and second.sentences and second.words <= _MOST_BESIDE and not isinstance(first.visual, Slide):
        return first.visual
    if same and first.sentences and first.words <= _MOST_BESIDE and not isinstance(second.visual, Slide):
        return second.visual
    return None


def _page(one: Slide, other: Slide, title: str) -> Slide | None:
    if any(isinstance(block, Quote) for block in one.blocks):
        return None  # what stands under a quotation would seem to be quoted
    blocks = _blocks(one.blocks, other.blocks)
    fits = sum(map(_lines, blocks)) <= _MOST_LINES
    return Slide(title=title, subtitle=one.subtitle, blocks=blocks) if fits else None


def _beside(page: Slide, image: Image, title: str) -> Slide | None:
    """A page with a picture in a column of its own."""
    match page.blocks:
        case (Columns(first, second),) if len(second) < _MOST_IMAGES:
            return replace(page, title=title, blocks=(Columns(first, (*second, image)),))
        case blocks if sum(map(_lines, blocks)) <= _MOST_LINES:
            simple = tuple(block for block in blocks if not isinstance(block, Columns))
            return replace(page, title=title, blocks=(Columns(simple, (image,)),)) if simple == blocks else None
    return None


def _lines_of_formula(one: Formula, other: Formula, title: str) -> Formula | None:
    latex = f"\\begin{{gathered}} {one.latex} \\\\ {other.latex} \\end{{gathered}}"
    plain = not any(sign in one.latex + other.latex for sign in ("\\begin", "\\tag", "\\\\"))
    return Formula(latex, title) if plain and len(latex) <= _MOST_LATEX else None


def _family(code: Code) -> str:
    """The languages that may stand in one listing: commands are commands, whatever they are called."""
    return "bash" if code.language in SHELLS else code.language


def _blocks(first: Sequence[Block], second: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks of two slides; two lists of points that meet are one."""
    if first and second and isinstance(first[-1], BulletList) and isinstance(second[0], BulletList):
        one, other = first[-1], second[0]
        if not one.ordered and not other.ordered:
            return (*first[:-1], BulletList((*one.items, *other.items)), *second[1:])
    return (*first, *second)


def _listing(one: Code, other: Code, title: str) -> Code | None:
    lines = one.source.count("\n") + 2
    if lines + other.source.count("\n") + 1 > MOST_CODE_LINES:
        return None
    above = one.focus or (LineRange(1, lines - 1),)
    below = other.focus or (LineRange(1, other.source.count("\n") + 1),)
    moved = (LineRange(part.first + lines, part.last + lines) for part in below)
    # A listing without a language is what the other one prints, or more of it.
    return Code(f"{one.source}\n\n{other.source}", one.language or other.language, title, (*above, *moved))


def _is_card(visual: Visual) -> bool:
    return isinstance(visual, Slide) and visual.layout in {"title", "section", "closing"} and not visual.blocks


def _lines(block: Block) -> float:
    """How many lines a block takes on a slide, about."""
    match block:
        case Paragraph(text=text) | Quote(text=text):
            return _wrapped(text)
        case BulletList(items=items):
            return sum(0.6 if count_words(item.text) <= _SHORT_BULLET else _wrapped(item.text) for item in items)
        case Table(rows=rows):
            return len(rows) + 1
        case _:
            return _MOST_LINES


def _wrapped(text: str) -> int:
    return max(1, math.ceil(count_words(text) / _LINE_WORDS))
