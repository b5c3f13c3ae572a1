"""Front matter: YAML between two lines of `---` at the head of a document, and the options of the film in it."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.option_values import BadValueError, option_readers
from kinescribe_server.script.text import clean

# Front matter is a handful of keys. PyYAML reads about 100,000 characters a second, and a second is too long for that.
MAX_CHARACTERS = 20_000
# Under this key everything is ours. Beside it stand the keys of site generators, of which only those count that mean
# something to us.
OWN_KEY = "kinescribe"

_FENCE = re.compile(r"---[ \t]*$", re.MULTILINE)
_CLOSE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z_][\w-]*[ \t]*:(?:[ \t]|$)", re.MULTILINE)

_TEXT_KEYS = ("title", "subtitle", "description", "author", "date")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with front matter: the line in the document, counted from 1, the key ("" for all), and why."""

    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.reason}" if self.key else f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The keys of a document's front matter, the lines that they stand on ("kinescribe.theme" for those below one), and
    the document without it."""

    values: Mapping[str, Any]
    body: str
    lines: Mapping[str, int] = field(default_factory=dict)

    def text(self, *keys: str) -> str:
        """The first of the keys that has a text, on one line; "" if none has. Those under our own key are stronger."""
        own = self.values.get(OWN_KEY)
        found = [values.get(key) for values in (own, self.values) if isinstance(values, dict) for key in keys]
        return next((" ".join(value.split()) for value in found if isinstance(value, str) and value.strip()), "")

    @property
    def is_marp(self) -> bool:
        """Whether the document says that it is a deck of Marp's."""
        return str(self.values.get("marp", "")).lower() == "true"

    @property
    def heading_divider(self) -> int:
        """The level of the headings that open a slide in Marp's decks, as well as rules; 0 for none."""
        level = str(self.values.get("headingDivider", ""))
        return int(level) if level in set("123456") else 0


@dataclass(frozen=True, slots=True)
class OptionsRead:
    """Options of a film as the fields of `kinescribe.v1.VideoOptions` in proto3 JSON with the names of the proto file
    (`brand.logo_attachment` holds the logo's path as written), the line of each, and what is wrong."""

    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_options(source_text: str, known: Mapping[str, Collection[str]]) -> OptionsRead:
    """The options in a text's front matter. `known` has the names that the installation knows of "voice", "theme"
    and "writer". Never raises: broken front matter is a problem with a line and a reason."""
    try:
        front_matter = _split(clean(source_text))
    except _BrokenError as error:
        return OptionsRead(problems=(error.problem,))
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    own = front_matter.values.get(OWN_KEY, {})
    if isinstance(own, dict):
        own_keys = dict(_named(own))
    else:
        own_keys = {}
        problems.append(Problem(front_matter.lines.get(OWN_KEY, 2), OWN_KEY, "expected options with values under it"))
    readers = option_readers(known)
    beside = dict(_named(front_matter.values))
    # One side alone is some other program's.
    strange = {"music"} if {"width", "height"} <= set(beside) else {"music", "width", "height"}
    for key, (name, value) in beside.items():
        if key in readers and key not in strange:
            try:
                found = readers[key](value)
            except BadValueError:
                continue
            values |= found
            lines |= dict.fromkeys(found, front_matter.lines.get(name, 2))
    for key, (name, value) in own_keys.items():
        path = f"{OWN_KEY}.{name}"
        line = front_matter.lines.get(path, 2)
        try:
            if key not in readers and key not in _TEXT_KEYS:
                raise BadValueError(f"there is no such option; allowed: {', '.join([*readers, *_TEXT_KEYS[:3]])}")
            found = readers[key](value) if key in readers else {}
        except BadValueError as error:
            problems.append(Problem(line, path, str(error)))
        else:
            values |= found
            lines |= dict.fromkeys(found, line)
    return OptionsRead(values, lines, tuple(problems))


def split_front_matter(document: str) -> FrontMatter:
    """Takes the front matter off a document.

    A first line of `---` opens front matter if a key follows at once; otherwise it is a thematic break. Raises
    MakeError BAD_FRONT_MATTER, with line and reason, for front matter that is not closed, not YAML or not a mapping.
    """
    try:
        return _split(document)
    except _BrokenError as error:
        raise MakeError("BAD_FRONT_MATTER", str(error.problem)) from error


class _BrokenError(Exception):
    """Front matter that cannot be read."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem(line, "", f"the front matter cannot be read: {reason}")


def _split(document: str) -> FrontMatter:
    opening = _FENCE.match(document)
    if opening is None or not _KEY.match(document, opening.end() + 1):
        return FrontMatter({}, document)
    closing = _CLOSE.search(document, opening.end())
    if closing is None:
        raise _BrokenError(1, "it is opened by '---' here and never closed by another '---'")
    source = document[opening.end() + 1 : closing.start()]
    values, lines = _mapping(source)
    return FrontMatter(values, document[closing.end() + 1 :], lines)


def _mapping(source: str) -> tuple[Mapping[str, Any], Mapping[str, int]]:
    if len(source) > MAX_CHARACTERS:
        raise _BrokenError(1, f"it has {len(source)} characters; at most {MAX_CHARACTERS} are read")
    # BaseLoader makes texts, lists and mappings only: `language: no` stays Norwegian, a date stays as it is written,
    # and no tag builds an object.
    loader = yaml.BaseLoader(source)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise _BrokenError(2, "expected keys with values, found something else")
        lines = dict(_lines_of(node))
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise _BrokenError(mark.line + 2 if mark else 1, error.problem or "it is not YAML") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _BrokenError(1, "it is not YAML, or nested too deeply") from error
    finally:
        loader.dispose()


def _lines_of(root: yaml.MappingNode) -> Iterator[tuple[str, int]]:
    """The lines of the keys of the first two levels. Raises _BrokenError for an alias: a few of them can stand for
    more than memory holds."""
    seen: set[int] = set()
    waiting: list[tuple[str, int, yaml.Node]] = [("", 0, root)]
    while waiting:
        path, depth, node = waiting.pop()
        if id(node) in seen:
            raise _BrokenError(node.start_mark.line + 2, "an alias ('*name') is used; write the value out")
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(path, depth + 1, item) for item in node.value]
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if depth < 2 and isinstance(key, yaml.ScalarNode):
                    yield f"{path}{key.value}", key.start_mark.line + 2
                waiting += [("", depth + 1, key)] if not isinstance(key, yaml.ScalarNode) else []
                waiting.append((f"{path}{key.value}." if isinstance(key, yaml.ScalarNode) else "", depth + 1, value))


def _named(values: Mapping[Any, Any]) -> Iterator[tuple[str, tuple[str, Any]]]:
    """The keys as options are named, with the keys as written: "speaking-rate" is speaking_rate."""
    for name, value in values.items():
        if isinstance(name, str):
            key = name.replace("-", "_")
            yield "language" if key == "lang" else key, (name, value)
