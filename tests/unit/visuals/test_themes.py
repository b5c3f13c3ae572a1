import itertools

import pytest

from kinescribe_server.visuals.themes import THEMES, contrast, theme_named

from .inspection import AA

NAMES = [theme.name for theme in THEMES]


def test_light_is_the_default_and_every_theme_says_what_it_looks_like() -> None:
    assert NAMES == ["light", "dark"]
    assert all(theme.description.endswith(".") for theme in THEMES)


@pytest.mark.parametrize("name", NAMES)
def test_all_text_has_the_contrast_of_wcag_aa(name: str) -> None:
    theme = theme_named(name)
    grounds = [theme.colors[role] for role in ("page", "card", "band")]
    inks = [theme.colors[role] for role in ("text", "muted", "accent")] + list(theme.code.values())

    faint = [pair for pair in itertools.product(inks, grounds) if contrast(*pair) < AA]

    assert faint == []
    assert contrast(theme.colors["on_accent"], theme.colors["accent"]) >= AA


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_themes_have_the_same_roles(name: str) -> None:
    assert theme_named(name).colors.keys() == theme_named("light").colors.keys()
    assert theme_named(name).code.keys() == theme_named("light").code.keys()
