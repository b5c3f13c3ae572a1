"""Plain prose becomes scenes with headings and points of its own words."""

import re
from pathlib import Path

import pytest

from kinescribe_server.script.model import BulletList, Script, Slide
from kinescribe_server.script.sentences import count_words

from .conftest import Write


@pytest.fixture(scope="module")
def http2(write: Write, data: Path) -> Script:
    return write((data / "http2.txt").read_text())


def points(script: Script) -> list[tuple[str, str]]:
    """Every bullet with the narration of its scene."""
    slides = [(scene.visual, scene.narration) for scene in script.scenes if isinstance(scene.visual, Slide)]
    blocks = [(block, said) for slide, said in slides for block in slide.blocks if isinstance(block, BulletList)]
    return [(item.text, said) for block, said in blocks for item in block.items]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def test_the_title_is_what_the_first_sentence_speaks_of(http2: Script) -> None:
    assert http2.title == "HTTP/2"


def test_headings_are_drawn_from_the_paragraphs(http2: Script) -> None:
    assert [scene.title for scene in http2.scenes] == [
        "HTTP/2",
        "HTTP/2",
        "The change is in the framing",
        "Headers were the second cost",
        "gRPC is built on top of these frames",
    ]


def test_points_are_runs_of_the_spoken_words(http2: Script) -> None:
    found = points(http2)
    assert len(found) >= 8
    for point, said in found:
        assert f" {' '.join(words(point))} " in f" {' '.join(words(said))} "


def test_every_sentence_is_said_once_and_in_order(http2: Script, data: Path) -> None:
    source = " ".join((data / "http2.txt").read_text().split())
    assert " ".join(scene.narration for scene in http2.scenes) == source


def test_scenes_last_between_about_five_and_thirty_seconds(http2: Script) -> None:
    seconds = [count_words(scene.narration) / 2.6 for scene in http2.scenes]
    assert all(seconds_ <= 30 for seconds_ in seconds)
    assert all(seconds_ >= 5 for seconds_ in seconds[1:])


def test_a_short_text_is_one_scene(write: Write) -> None:
    script = write("Water boils at a hundred degrees. On a mountain it boils earlier.")
    assert len(script.scenes) == 1
    assert script.scenes[0].narration == "Water boils at a hundred degrees. On a mountain it boils earlier."
    assert script.title == "Water boils at a hundred degrees"


def test_indented_paragraphs_of_plain_text_are_prose(write: Write) -> None:
    script = write("    It was a bright cold day in April, and the clocks were striking thirteen.")
    assert script.scenes[0].narration.startswith("It was a bright cold day")


def test_scripts_without_spaces_are_split_at_their_own_stops(write: Write) -> None:
    script = write("今日は天気がいいです。明日も晴れるでしょう。" * 20, "ja")
    assert len(script.scenes) > 2
    assert all(count_words(scene.narration) <= 72 for scene in script.scenes)


def test_other_languages_get_no_english_sentences(write: Write) -> None:
    text = "# Winkel\n\n| Farbe | Grad |\n|---|---|\n| Rot | 42 |\n\n"
    text += "```python\ndef f(): ...\n```\n\n1. Eins zwei drei\n2. Vier fünf sechs\n"
    narration = " ".join(scene.narration for scene in write(text, "de").scenes)
    assert "Rot: 42." in narration
    assert not re.search(r"\b(?:the|this|first|takes|has)\b", narration, re.IGNORECASE)
