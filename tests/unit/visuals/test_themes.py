import itertools

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from kinescribe_server.visuals.fonts import font_folders, holds
from kinescribe_server.visuals.protocol import Brand
from kinescribe_server.visuals.themes import (
    FONT_FAMILIES,
    THEME_ROLES,
    THEMES,
    Theme,
    branded,
    contrast,
    theme_named,
)

from .inspection import AA

NAMES = [theme.name for theme in THEMES]


def test_light_is_the_default_and_every_theme_says_what_it_looks_like() -> None:
    assert NAMES == ["light", "dark", "high-contrast", "paper", "blueprint"]
    assert all(theme.description.endswith(".") for theme in THEMES)


@pytest.mark.parametrize("name", NAMES)
def test_all_text_has_the_contrast_of_wcag_aa(name: str) -> None:
    theme = theme_named(name)
    grounds = [theme.colors[role] for role in ("page", "card", "band")]
    inks = [theme.colors[role] for role in ("text", "muted", "accent")] + list(theme.code.values())

    needed = 7 if name == "high-contrast" else AA
    faint = [pair for pair in itertools.product(inks, grounds) if contrast(*pair) < needed]

    assert faint == []
    assert contrast(theme.colors["on_accent"], theme.colors["accent"]) >= AA


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_themes_have_the_same_roles(name: str) -> None:
    assert theme_named(name).colors.keys() == theme_named("light").colors.keys()
    assert theme_named(name).code.keys() == theme_named("light").code.keys()
    assert {*theme_named(name).colors, *theme_named(name).code} == set(THEME_ROLES)
    assert set(theme_named(name).fonts.values()) <= set(FONT_FAMILIES)


def test_the_families_are_those_of_the_font_packages() -> None:
    families = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=font_folders()
    ).families()

    assert sorted(FONT_FAMILIES) == sorted(families)
    assert all(
        any(holds(family, character) for character in "a1अअ字あקაԱአกກකកက⌘🚀ಕతதકੳঅଅമع") for family in FONT_FAMILIES
    )


def test_a_brand_takes_the_place_of_colours_and_fonts() -> None:
    brand = Brand({"page": "#FFF8F0", "accent": "#8a1050"}, {"heading": "Space Grotesk"})

    theme, notices = branded(theme_named("light"), brand)

    assert notices == ()
    assert (theme.colors["page"], theme.colors["accent"]) == ("#fff8f0", "#8a1050")
    assert theme.fonts == {"heading": "Space Grotesk", "body": "Inter", "code": "JetBrains Mono"}
    assert faint_pairs(theme) == []


def test_a_brand_colour_that_cannot_be_read_is_changed_until_it_can_and_that_is_said() -> None:
    theme, notices = branded(theme_named("light"), Brand({"accent": "#ffe000", "text": "#111111"}))

    assert [notice.reason for notice in notices] == ["CONTRAST_ADJUSTED"]
    assert "#ffe000 as 'accent'" in notices[0].message
    assert theme.colors["text"] == "#111111"
    assert faint_pairs(theme) == []


def test_a_font_whose_letters_differ_in_width_is_not_used_for_listings() -> None:
    theme, notices = branded(theme_named("light"), Brand(fonts={"code": "Fraunces"}))

    assert theme.fonts["code"] == "JetBrains Mono"
    assert [notice.reason for notice in notices] == ["FONT_NOT_MONOSPACED"]


colors = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(THEME_ROLES), colors))
@settings(max_examples=150, derandomize=True, deadline=None, database=None)
def test_any_brand_can_be_read(name: str, given_colors: dict[str, str]) -> None:
    theme, notices = branded(theme_named(name), Brand(given_colors))

    assert faint_pairs(theme) == []
    used = {**theme.colors, **theme.code}
    changed = [role for role, color in given_colors.items() if used[role] != color]
    assert len(notices) == len(changed)


def faint_pairs(theme: Theme) -> list[tuple[str, str]]:
    grounds = [theme.colors[role] for role in ("page", "card", "band")]
    inks = [theme.colors[role] for role in ("text", "muted", "accent")] + list(theme.code.values())
    pairs = [*itertools.product(inks, grounds), (theme.colors["on_accent"], theme.colors["accent"])]
    return [pair for pair in pairs if contrast(*pair) < AA]
