"""The JSON schemas of what a model is asked for.

They keep to what all servers understand: every property required, none added, no limits of numbers, lengths or
patterns. What is beyond that is checked when the reply is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema and its name, of letters, digits, _ and -."""

    name: str
    schema: Json


def _object(**properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _one_of(*words: str) -> Json:
    return {"type": "string", "enum": list(words)}


_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_WHOLE: Json = {"type": "integer"}

# The kinds whose numbers a model can give without positions along an axis.
CHART_KINDS = ("bar", "stacked_bar", "line", "area", "pie", "donut")


def _visuals() -> dict[str, Json]:
    fields: dict[str, dict[str, Json]] = {
        "slide": {"title": _TEXT, "subtitle": _TEXT, "bullets": _list(_TEXT)},
        "comparison": {
            "title": _TEXT,
            "left_title": _TEXT,
            "left": _list(_TEXT),
            "right_title": _TEXT,
            "right": _list(_TEXT),
        },
        "table": {"title": _TEXT, "header": _list(_TEXT), "rows": _list(_list(_TEXT))},
        "quote": {"text": _TEXT, "attribution": _TEXT},
        "diagram": {"title": _TEXT, "source": _TEXT},
        "code": {
            "title": _TEXT,
            "language": _TEXT,
            "source": _TEXT,
            "focus": _list(_object(first=_WHOLE, last=_WHOLE)),
        },
        "formula": {"title": _TEXT, "latex": _TEXT},
        "chart": {
            "title": _TEXT,
            "kind": _one_of(*CHART_KINDS),
            "labels": _list(_TEXT),
            "series": _list(_object(name=_TEXT, values=_list(_NUMBER))),
            "x_title": _TEXT,
            "y_title": _TEXT,
        },
        "image": {"title": _TEXT, "picture": _TEXT, "description": _TEXT},
    }
    return {name: _object(type=_one_of(name), **properties) for name, properties in fields.items()}


def script_schema(*, with_images: bool) -> Schema:
    """A script; pictures only where there are some."""
    visuals = [schema for name, schema in _visuals().items() if with_images or name != "image"]
    scene = _object(title=_TEXT, narration=_TEXT, visual={"anyOf": visuals})
    return Schema("script", _object(title=_TEXT, language=_TEXT, scenes=_list(scene)))


OUTLINE = Schema("outline", _object(title=_TEXT, sections=_list(_object(title=_TEXT, first=_WHOLE, last=_WHOLE))))
TRANSLATIONS = Schema("translations", _object(translations=_list(_object(id=_TEXT, text=_TEXT))))
