"""`kinescribe script` as a person uses it: print, edit, render, and edit again after the text has changed."""

import json
import subprocess
import sys
from pathlib import Path

import av
import pytest

COMMAND = (sys.executable, "-c", "from kinescribe.cli import main; main()")
SMALL = ("--size", "640x360", "--frame-rate", "24", "--data", "data")
SECONDS = 90
TEXT = """# Tides

The moon pulls the sea towards it, and the sea on both sides of the Earth rises.

## Twice a day

The Earth turns under both bulges in a day, so that every coast meets each of them.

## Spring and neap

When the sun pulls along the same line, their two tides add up to a higher one.
"""


def kinescribe(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("script-command")
    (folder / "tides.md").write_text(TEXT)
    return folder


def test_a_script_is_printed_edited_and_rendered(folder: Path) -> None:
    printed = kinescribe(folder, "script", "tides.md", "--data", "data")
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.startswith("title: Tides\nlanguage: en\nscenes:\n- id: ")
    edited = printed.stdout.replace("The moon pulls the sea", "The silent moon pulls the sea")
    (folder / "film.yaml").write_text(edited)
    done = kinescribe(folder, "render", "film.yaml", *SMALL)
    assert (done.returncode, done.stdout) == (0, "film.mp4\n"), done.stderr
    assert "The silent moon pulls the sea" in (folder / "film.txt").read_text()
    with av.open(folder / "film.mp4") as film:
        assert film.streams.video[0].width == 640


def test_edits_outlive_a_change_of_the_text(folder: Path) -> None:
    first = kinescribe(folder, "script", "tides.md", "-o", "edited.yaml", "--data", "data")
    assert first.returncode == 0, first.stderr
    file = folder / "edited.yaml"
    file.write_text(file.read_text().replace("The Earth turns under both", "Our Earth turns under both"))
    (folder / "changed.md").write_text(TEXT.replace("add up to a higher one", "add up to a spring tide"))
    updated = kinescribe(folder, "script", "--update", "edited.yaml", "changed.md", "--data", "data")
    assert updated.returncode == 0, updated.stderr
    assert "Our Earth turns under both" in updated.stdout and "a spring tide" in updated.stdout
    assert "2 scenes of 3 as in the older script" in updated.stderr


def test_json_is_printed_and_read_too(folder: Path) -> None:
    done = kinescribe(folder, "script", "tides.md", "--format", "json", "-o", "tides.json", "--data", "data")
    assert done.returncode == 0, done.stderr
    assert (
        json.loads((folder / "tides.json").read_text())["scenes"][0]["visual"]["slide"]["layout"]
        == "SLIDE_LAYOUT_TITLE"
    )


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("key.yaml", "scenes:\n- narration: a\n  visuall: {}\n", 'key.yaml: line 3: scenes[0]: "visuall" is not known'),
        ("empty.yaml", "scenes:\n- narration: a\n- title: b\n", "empty.yaml: line 3: scenes[1]: the scene has neither"),
        ("many.yaml", "scenes:\n" + "- narration: a\n" * 501, "line 1: scenes: 501 scenes were given; 1 to 500"),
        (
            "long.json",
            json.dumps({"scenes": [{"narration": "a " * 10_000}]}),
            "scenes[0].narration: the text has 20000",
        ),
        ("bad.md", "---\ntitle: [x\n---\nText.\n", "line"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_nothing_is_started(
    folder: Path, name: str, text: str, problem: str
) -> None:
    (folder / name).write_text(text)
    done = kinescribe(folder, "render", name, *SMALL)
    assert done.returncode == 2, done.stderr
    assert problem in done.stderr
    assert not (folder / name).with_suffix(".mp4").exists()
