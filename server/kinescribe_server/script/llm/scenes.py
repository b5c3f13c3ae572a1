"""A model's scenes -> shots, held to the limits of a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.script.inline import is_english
from kinescribe_server.script.language import detect_surely
from kinescribe_server.script.llm.replies import ReplyError
from kinescribe_server.script.llm.visuals import BadVisualError, read_visual
from kinescribe_server.script.llm.words import cut_narration, fits_narration, narration, shown
from kinescribe_server.script.model import Slide, Visual
from kinescribe_server.script.sentences import split_sentences
from kinescribe_server.script.shots import Shot, prose_slide
from kinescribe_server.script.text import Text
from kinescribe_server.script.translating import differs

# A card with nothing but a title may stand for so many words: five seconds.
_CARD_WORDS = 12


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model wrote: a title, the language that it says it is in, shots, and what was left out or replaced."""

    title: str
    language: str
    shots: tuple[Shot, ...]
    notices: tuple[Notice, ...] = ()


def read_draft(reply: Any, language: str, images: Mapping[str, str], most: int) -> Draft:
    """The draft in a model's JSON, of at most so many scenes. Raises ReplyError where it holds no scene."""
    body = reply if isinstance(reply, Mapping) else {"scenes": reply}
    given = body.get("scenes")
    if not isinstance(given, list):
        raise ReplyError('"scenes" is not a list')
    notices: list[Notice] = []
    shots = [shot for scene in given[:most] if (shot := _shot(scene, images, notices)) is not None]
    if not shots:
        raise ReplyError("none of the scenes has a narration or a visual")
    if len(given) > most:
        message = (
            f"the language model wrote {len(given)} scenes for a text that takes at most {most}; the rest is left out"
        )
        notices.append(Notice("SCENES_LEFT_OUT", message))
    named = body.get("language")
    named = named if isinstance(named, str) else ""
    first, *others = shots
    drawn = (first, *(_with_points(shot, language or named) for shot in others))
    return Draft(shown(body.get("title")), named, drawn, tuple(notices))


def in_language(draft: Draft, language: str, own: str) -> Draft:
    """The draft, unless it was left in the text's own language where another one was asked for. Raises ReplyError."""
    found = detect_surely(" ".join(shot.narration for shot in draft.shots))
    if found and differs(own, language) and not differs(found, own):
        raise ReplyError(f'the narration is in the language "{own}"; write it in "{language}"')
    return draft


def _shot(scene: Any, images: Mapping[str, str], notices: list[Notice]) -> Shot | None:
    """The shot of a scene; None where there is nothing to say or to see."""
    if not isinstance(scene, Mapping):
        return None
    title, said = shown(scene.get("title")), narration(scene.get("narration"))
    if not fits_narration(said):
        notices.append(Notice("NARRATION_CUT", f'the narration of the scene "{title[:60]}" was too long and is cut'))
        said = cut_narration(said)
    try:
        visual = read_visual(scene.get("visual"), images)
    except BadVisualError as error:
        message = (
            f'the language model\'s visual of the scene "{title[:60]}" cannot be drawn ({error}); a slide stands in'
        )
        notices.append(Notice("VISUAL_REPLACED", message))
        visual = None
    if not said and visual is None:
        return None
    return Shot(title, visual or Slide(title=title), (said,) if said else ())


def _with_points(shot: Shot, language: str) -> Shot:
    """The shot; where it has nothing to show but a title, with the points of what is said."""
    bare = isinstance(shot.visual, Slide) and not shot.visual.blocks and not shot.visual.subtitle
    if not bare or shot.words <= _CARD_WORDS:
        return shot
    sentences = split_sentences(Text(shot.narration), language)
    return replace(shot, visual=prose_slide(shot.title, sentences, english=is_english(language)))


def numbered(shots: Sequence[Shot], section: int, title: str, language: str) -> tuple[Shot, ...]:
    """The shots of a section: those without a title have the section's, and only the film begins with a bare card."""
    titled = [replace(shot, section=section, title=shot.title or title, visual=_titled(shot, title)) for shot in shots]
    return tuple(_with_points(shot, language) if section or number else shot for number, shot in enumerate(titled))


def _titled(shot: Shot, title: str) -> Visual:
    visual = shot.visual
    bare = isinstance(visual, Slide) and not visual.title and not visual.blocks
    return replace(visual, title=title) if isinstance(visual, Slide) and bare else visual
