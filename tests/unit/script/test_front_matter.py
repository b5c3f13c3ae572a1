"""Options in front matter: read where they are ours, and refused with line and reason where they must be right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinescribe_server.script.front_matter import read_options

KNOWN = {"voice": ["ada", "bo"], "theme": ["light", "dark"], "writer": ["offline"], "motion": ["none"]}


def test_every_option_can_be_given() -> None:
    read = read_options(
        "---\ntitle: A\nkinescribe:\n  voice: bo\n  language: de-AT\n  theme: dark\n  size: 1280x720\n"
        "  frame-rate: 25\n  speaking_rate: 1.25\n  captions: off\n  writer: offline\n  motion: none\n  music: m\n"
        "  lexicon: {GIF: jif}\n  brand:\n    colors: {accent: '#112233'}\n    fonts: {body: Inter}\n"
        "    logo: logo.png\n  strict: yes\n"
        "  retention: 12h\n---\nText.",
        KNOWN,
    )
    assert not read.problems
    assert read.values == {
        "voice": "bo", "language": "de-AT", "theme": "dark", "width": 1280, "height": 720, "frame_rate": 25,
        "speaking_rate": 1.25, "captions": "CAPTION_MODE_OFF", "writer": "offline", "motion": "MOTION_MODE_NONE",
        "music": "m", "lexicon": {"GIF": "jif"}, "strict": True, "retention": "43200.000s",
        "brand": {"colors": {"accent": "#112233"}, "fonts": {"body": "Inter"}, "logo_attachment": "logo.png"},
    }  # fmt: skip
    assert (read.lines["voice"], read.lines["width"], read.lines["retention"]) == (4, 7, 20)


def test_keys_of_site_generators_are_left_alone() -> None:
    read = read_options("---\nlayout: post\ntheme: minimal\nwidth: 3\ndate: 2020-01-01\nvoice: bo\n---\n", KNOWN)
    assert (dict(read.values), read.problems) == ({"voice": "bo"}, ())


def test_our_own_mapping_is_stronger_than_what_stands_beside_it() -> None:
    read = read_options("---\ntheme: light\nkinescribe: {theme: dark}\n---\n", KNOWN)
    assert read.values["theme"] == "dark"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("kinescribe:\n  themes: dark", 3, "no such option; allowed: voice, language, theme"),
        ("a: b\nkinescribe:\n  theme: neon", 4, '"neon" is not known; allowed: light, dark'),
        ("kinescribe:\n  width: 101", 3, "not an even number from 320 to 3840"),
        ("kinescribe:\n  size: big", 3, "not WIDTHxHEIGHT"),
        ("kinescribe:\n  frame_rate: 29", 3, "allowed: 24, 25, 30, 50, 60"),
        ("kinescribe:\n  speaking_rate: 9", 3, "not a number from 0.5 to 2"),
        ("kinescribe:\n  strict: perhaps", 3, "neither true nor false"),
        ("kinescribe:\n  captions: [a]", 3, "expected a value"),
        ("kinescribe:\n  retention: 1s", 3, "from 1m to 365d"),
        ("kinescribe:\n  lexicon: x", 3, "expected words"),
        ("kinescribe:\n  brand: {colors: {a: red}}", 3, "not a colour"),
        ("kinescribe: yes", 2, "expected options"),
        ("a: [x\nb: y", 3, "cannot be read"),
        ("a: &x [1]\nb: *x", 2, "alias"),
        ("a: " + "[" * 5_000, 1, "nested too deeply"),
        ("a: " + "x" * 30_000, 1, "at most 20000"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, reason: str) -> None:
    problems = read_options(f"---\n{text}\n---\nText.", KNOWN).problems
    assert len(problems) == 1 and problems[0].line == line and reason in str(problems[0])


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    layers = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert "alias" in str(read_options(f"---\na0: &a0 [x]\n{layers}---\n", KNOWN).problems[0])


@given(st.text(alphabet="abk:-[]{}&*!|>\"'# \n\t\x00é0", max_size=80))
def test_any_front_matter_is_read_or_refused(text: str) -> None:
    for document in (f"---\nx: {text}\n---\n", f"---\nkinescribe:\n  {text}\n---\n"):
        for problem in read_options(document, KNOWN).problems:
            assert 1 <= problem.line <= document.count("\n") + 2 and problem.reason
