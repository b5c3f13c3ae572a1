"""Reads messages from YAML or JSON as people write them; everything that is wrong is named with its line and field."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

# What YAML takes for the end of a line, or not at all.
SPECIAL = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_DURATION = "google.protobuf.Duration"
# libyaml's parser is ten times as fast as Python's; PyYAML's wheels have it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WHOLE = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64)
_REAL = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
# A table in a column of a slide is a dozen deep.
_MOST_DEPTH = 50


@dataclass(frozen=True, slots=True)
class ScriptProblem:
    """What is wrong in a file: the line counted from 1, the field ("" for the whole), and what is allowed."""

    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field}: {self.reason}" if self.field else f"line {self.line}: {self.reason}"


class ScriptFileError(Exception):
    """A file that is no script, with everything that is wrong in it."""

    def __init__(self, problems: Sequence[ScriptProblem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def read_message(message: Message, text: str) -> Mapping[str, int]:
    """Fills a message from YAML or JSON, and answers the lines of its fields: "scenes[2].narration" -> 14.

    Raises ScriptFileError with line, field and reason of all that is wrong.
    """
    reader = _Reader()
    reader.read_message(message, _compose(text), "")
    if reader.problems:
        raise ScriptFileError(sorted(reader.problems, key=lambda problem: problem.line))
    return reader.lines


def _compose(text: str) -> yaml.Node:
    """The tree of a file. JSON is stricter than YAML, but for tabs between its tokens and a few characters in texts."""
    if text.lstrip()[:1] == "{":
        try:
            json.loads(text, parse_int=str)  # Python refuses to convert numbers of thousands of digits
        except json.JSONDecodeError as error:
            raise ScriptFileError([ScriptProblem(error.lineno, "", f"not JSON: {error.msg}")]) from error
        except RecursionError as error:
            raise ScriptFileError([ScriptProblem(1, "", "nested too deeply")]) from error
        text = SPECIAL.sub(lambda found: f"\\u{ord(found[0]):04x}", text.replace("\t", " "))
    try:
        _check_depth(text)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"not YAML: {error.problem or error.context}"
        raise ScriptFileError([ScriptProblem(mark.line + 1 if mark else 1, "", reason)]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        reason = f"not YAML: the character U+{ord(text[error.position]):04X} is not allowed"
        raise ScriptFileError([ScriptProblem(line, "", reason)]) from error
    except RecursionError as error:
        raise ScriptFileError([ScriptProblem(1, "", "nested too deeply")]) from error
    if node is None:
        raise ScriptFileError([ScriptProblem(1, "", "the file is empty; expected a script with scenes")])
    return node


def _check_depth(text: str) -> None:
    """libyaml's composer takes the stack for its depth, and ends the process with it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise ScriptFileError([ScriptProblem(line, "", "nested too deeply")])


class _Reader:
    """Fills messages from a YAML tree, and remembers where each field stands."""

    def __init__(self) -> None:
        self.problems: list[ScriptProblem] = []
        self.lines: dict[str, int] = {}
        self._seen: set[int] = set()

    def read_message(self, message: Message, node: yaml.Node, path: str) -> None:
        if not isinstance(node, yaml.MappingNode):
            self._refuse(node, path, f"expected fields with values, found {_kind(node)}")
            return
        if self._is_alias(node, path):
            return
        fields = {name: field for field in message.DESCRIPTOR.fields for name in (field.name, field.json_name)}
        given: set[str] = set()
        for key, value in node.value:
            field = fields.get(key.value) if isinstance(key, yaml.ScalarNode) else None
            if field is None:
                allowed = ", ".join(field.name for field in message.DESCRIPTOR.fields)
                self._refuse(key, path, f"{_shown(key)} is not known here; allowed: {allowed}")
                continue
            where = f"{path}.{field.name}" if path else field.name
            self.lines[where] = key.start_mark.line + 1
            other = message.WhichOneof(field.containing_oneof.name) if field.containing_oneof else None
            if field.name in given:
                self._refuse(key, where, "is given twice")
            elif other:
                self._refuse(key, where, f"{other} is given too; only one of them is allowed")
            else:
                self._read_field(message, field, value, where)
            given.add(field.name)

    def _read_field(self, message: Message, field: Any, node: yaml.Node, path: str) -> None:
        if _is_null(node):
            return
        if field.is_repeated:
            self._read_list(message, field, node, path)
        elif field.message_type is None:
            if (value := self._scalar(field, node, path)) is not None:
                setattr(message, field.name, value)
        elif field.message_type.full_name == _DURATION:
            self._read_duration(getattr(message, field.name), node, path)
        else:
            child = getattr(message, field.name)
            child.SetInParent()
            self.read_message(child, node, path)

    def _read_list(self, message: Message, field: FieldDescriptor, node: yaml.Node, path: str) -> None:
        if not isinstance(node, yaml.SequenceNode):
            self._refuse(node, path, f"expected a list, found {_kind(node)}")
            return
        if self._is_alias(node, path):
            return
        values = getattr(message, field.name)
        for index, item in enumerate(node.value):
            where = f"{path}[{index}]"
            self.lines[where] = item.start_mark.line + 1
            if field.message_type is not None:
                self.read_message(values.add(), item, where)
            elif (value := self._scalar(field, item, where)) is not None:
                values.append(value)

    def _read_duration(self, duration: Any, node: yaml.Node, path: str) -> None:
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        try:
            duration.FromJsonString(text if text.endswith("s") else f"{text}s")
        except (ValueError, AttributeError):
            self._refuse(node, path, f"{_shown(node)} is not a number of seconds, for example 1.5s")

    def _scalar(self, field: FieldDescriptor, node: yaml.Node, path: str) -> str | int | float | bool | None:
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, path, f"expected {_expected(field)}, found {_kind(node)}")
            return None
        text = _joined_surrogates(node.value)
        try:
            return _value(field, text)
        except (KeyError, ValueError):
            self._refuse(node, path, f"{_shown(node)} is not {_expected(field)}")
            return None

    def _is_alias(self, node: yaml.Node, path: str) -> bool:
        """A few aliases can stand for more than memory holds, so there are none."""
        if id(node) in self._seen:
            self._refuse(node, path, "an alias ('*name') is used; write the value out")
            return True
        self._seen.add(id(node))
        return False

    def _refuse(self, node: yaml.Node, path: str, reason: str) -> None:
        self.problems.append(ScriptProblem(node.start_mark.line + 1, path, reason))


def _value(field: FieldDescriptor, text: str) -> str | int | float | bool:
    """Raises KeyError or ValueError for a text that is no value of the field."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        text.encode()  # a lone surrogate cannot be sent
        return text
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return _TRUTHS[text.lower()]
    if field.enum_type is not None:
        return _number_of(field.enum_type, text)
    if field.cpp_type in _WHOLE:
        number = int(text)
        if not -(1 << 31) <= number < 1 << 31:
            raise ValueError("too large")
        return number
    return float(text)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "fields"
    return "a list" if isinstance(node, yaml.SequenceNode) else _shown(node)


def _shown(node: yaml.Node) -> str:
    text = node.value if isinstance(node, yaml.ScalarNode) else _kind(node)
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"'


def _expected(field: FieldDescriptor) -> str:
    if field.enum_type is not None:
        names = [value.name for value in field.enum_type.values]
        return f"one of {', '.join(names)}"
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return "true or false"
    if field.cpp_type in _WHOLE:
        return "a whole number"
    return "a number" if field.cpp_type in _REAL else "a text"


def _number_of(enum: EnumDescriptor, name: str) -> int:
    """The number of an enum's value by its name, of which the part that all values share may be left out."""
    shared = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    number: int = enum.values_by_name[name if name in enum.values_by_name else shared + name.upper()].number
    return number


def _joined_surrogates(text: str) -> str:
    """JSON may write a character beyond U+FFFF as two escapes."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
