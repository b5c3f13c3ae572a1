"""The values of a film's options as people write them in front matter, as the fields of VideoOptions."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

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
_MOTION_MODES = ("none", "subtle")
_RETENTION_SECONDS = (60.0, 365 * 86_400.0)


class BadValueError(Exception):
    """What is wrong with a value, in words."""


OptionReader = Callable[[Any], Mapping[str, Any]]


def option_readers(known: Mapping[str, Collection[str]]) -> Mapping[str, OptionReader]:
    """How the value of each option is read. A reader raises BadValueError."""

    def named(option: str) -> OptionReader:
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
        "motion": lambda value: {"motion": f"MOTION_MODE_{_one_of(value, _MOTION_MODES).upper()}"},
        "music": lambda value: {"music": _text(value)},
        "lexicon": lambda value: {"lexicon": _texts(value)},
        "brand": _brand,
        "strict": lambda value: {"strict": _truth(value)},
        "retention": _retention,
    }


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadValueError("expected a value on the line of the key")
    return value.strip()


def _shown(value: str) -> str:
    return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'


def _one_of(value: Any, allowed: Collection[str]) -> str:
    if (text := _text(value)) not in allowed:
        raise BadValueError(f"{_shown(text)} is not known; allowed: {', '.join(allowed)}")
    return text


def _matching(pattern: re.Pattern[str], value: Any, expected: str) -> str:
    if not pattern.fullmatch(text := _text(value)):
        raise BadValueError(f"{_shown(text)} is not {expected}")
    return text


def _within(text: str, limits: tuple[float, float]) -> float:
    if not re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", text) or not limits[0] <= float(text) <= limits[1]:
        raise BadValueError(f"{_shown(text)} is not a number from {limits[0]:g} to {limits[1]:g}")
    return float(text)


def _side(value: Any) -> int:
    text = _text(value)
    if not re.fullmatch(r"\d{1,5}", text) or int(text) not in _SIDE:
        raise BadValueError(f"{_shown(text)} is not an even number from {_SIDE[0]} to {_SIDE[-1]}")
    return int(text)


def _size(value: Any) -> Mapping[str, Any]:
    found = _SIZE.fullmatch(_text(value).lower())
    if found is None:
        raise BadValueError(f"{_shown(_text(value))} is not WIDTHxHEIGHT, for example 1920x1080")
    return {"width": _side(found[1]), "height": _side(found[2])}


def _truth(value: Any) -> bool:
    text = _text(value).lower()
    if text not in _YES | _NO:
        raise BadValueError(f"{_shown(text)} is neither true nor false")
    return text in _YES


def _captions(value: Any) -> Mapping[str, Any]:
    text = _text(value).lower()
    if text != "sidecar" and text not in _YES | _NO:
        raise BadValueError(f"{_shown(text)} is not known; allowed: sidecar, off")
    return {"captions": "CAPTION_MODE_OFF" if text in _NO else "CAPTION_MODE_SIDECAR"}


def _retention(value: Any) -> Mapping[str, Any]:
    found = _LASTING.fullmatch(_text(value).lower())
    seconds = float(found[1]) * _SECONDS[(found[2] or "s")[0]] if found else 0.0
    if not _RETENTION_SECONDS[0] <= seconds <= _RETENTION_SECONDS[1]:
        raise BadValueError(f"{_shown(_text(value))} is not from 1m to 365d, for example 12h or 7d")
    return {"retention": f"{seconds:.3f}s"}


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for pair in value.items() for text in pair):
        raise BadValueError("expected words with values under it")
    return {key.strip(): text.strip() for key, text in value.items()}


def _brand(value: Any) -> Mapping[str, Any]:
    allowed = ("colors", "fonts", "logo")
    if not isinstance(value, dict) or not value or not set(value) <= set(allowed):
        raise BadValueError(f"expected {', '.join(allowed)} under it")
    brand: dict[str, Any] = {key: _texts(value[key]) for key in ("colors", "fonts") if key in value}
    for color in brand.get("colors", {}).values():
        _matching(_COLOR, color, "a colour, for example #1a2b3c")
    if "logo" in value:
        brand["logo_attachment"] = _text(value["logo"])
    return {"brand": brand}
