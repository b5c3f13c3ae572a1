"""What a model is asked to write: for a subject, a document, or a section of a long one. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import unquote

from kinescribe_server.script.limits import MAX_SCENES
from kinescribe_server.script.llm.outline import Outline
from kinescribe_server.script.llm.prompts import Prompt, fenced, prompt
from kinescribe_server.script.sentences import count_words

_SYSTEM = "script-1"
# A line of no more words is a subject to write about, not a text to explain.
_SUBJECT_WORDS = 60
_SUBJECT_SCENES = "6 to 10"
# A scene explains about so many words of a text: read aloud they would take half a minute.
_WORDS_A_SCENE = 80
# More scenes than these are no explanation: a scene for every other sentence.
_FEWEST_WORDS_A_SCENE = 15
_LEAST_LIMIT = 24
_LEAST_SECTION_LIMIT = 8
_UNKNOWN_LANGUAGE = "und (not determined: take the language of the text)"
_MOST_TITLES = 60


def is_subject(text: str) -> bool:
    """Whether a text is a subject or a request ("Explain machine learning") rather than a text to explain."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) == 1 and count_words(text) <= _SUBJECT_WORDS and not re.match(r"\s*(#|[-*] |\||```)", lines[0])


def most_scenes(text: str, *, section: bool = False) -> int:
    """How many scenes a text takes at most."""
    least = _LEAST_SECTION_LIMIT if section else _LEAST_LIMIT
    return min(MAX_SCENES, max(least, round(count_words(text) / _FEWEST_WORDS_A_SCENE)))


def whole_prompt(text: str, language: str, images: Mapping[str, str]) -> Prompt:
    """The prompt for a subject or a document that is written in one go."""
    subject = is_subject(text)
    scenes = _SUBJECT_SCENES if subject else _about(text)
    values = _values(text, language, images, scenes, most_scenes(text))
    return prompt(_SYSTEM, "subject-1" if subject else "document-1", values)


def section_prompt(outline: Outline, index: int, text: str, language: str, images: Mapping[str, str]) -> Prompt:
    """The prompt for a section, or a part of one."""
    titles = [section.title for section in outline.sections]
    values = {
        "film": outline.title or "(no title yet)",
        "sections": "\n".join(f"{number}. {title}" for number, title in enumerate(titles[:_MOST_TITLES], 1)),
        "number": str(index + 1),
        "section": titles[index],
        "place": _place(index, len(titles)),
    }
    own = _values(text, language, images, _about(text), most_scenes(text, section=True))
    return prompt(_SYSTEM, "section-1", values | own)


def _place(index: int, sections: int) -> str:
    if index == 0:
        return "open the film with a slide of nothing but its title and a subtitle, and do not sum up."
    if index == sections - 1:
        return "go straight to the subject, and let the last scene sum up the whole film."
    return "go straight to the subject, without an introduction and without summing up."


def _values(text: str, language: str, images: Mapping[str, str], scenes: str, most: int) -> dict[str, str]:
    return {
        "language": language or _UNKNOWN_LANGUAGE,
        "scenes": scenes,
        "most": str(most),
        "pictures": _pictures(text, images),
        "text": fenced(text),
    }


def _about(text: str) -> str:
    return f"about {max(3, round(count_words(text) / _WORDS_A_SCENE))}"


def _pictures(text: str, images: Mapping[str, str]) -> str:
    """The pictures that the text names and that can be shown."""
    names = named_pictures(text, images)
    return json.dumps(names, ensure_ascii=False) if names else "none"


def named_pictures(text: str, images: Mapping[str, str]) -> Sequence[str]:
    """The names of the pictures that a text names, in order of the alphabet."""
    words = unquote(text)
    return sorted(path for path in images if PurePosixPath(path).name in words)
