"""A text as the engine reads it."""

import pytest

from kinescribe_server.speech.readable import readable


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("x ≤ 5", "x less than or equal to 5"),
        ("a != b -> c", "a not equal to b to c"),
        ("θ and Δx", "theta and delta x"),
        ("5 µs, 7μm", "5 microseconds, 7 micrometers"),
        ("e.g. this, i.e. that", "for example this, that is that"),
        ("$5.50, 62%", "5 dollars and 50 cents, 62%"),
        ("£1 and €20", "1 pound and 20 euros"),
        ("$3 million, $1.5", "$3 million, $1.5"),
        ("Python 3.11.2 runs app.py", "Python 3 point 11 point 2 runs app dot P Y"),
        ("9 a.m. in the U.S.A. at 3.5", "9 a.m. in the U.S.A. at 3.5"),
        ("café, Łódź, Ａ, ễ", "café, Łódź, A, e"),
        ("٣ ① ⅓", "3 1 and 1/3"),
        ("“so”，good。", '"so",good.'),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("1234567890123456", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6"),
        ("Привет 你好 hello", "hello"),
    ],
)
def test_signs_are_written_out_as_they_are_said(written: str, read: str) -> None:
    assert " ".join(readable(written).split()) == read


def test_nothing_passes_for_the_engine_s_markup() -> None:
    assert "[" not in readable("[word](/phonemes/)")
    assert "]" not in readable("[word](/phonemes/)")


def test_control_characters_and_lone_surrogates_are_spaces() -> None:
    assert readable("a\x00b\ud800c\x1bd") == "a b c d"


def test_long_runs_without_a_space_are_broken() -> None:
    assert max(map(len, readable("1-" * 2000).split())) <= 80
