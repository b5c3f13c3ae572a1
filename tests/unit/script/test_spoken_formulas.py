"""Formulas in the words of a teacher: read aloud, each can be written down again."""

import tomllib
from pathlib import Path

import pytest

from kinescribe_server.script.spoken_formula import say_formula

FORMULAS: dict[str, dict[str, str]] = tomllib.loads(
    (Path(__file__).parents[2] / "data" / "formulas.toml").read_text("utf-8")
)


@pytest.mark.parametrize(("latex", "said"), [pair for field in FORMULAS.values() for pair in field.items()])
def test_a_formula_is_said_as_a_teacher_says_it(latex: str, said: str) -> None:
    assert say_formula(latex, "en") == said


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2^{n-1}", "2^n - 1"),
        (r"\frac{a+b}{c}", r"a + \frac{b}{c}"),
        (r"\frac{a}{b+c}", r"\frac{a}{b} + c"),
        ("f(x+1)", "f(x)+1"),
        ("p(1-q)", "p(q)"),
        (r"\sqrt{a+b}", r"\sqrt{a}+b"),
        ("(x-y)^2", "x-y^2"),
        (r"\log(n+1)", r"\log n+1"),
        ("x_{n+1}", "x_n+1"),
        ("e^{-x^2}", "e^{-x}"),
        (r"\mathbb{E}[X^2]", r"\mathbb{E}[X]^2"),
        ("P(X=x)", "P(x=X)"),
        (r"\frac{\frac{a}{b}}{c}", r"\frac{a}{\frac{b}{c}}"),
    ],
)
def test_formulas_that_differ_sound_different(one: str, other: str) -> None:
    assert say_formula(one, "en") != say_formula(other, "en")


@pytest.mark.parametrize(
    "latex", ["|" * 300, "f(" * 100 + "x" + ")" * 100, r"\log" * 80, "(", "x^{}", "[0", r"\left.x\right|"]
)
def test_odd_formulas_harm_nobody(latex: str) -> None:
    assert not set(say_formula(latex, "en")) & set(r"\{}_^|()[]")


def test_a_formula_with_a_sign_that_has_no_name_is_not_half_said() -> None:
    assert say_formula(r"a \rtimes b", "en") == ""
