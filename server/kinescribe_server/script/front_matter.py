"""Front matter: YAML between two lines of `---` at the head of a document, and the options of the film in it."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.text import clean

# Front matter is a handful of keys. PyYAML reads about 100,000 characters a second, and a second is too long for that.
MAX_CHARACTERS = 20_000
# Under this key everything is ours. Beside it stand the keys of site generators, of which only those count that mean
# something to us.
OWN_KEY = "kinescribe"

_FENCE = re.compile(r"---[ \t]*$", re.MULTILINE)
_CLOSE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z_][\w-]*[ \t]*:(?:[ \t]|$)", re.MULTILINE)

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")
_SIZE = re.compile(r"(\d{1,5})\s*[x×]\s*(\d{1,5})")
_LASTING = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*(s|m|h|d|seconds?|minutes?|hours?|days?)?")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_YES, _NO = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
# The limits of VideoOptions (job.proto).
_SIDE = range(320, 3841, 2)
_FRAME_RATES = ("24", "25", "30", "50", "60")
_SPEAKING_RATES = (0.5, 2.0)
_RETENTION_SECONDS = (60.0, 365 * 86_400.0)
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


class _BadValueError(Exception):
    """What is wrong with a value, in words."""


def read_options(source_text: str, known: Mapping[str, Collection[str]]) -> OptionsRead:
    """The options in a text's front matter. `known` has the names that the installation knows of "voice", "theme",
    "writer" and "motion". Never raises: broken front matter is a problem with a line and a reason."""
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
    readers = _readers(known)
    beside = dict(_named(front_matter.values))
    # One side alone is some other program's.
    strange = {"music"} if {"width", "height"} <= set(beside) else {"music", "width", "height"}
    for key, (name, value) in beside.items():
        if key in readers and key not in strange:
            try:
                found = readers[key](value)
            except _BadValueError:
                continue
            values |= found
            lines |= dict.fromkeys(found, front_matter.lines.get(name, 2))
    for key, (name, value) in own_keys.items():
        path = f"{OWN_KEY}.{name}"
        line = front_matter.lines.get(path, 2)
        try:
            if key not in readers and key not in _TEXT_KEYS:
                raise _BadValueError(f"there is no such option; allowed: {', '.join([*readers, *_TEXT_KEYS[:3]])}")
            found = readers[key](value) if key in readers else {}
        except _BadValueError as error:
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


_Reader = Callable[[Any], Mapping[str, Any]]


def _readers(known: Mapping[str, Collection[str]]) -> Mapping[str, _Reader]:
    """How the value of each option is read. A reader raises _BadValueError."""

    def named(option: str) -> _Reader:
        return lambda value: {option: _one_of(value, known.get(option, ()))}

    return {
        "voice": named("voice"),
        "language": lambda value: {"language": _matching(_LANGUAGE, value, 'a BCP 47 tag, for example "de-AT"')},
        "theme": named("theme"),
        "size": _size,
        "width": lambda value: {"width": _side(value)},
        "height": lambda value: {"height": _side(value)},
        "frame_rate": lambda value: {"frame_rate": int(_one_of(value, _FRAME_RATES))},
        "speaking_rate": lambda value: {"speaking_rate": _within(_text(value), _SPEAKING_RATES)},
        "captions": _captions,
        "writer": named("writer"),
        "motion": lambda value: {"motion": f"MOTION_MODE_{_one_of(value, known.get('motion', ('none',))).upper()}"},
        "music": lambda value: {"music": _text(value)},
        "lexicon": lambda value: {"lexicon": _texts(value)},
        "brand": _brand,
        "strict": lambda value: {"strict": _truth(value)},
        "retention": _retention,
    }


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _BadValueError("expected a value on the line of the key")
    return value.strip()


def _shown(value: str) -> str:
    return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'


def _one_of(value: Any, allowed: Collection[str]) -> str:
    if (text := _text(value)) not in allowed:
        raise _BadValueError(f"{_shown(text)} is not known; allowed: {', '.join(allowed)}")
    return text


def _matching(pattern: re.Pattern[str], value: Any, expected: str) -> str:
    if not pattern.fullmatch(text := _text(value)):
        raise _BadValueError(f"{_shown(text)} is not {expected}")
    return text


def _within(text: str, limits: tuple[float, float]) -> float:
    if not re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", text) or not limits[0] <= float(text) <= limits[1]:
        raise _BadValueError(f"{_shown(text)} is not a number from {limits[0]:g} to {limits[1]:g}")
    return float(text)


def _side(value: Any) -> int:
    text = _text(value)
    if not re.fullmatch(r"\d{1,5}", text) or int(text) not in _SIDE:
        raise _BadValueError(f"{_shown(text)} is not an even number from {_SIDE[0]} to {_SIDE[-1]}")
    return int(text)


def _size(value: Any) -> Mapping[str, Any]:
    found = _SIZE.fullmatch(_text(value).lower())
    if found is None:
        raise _BadValueError(f"{_shown(_text(value))} is not WIDTHxHEIGHT, for example 1920x1080")
    return {"width": _side(found[1]), "height": _side(found[2])}


def _truth(value: Any) -> bool:
    text = _text(value).lower()
    if text not in _YES | _NO:
        raise _BadValueError(f"{_shown(text)} is neither true nor false")
    return text in _YES


def _captions(value: Any) -> Mapping[str, Any]:
    text = _text(value).lower()
    if text != "sidecar" and text not in _YES | _NO:
        raise _BadValueError(f"{_shown(text)} is not known; allowed: sidecar, off")
    return {"captions": "CAPTION_MODE_OFF" if text in _NO else "CAPTION_MODE_SIDECAR"}


def _retention(value: Any) -> Mapping[str, Any]:
    found = _LASTING.fullmatch(_text(value).lower())
    seconds = float(found[1]) * _SECONDS[(found[2] or "s")[0]] if found else 0.0
    if not _RETENTION_SECONDS[0] <= seconds <= _RETENTION_SECONDS[1]:
        raise _BadValueError(f"{_shown(_text(value))} is not from 1m to 365d, for example 12h or 7d")
    return {"retention": f"{seconds:.3f}s"}


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        raise _BadValueError("expected words with values under it")
    return {key.strip(): text.strip() for key, text in value.items()}


def _brand(value: Any) -> Mapping[str, Any]:
    allowed = ("colors", "fonts", "logo")
    if not isinstance(value, dict) or not value or not set(value) <= set(allowed):
        raise _BadValueError(f"expected {', '.join(allowed)} under it")
    brand: dict[str, Any] = {key: _texts(value[key]) for key in ("colors", "fonts") if key in value}
    for color in brand.get("colors", {}).values():
        _matching(_COLOR, color, "a colour, for example #1a2b3c")
    if "logo" in value:
        brand["logo_attachment"] = _text(value["logo"])
    return {"brand": brand}
