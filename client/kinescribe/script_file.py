"""Scripts as files: YAML or JSON with the field names of `kinescribe.v1.Script`, to be read, edited and rendered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from google.protobuf import json_format

from kinescribe.v1.script_pb2 import Scene, Script
from kinescribe.yaml_reader import SPECIAL, ScriptFileError, ScriptProblem, read_message

# A request has at most 3 MiB; a file of more characters cannot be one.
MAX_CHARACTERS = 3 << 20
# A value of at most so many characters, deep in a script, is written on one line.
_LINE = 100
_FOLDED = 80


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """A script that was read, and the lines of its fields: "scenes[2].narration" -> 14."""

    script: Script
    lines: Mapping[str, int]

    def line_of(self, field: str) -> int:
        """The line of a field, or of the nearest one that holds it."""
        while field and field not in self.lines:
            field = field[: max(field.rfind("."), field.rfind("["), 0)]
        return self.lines.get(field, 1)


def read_script(text: str) -> ScriptFile:
    """Reads a script from YAML or JSON. Raises ScriptFileError with line, field and reason of all that is wrong.

    Limits of numbers and lengths are the service's to check.
    """
    if len(text) > MAX_CHARACTERS:
        raise ScriptFileError([ScriptProblem(1, "", f"the file has more than {MAX_CHARACTERS:,} characters")])
    script = Script()
    return ScriptFile(script, read_message(script, text))


def write_script(script: Script, *, as_json: bool = False) -> str:
    """The script as a file that `read_script` reads back as the same script."""
    content = json_format.MessageToDict(script, preserving_proto_field_name=True)
    if as_json:
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    scenes = content.pop("scenes", [])
    content["scenes"] = [{name: _compact(value) for name, value in scene.items()} for scene in scenes]
    dumped: str = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_LINE)
    return dumped.replace("\n- id:", "\n\n- id:").replace("scenes:\n\n", "scenes:\n", 1)


@dataclass(frozen=True, slots=True)
class Updated:
    """A script with the edits of an older one, and how many of its scenes were kept as they were edited. `gone` are the
    titles of scenes whose source is no longer in the text."""

    script: Script
    kept: int
    gone: tuple[str, ...]


def update_script(edited: Script, fresh: Script) -> Updated:
    """The writer's new script with the scenes of an edited one wherever what they were made from has not changed.

    A writer's scene has an id made from its content, and keeps it through edits: the same id again means the same
    source. Scenes of the user's own have no id, or one that is not the writer's or is taken, and stay behind the scene
    that they stood behind. The order is the new script's; title and language stay as they were edited.
    """
    new_ids = {scene.id for scene in fresh.scenes}
    by_id: dict[str, Scene] = {}
    following: dict[str, list[Scene]] = {}
    gone: list[str] = []
    before = ""
    for scene in edited.scenes:
        if scene.id in new_ids and scene.id not in by_id:
            by_id[scene.id] = scene
            before = scene.id
        elif _is_writers(scene.id) and scene.id not in new_ids:
            gone.append(scene.title or scene.narration[:40])
        else:
            following.setdefault(before, []).append(scene)
    updated = Script(title=edited.title or fresh.title, language=edited.language or fresh.language)
    updated.scenes.extend(following.get("", []))
    for scene in fresh.scenes:
        updated.scenes.append(by_id.get(scene.id, scene))
        updated.scenes.extend(following.get(scene.id, []))
    return Updated(updated, len(by_id), tuple(gone))


def _is_writers(scene_id: str) -> bool:
    """Whether an id is one that a writer makes: twelve hexadecimal digits, and a number where several are alike."""
    digest, _, number = scene_id.partition("-")
    return len(digest) == 12 and set(digest) <= set("0123456789abcdef") and (number.isdigit() or "-" not in scene_id)


class _OneLine(dict[str, Any]):
    """Fields that are written on one line."""


class _OneLineList(list[Any]):
    """Values that are written on one line."""


class _Dumper(yaml.SafeDumper):
    """Writes long texts folded, and texts of several lines as they are."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    lines = text.split("\n")
    style = None
    if SPECIAL.search(text):
        style = '"'
    elif len(lines) > 1 and text.strip() == text and all(line == line.rstrip() for line in lines):
        style = "|"
    elif len(lines) == 1 and len(text) > _FOLDED and " ".join(text.split()) == text:
        style = ">"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(
    _OneLineList, lambda dumper, values: dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)
)
_Dumper.add_representer(
    _OneLine, lambda dumper, fields: dumper.represent_mapping("tag:yaml.org,2002:map", fields.items(), flow_style=True)
)


def _compact(value: Any) -> Any:
    """A value in which short fields without longer ones in them stand on one line."""
    if not isinstance(value, dict | list):
        return value
    text = json.dumps(value, ensure_ascii=False)
    short = len(text) <= _LINE and "\\n" not in text
    if isinstance(value, dict):
        return _OneLine(value) if short else {name: _compact(item) for name, item in value.items()}
    plain = not any(isinstance(item, dict | list) for item in value)
    return _OneLineList(value) if short and plain else [_compact(item) for item in value]
