"""Themes: the colours of every picture, one file for each in `themes/`."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kinescribe_server.jobs.errors import MakeError

_FOLDER = Path(__file__).parent / "themes"
# The first is the default.
_NAMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class ThemeInfo:
    """A theme's name and what it looks like, in a sentence."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by role, as `#rrggbb`: `colors` for pages, `code` for the words of a listing."""

    name: str
    description: str
    dark: bool
    colors: Mapping[str, str]
    code: Mapping[str, str]


def _read(name: str) -> Theme:
    content = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return Theme(name, content["description"], content["dark"], content["colors"], content["code"])


@functools.cache
def theme_named(name: str) -> Theme:
    """The theme. Raises MakeError (THEME_UNKNOWN)."""
    if name not in _NAMES:
        raise MakeError("THEME_UNKNOWN", f"there is no theme {name!r}; there are {', '.join(_NAMES)}")
    return _read(name)


THEMES: tuple[ThemeInfo, ...] = tuple(ThemeInfo(name, theme_named(name).description) for name in _NAMES)
DEFAULT_THEME = _NAMES[0]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
