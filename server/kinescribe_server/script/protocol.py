"""The seam of script writing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.script.model import Script


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """A source text (plain prose or Markdown) and the language that the user asked for ("" to detect it). `images`
    maps the pictures that the text names to the attachments that hold them: the path as the text has it with escapes
    undone ("my picture.png", not "my%20picture.png") -> the attachment's name. Pictures that cannot be shown are not
    in it."""

    source_text: str
    language: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """A script, and the language that it is wanted in (BCP 47)."""

    script: Script
    language: str


@dataclass(frozen=True, slots=True)
class Written:
    """A script of at least one scene, every scene with an id that is made from its content, and what was left out."""

    script: Script
    notices: tuple[Notice, ...] = ()


class ScriptWriter(Protocol):
    """Turns source text into a script. Raises MakeError for text that no script can be made of."""

    def write(self, request: ScriptRequest) -> Written: ...
