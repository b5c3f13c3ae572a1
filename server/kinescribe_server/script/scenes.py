"""Shots to scenes: titles, narrations and identifiers."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pydantic import TypeAdapter

from kinescribe_server.script.model import Scene
from kinescribe_server.script.shots import Shot

_SCENE: TypeAdapter[Scene] = TypeAdapter(Scene)
# 48 bits: among 500 scenes two differ by chance once in a billion films, and then a suffix tells them apart.
_ID_DIGITS = 12


def to_scenes(shots: Iterable[Shot]) -> tuple[Scene, ...]:
    """The scenes of a script, each with an identifier made from its content, so that an edit renames one scene."""
    scenes = (Scene(title=shot.title, narration=shot.narration, visual=shot.visual) for shot in shots)
    return tuple(_identified(scenes))


def _identified(scenes: Iterable[Scene]) -> Iterator[Scene]:
    seen: dict[str, int] = {}
    for scene in scenes:
        content = json.dumps(_SCENE.dump_python(scene, mode="json"), sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(content.encode()).hexdigest()[:_ID_DIGITS]
        seen[digest] = seen.get(digest, 0) + 1
        yield replace(scene, id=digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
