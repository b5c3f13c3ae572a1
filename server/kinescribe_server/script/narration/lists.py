"""What is said over a list: every item's words in order, with spoken joints between them."""

import re
from collections.abc import Sequence

from kinescribe_server.script.document import ListBlock, ListItem
from kinescribe_server.script.key_points import key_point
from kinescribe_server.script.model import Bullet, BulletList, Slide
from kinescribe_server.script.narration.phrases import listed, uncapitalised
from kinescribe_server.script.sentences import balanced, count_words, split_sentences
from kinescribe_server.script.shots import Shot, prose_slide, said

# What fits on a slide and in a scene, with room for a lead.
_MAX_BULLETS = 7
_MAX_LIST_WORDS = 58
# Items of so few words are said in one breath: "apples, pears and plums".
_BREATH_WORDS = 4
# A bullet of more words shows its point; all of it is said.
_SHOWN_WORDS = 18
_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
_JOINTED = re.compile(r"(?:First|Second|Third|Next|Then|Finally|Last|After|Step)\b", re.IGNORECASE)


def list_shots(block: ListBlock, title: str, language: str, *, english: bool) -> list[Shot]:
    """The shots of a list: slides of bullets, each with the items that are said over it."""
    families = _families(block.items)
    shots: list[Shot] = []
    number = block.first
    for run in _pages(families):
        items = [item for family in run for item in family]
        if len(items) == 1 and count_words(items[0].text.said) > _MAX_LIST_WORDS:
            shots += _long_item(items[0], title, language, english=english)
        else:
            says = _spoken(run, number, language, english=english)
            bullets = tuple(_bullet(item, language, english=english) for item in items)
            numbered = BulletList(bullets, number is not None, start=0 if number in {None, 1} else number)
            shots.append(Shot(title, Slide(title=title, blocks=(numbered,)), tuple(says)))
        number = None if number is None else number + len(run)
    return shots


def _families(items: Sequence[ListItem]) -> list[list[ListItem]]:
    """Each item of the top level with what is below it."""
    families: list[list[ListItem]] = []
    for item in items:
        if item.level == 0 or not families:
            families.append([item])
        else:
            families[-1].append(item)
    return families


def _pages(families: Sequence[list[ListItem]]) -> list[list[list[ListItem]]]:
    """Families in runs that fit on a slide; a family that does not is cut into several."""

    def weigh(family: Sequence[ListItem]) -> float:
        words = sum(count_words(item.text.said) for item in family)
        return max(words / _MAX_LIST_WORDS, len(family) / _MAX_BULLETS)

    cut: list[list[ListItem]] = []
    for family in families:
        cut += [family] if weigh(family) <= 1 else balanced(family, lambda item: weigh([item]), 1)
    return balanced(cut, weigh, 1)


def _spoken(families: Sequence[Sequence[ListItem]], number: int | None, language: str, *, english: bool) -> list[str]:
    parents = [family[0] for family in families]
    if english and number is None and len(families) == len(parents) and _in_one_breath(families):
        return [f"{listed([item.text.said.rstrip('.,;') for item in parents])}."]
    says: list[str] = []
    # "First, open it. Second, close it.", but where one item begins with what may be a name, all follow a colon.
    sign = "," if all(uncapitalised(item.text.said) != item.text.said for item in parents) else ":"
    for offset, family in enumerate(families):
        joint = _joint(number, offset, family[0].text.marked, len(parents)) if english else ""
        says += _family(family, f"{joint}{sign}" if joint else "", language, english=english)
    return says


def _family(family: Sequence[ListItem], joint: str, language: str, *, english: bool) -> list[str]:
    parent, *children = family
    sentences = list(said(split_sentences(parent.text, language)))
    if sentences and joint:
        sentences[0] = _jointed(joint, sentences[0])
    if not children:
        return sentences
    if sentences and parent.text.marked.rstrip()[-1:] not in ".!?:…":
        sentences[-1] = sentences[-1].rstrip(".") + ":"
    if english and len(children) > 1 and _in_one_breath([[child] for child in children]):
        return [*sentences, f"{listed([child.text.said.rstrip('.,;') for child in children])}."]
    return [*sentences, *(sentence for child in children for sentence in said(split_sentences(child.text, language)))]


def _in_one_breath(families: Sequence[Sequence[ListItem]]) -> bool:
    return len(families) > 1 and all(
        len(family) == 1
        and count_words(family[0].text.said) <= _BREATH_WORDS
        and not re.search(r"[.!?:;,]", family[0].text.said.rstrip(".,;"))
        for family in families
    )


def _joint(number: int | None, offset: int, item: str, items: int) -> str:
    """'First', 'Second', … for the items of an ordered list of several."""
    if number is None or (items == 1 and number == 1) or _JOINTED.match(item):
        return ""
    position = number + offset
    return _ORDINALS[position - 1] if 1 <= position <= len(_ORDINALS) else f"Number {position}"


def _jointed(joint: str, sentence: str) -> str:
    return f"{joint} {uncapitalised(sentence) if joint.endswith(',') else sentence}"


def _bullet(item: ListItem, language: str, *, english: bool) -> Bullet:
    shown = item.text
    if count_words(shown.said) > _SHOWN_WORDS:
        first = split_sentences(shown, language)[0]
        shown = first if count_words(first.said) <= _SHOWN_WORDS else key_point(first, english=english) or first
    text = shown.shown
    return Bullet(text.rstrip(".,;") if text.count(".") <= 1 else text, item.level)


def _long_item(item: ListItem, title: str, language: str, *, english: bool) -> list[Shot]:
    """An item that is a paragraph by itself is shown as one."""
    runs = balanced(split_sentences(item.text, language), lambda sentence: count_words(sentence.said))
    return [Shot(title, prose_slide(title, run, english=english), said(run)) for run in runs]
