"""Themes: how every picture looks, one file for each in `themes/`, and what a user's brand changes in them."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.visuals.contrast import contrast, legible, mixed
from kinescribe_server.visuals.protocol import Brand

__all__ = ["DEFAULT_THEME", "FONT_FAMILIES", "FONT_ROLES", "THEMES", "THEME_ROLES", "Theme", "ThemeInfo", "branded",
           "contrast", "theme_named"]  # fmt: skip

_FOLDER = Path(__file__).parent / "themes"
# The first is the default.
_NAMES = ("light", "dark", "high-contrast", "paper", "blueprint")

# The families of the font packages.
FONT_FAMILIES: tuple[str, ...] = (
    "Inter", "Fraunces", "Space Grotesk", "JetBrains Mono", "Noto Sans", "Noto Sans Arabic", "Noto Sans Armenian",
    "Noto Sans Bengali", "Noto Sans Devanagari", "Noto Sans Ethiopic", "Noto Sans Georgian", "Noto Sans Gujarati",
    "Noto Sans Gurmukhi", "Noto Sans Hebrew", "Noto Sans Kannada", "Noto Sans Khmer", "Noto Sans Lao",
    "Noto Sans Malayalam", "Noto Sans Myanmar", "Noto Sans Oriya", "Noto Sans Sinhala", "Noto Sans Tamil",
    "Noto Sans Telugu", "Noto Sans Thai", "Noto Sans Symbols", "Noto Emoji", "Noto Sans CJK SC", "Noto Sans CJK TC",
    "Noto Sans CJK HK", "Noto Sans CJK JP", "Noto Sans CJK KR",
)  # fmt: skip
FONT_ROLES: tuple[str, ...] = ("heading", "body", "code")
# Listings are laid out by columns, so their family has one width for all letters.
_MONOSPACED = ("JetBrains Mono",)


@dataclass(frozen=True, slots=True)
class ThemeInfo:
    """A theme's name and what it looks like, in a sentence."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by role, as `#rrggbb`: `colors` for pages, `code` for the words of a listing; `fonts`: a family for
    heading, body and code; `shape`: the `radius` of corners in design pixels, `spacing` as a factor, and the
    `ornament` of cards; `logo`: its `place` and `height` in design pixels; `motion`: `seconds` and `easing` of what
    appears."""

    name: str
    description: str
    dark: bool
    colors: Mapping[str, str]
    code: Mapping[str, str]
    fonts: Mapping[str, str]
    shape: Mapping[str, Any]
    logo: Mapping[str, Any]
    motion: Mapping[str, Any]


@functools.cache
def theme_named(name: str) -> Theme:
    """The theme. Raises MakeError (THEME_UNKNOWN)."""
    if name not in _NAMES:
        raise MakeError("THEME_UNKNOWN", f"there is no theme {name!r}; there are {', '.join(_NAMES)}")
    return Theme(name, **tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


THEMES: tuple[ThemeInfo, ...] = tuple(ThemeInfo(name, theme_named(name).description) for name in _NAMES)
DEFAULT_THEME = _NAMES[0]
# The roles of colours, as a brand may name them.
THEME_ROLES: tuple[str, ...] = (*theme_named(DEFAULT_THEME).colors, *theme_named(DEFAULT_THEME).code)

# What text stands on, and what stands on it.
_GROUNDS = ("page", "card", "band")
_INKS = ("text", "muted", "accent")
# What a brand leaves out is made of two colours that it has: so much of the second in the first.
_MADE_OF = {
    "muted": ("text", "page", 0.28),
    "card": ("page", "text", 0.05),
    "band": ("page", "accent", 0.17),
    "line": ("page", "text", 0.18),
    "glow": ("page", "accent", 0.12),
}


def branded(theme: Theme, brand: Brand | None) -> tuple[Theme, tuple[Notice, ...]]:
    """The theme in the brand's colours and fonts. A colour that cannot be read on what it stands on is made lighter or
    darker until it can be, with a notice."""
    if brand is None:
        return theme, ()
    given = {role: color.lower() for role, color in brand.colors.items() if role in THEME_ROLES}
    colors = {**theme.colors, **given}
    if not given.keys().isdisjoint({"page", "text", "accent"}):
        for role, (one, other, share) in _MADE_OF.items():
            if role not in given:
                colors[role] = mixed(colors[one], colors[other], share)
    # No ink can be read on a ground that is light and on one that is dark: the page decides.
    for role in _GROUNDS[1:]:
        colors[role] = _near(colors[role], colors["page"])
    grounds = [colors[role] for role in _GROUNDS]
    for role in _INKS:
        colors[role] = legible(colors[role], grounds)
    colors["on_accent"] = legible(colors["on_accent"], [colors["accent"]])
    code = {role: legible(given.get(role, color), grounds) for role, color in theme.code.items()}
    fonts, font_notices = _fonts(theme, brand)
    dark = contrast(colors["page"], "#ffffff") > contrast(colors["page"], "#000000")
    used = {**colors, **code}
    changed = [
        _adjusted(role, given[role], used[role]) for role in THEME_ROLES if given.get(role, used[role]) != used[role]
    ]
    return replace(theme, dark=dark, colors=colors, code=code, fonts=fonts), (*changed, *font_notices)


def _near(ground: str, page: str) -> str:
    """The ground moved towards the page until some ink can be read on both, with room for second-rank text."""
    best = max("#000000", "#ffffff", key=lambda ink: contrast(ink, page))
    needed = min(7.0, contrast(best, page))
    shares = (share / 20 for share in range(21))
    return next(color for share in shares if contrast(best, color := mixed(ground, page, share)) >= needed * 0.999)


def _fonts(theme: Theme, brand: Brand) -> tuple[dict[str, str], tuple[Notice, ...]]:
    fonts = {**theme.fonts, **{role: family for role, family in brand.fonts.items() if role in FONT_ROLES}}
    if fonts["code"] in _MONOSPACED:
        return fonts, ()
    message = f"{fonts['code']} is not for listings, whose letters are all of one width; {theme.fonts['code']} is used"
    return {**fonts, "code": theme.fonts["code"]}, (Notice("FONT_NOT_MONOSPACED", message),)


def _adjusted(role: str, given: str, used: str) -> Notice:
    message = f"{given} as {role!r} cannot be read with the colours around it (WCAG AA asks for 4.5:1); {used} is used"
    return Notice("CONTRAST_ADJUSTED", message)
