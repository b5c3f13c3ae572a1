"""Shots to scenes: titles, narrations, languages and identifiers."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pydantic import TypeAdapter

from kinescribe_server.script.language import detect_surely
from kinescribe_server.script.model import Code, Diagram, Formula, Scene
from kinescribe_server.script.shots import Shot

_SCENE: TypeAdapter[Scene] = TypeAdapter(Scene)
# 48 bits: among 500 scenes two differ by chance once in a billion films, and then a suffix tells them apart.
_ID_DIGITS = 12


def to_scenes(shots: Iterable[Shot], language: str) -> tuple[Scene, ...]:
    """The scenes of a script in a language, each with an identifier made from its content, so that an edit renames one
    scene."""
    return tuple(_identified(_scene(shot, language) for shot in shots))


def _scene(shot: Shot, language: str) -> Scene:
    """A scene; one that is spoken in another language than the script says so."""
    own = ""
    if not isinstance(shot.visual, Code | Diagram | Formula):
        found = detect_surely(shot.narration)
        own = "" if found == language.split("-", maxsplit=1)[0].lower() else found
    return Scene(title=shot.title, narration=shot.narration, visual=shot.visual, language=own)


def _identified(scenes: Iterable[Scene]) -> Iterator[Scene]:
    seen: dict[str, int] = {}
    for scene in scenes:
        content = json.dumps(_SCENE.dump_python(scene, mode="json"), sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(content.encode()).hexdigest()[:_ID_DIGITS]
        seen[digest] = seen.get(digest, 0) + 1
        yield replace(scene, id=digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
