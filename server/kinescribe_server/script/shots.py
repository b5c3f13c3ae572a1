"""A shot: a visual and the sentences that are said over it. Scenes are made of shots."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kinescribe_server.script.key_points import key_points
from kinescribe_server.script.model import Bullet, BulletList, Paragraph, Slide, Visual
from kinescribe_server.script.sentences import closed, count_words
from kinescribe_server.script.text import Text

# A slide shows a paragraph itself up to so many words; of a longer one it shows the points.
_SHOWN_WORDS = 28
_MOST_POINTS = 4


@dataclass(frozen=True)  # without slots: it remembers how many words it has
class Shot:
    """A visual, what is said over it, and the heading that it stands under. A slide of prose keeps its `sentences`;
    `section` counts the headings of the document. What a speaker's note says is `noted`: it stays as it is."""

    title: str
    visual: Visual
    says: tuple[str, ...] = ()
    sentences: tuple[Text, ...] = ()
    section: int = 0
    noted: bool = False

    @cached_property
    def words(self) -> float:
        return sum(count_words(sentence) for sentence in self.says)

    @property
    def narration(self) -> str:
        return " ".join(sentence for sentence in self.says if sentence)

    def saying(self, before: Sequence[str] = (), after: Sequence[str] = ()) -> "Shot":
        return replace(self, says=(*before, *self.says, *after))


def opened_by(shot: Shot, above: Sequence[tuple[str, Sequence[str]]]) -> Shot:
    """A shot under headings that have no shot of their own: what they say is said first, and they are shown with its
    title."""
    visual = shot.visual
    if isinstance(visual, Slide) and not visual.subtitle:
        visual = replace(visual, subtitle=" · ".join(heading for heading, _ in above if heading != visual.title))
    return replace(shot, visual=visual).saying(before=[sentence for _, says in above for sentence in says])


def prose_slide(title: str, sentences: Sequence[Text], *, english: bool) -> Slide:
    """A slide for sentences: themselves if they are few, else their points. What is on the title is not repeated."""
    shown = " ".join(sentence.shown for sentence in sentences)
    fresh = [sentence for sentence in sentences if sentence.shown.rstrip(".!?") != title.rstrip("…")]
    points = key_points(fresh, _MOST_POINTS, english=english)
    points = [point for point in points if point.shown.rstrip("…") != title.rstrip("…")]
    points = points if len(points) > 1 else key_points(sentences, _MOST_POINTS, english=english)
    if len(points) < 2 or (count_words(shown) <= _SHOWN_WORDS and len(sentences) < 3):
        return Slide(title=title, blocks=() if shown.rstrip(".") == title else (Paragraph(shown),))
    return Slide(title=title, blocks=(BulletList(tuple(Bullet(point.shown) for point in points)),))


def said(sentences: Sequence[Text]) -> tuple[str, ...]:
    """The sentences as they are said; those without words (a row of signs) are left out."""
    return tuple(closed(spoken) for text in sentences if any(map(str.isalnum, spoken := text.said)))
