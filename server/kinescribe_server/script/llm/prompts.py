"""The prompts: text files with a version in their names. A changed prompt is a new file, so that results tell which one
they come from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is told to be, and what it is asked."""

    system: str
    user: str


def prompt(system: str, user: str, values: Mapping[str, str]) -> Prompt:
    """The prompts of those names with their blanks filled in. Values are put in as they are, never read as blanks."""
    return Prompt(_template(system).substitute(values), _template(user).substitute(values))


def fenced(text: str) -> str:
    """A text between two marks that do not stand in it, so that it cannot end its own quotation."""
    mark = f"TEXT-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:12]}"
    return f"<{mark}>\n{text}\n</{mark}>"


@cache
def _template(name: str) -> Template:
    return Template((files(__package__) / "prompts" / f"{name}.txt").read_text(encoding="utf-8").strip())
