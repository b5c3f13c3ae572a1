"""Front matter: YAML between two lines of `---` at the head of a document."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from kinescribe_server.jobs.errors import MakeError

# Front matter is a handful of keys. PyYAML reads about 100,000 characters a second, and a second is too long for that.
MAX_CHARACTERS = 20_000

_FENCE = re.compile(r"---[ \t]*$", re.MULTILINE)
_CLOSE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z_][\w-]*[ \t]*:(?:[ \t]|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The keys of a document's front matter, and the document without it."""

    values: Mapping[str, Any]
    body: str

    def text(self, *keys: str) -> str:
        """The first of the keys that has a text, on one line; "" if none has."""
        found = (self.values.get(key) for key in keys)
        return next((" ".join(value.split()) for value in found if isinstance(value, str) and value.strip()), "")


def split_front_matter(document: str) -> FrontMatter:
    """Takes the front matter off a document.

    A first line of `---` opens front matter if a key follows at once; otherwise it is a thematic break. Raises
    MakeError BAD_FRONT_MATTER, with line and reason, for front matter that is not closed, not YAML or not a mapping.
    """
    opening = _FENCE.match(document)
    if opening is None or not _KEY.match(document, opening.end() + 1):
        return FrontMatter({}, document)
    closing = _CLOSE.search(document, opening.end())
    if closing is None:
        raise _bad(1, "it is opened by '---' here and never closed by another '---'")
    source = document[opening.end() + 1 : closing.start()]
    return FrontMatter(_mapping(source), document[closing.end() + 1 :])


def _mapping(source: str) -> Mapping[str, Any]:
    if len(source) > MAX_CHARACTERS:
        raise _bad(1, f"it has {len(source)} characters; at most {MAX_CHARACTERS} are read")
    try:
        # BaseLoader makes texts, lists and mappings only: `language: no` stays Norwegian, and no tag builds an object.
        values = yaml.load(source, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise _bad(mark.line + 2 if mark else 1, error.problem or "it is not YAML") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _bad(1, "it is not YAML, or nested too deeply") from error
    if not isinstance(values, dict):
        raise _bad(2, "expected keys with values, found something else")
    return values


def _bad(line: int, reason: str) -> MakeError:
    return MakeError("BAD_FRONT_MATTER", f"the front matter cannot be read: line {line}: {reason}")
