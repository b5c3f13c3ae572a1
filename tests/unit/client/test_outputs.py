"""Films get names that overwrite neither each other nor a source."""

from pathlib import Path

import pytest

from kinescribe.cli.inputs import SourceText
from kinescribe.cli.outputs import plan


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    return tmp_path


def sources(*names: str) -> list[SourceText]:
    return [SourceText(name, Path(name).stem, "Text.", Path(name)) for name in names]


def films(out: str | None, *names: str) -> list[str]:
    outputs, problems = plan(sources(*names), out)
    assert problems == []
    return [str(files.film) for files in outputs]


def problems(out: str | None, *names: str) -> list[str]:
    return plan(sources(*names), out)[1]


def test_without_a_wish_films_go_into_the_current_folder() -> None:
    assert films(None, "deep/a.md", "notes.en.txt") == ["a.mp4", "notes.en.mp4"]


def test_one_film_can_be_named() -> None:
    assert films("talk.mp4", "a.md") == ["talk.mp4"]
    assert films("new/talk.MP4", "a.md") == ["new/talk.MP4"]


@pytest.mark.parametrize("out", ["there", "new/", "new"])
def test_a_folder_takes_films_by_the_names_of_their_texts(out: str) -> None:
    assert films(out, "a.md", "b.md") == [f"{Path(out)}/a.mp4", f"{Path(out)}/b.mp4"]


def test_what_goes_with_a_film_stands_beside_it() -> None:
    [files], _ = plan(sources("a.b.md"), None)
    assert files.by_artifact() == {
        "film.mp4": Path("a.b.mp4"),
        "captions.vtt": Path("a.b.vtt"),
        "transcript.txt": Path("a.b.txt"),
        "poster.png": Path("a.b.png"),
        "report.json": Path("a.b.report.json"),
    }


def test_a_transcript_never_overwrites_its_source() -> None:
    [files], found = plan(sources("notes.txt"), None)
    assert (files.transcript, found) == (Path("notes.transcript.txt"), [])


def test_a_film_never_overwrites_its_source() -> None:
    assert problems("a.mp4", "a.mp4") == ["a.mp4: would overwrite a source"]


def test_two_films_of_one_name_are_refused() -> None:
    assert problems(None, "x/a.md", "b.md", "y/A.txt") == [
        "A.mp4: would be the film of both x/a.md and y/A.txt; render them apart"
    ]


def test_one_file_cannot_hold_two_films() -> None:
    assert problems("talk.mp4", "a.md", "b.md") == [
        "-o talk.mp4: one file cannot hold 2 films; give a folder: -o talk/"
    ]


def test_another_container_is_refused() -> None:
    assert problems("talk.mov", "a.md") == ["-o talk.mov: name an .mp4 file, or a folder with a / at the end"]


def test_a_file_is_no_folder(here: Path) -> None:
    (here / "file").write_text("")
    (here / "a.mp4").mkdir()
    assert problems("file/talk.mp4", "a.md") == [f"{here}/file: {here}/file is a file, not a folder"]
    assert problems(None, "a.md") == ["a.mp4: is a folder"]


def test_a_name_that_is_too_long_is_told_before_anything_is_made() -> None:
    long = "n" * 250
    assert problems(f"{long}n.mp4", "a.md") == [f"{long}n.report.json: cannot be written: File name too long"]
    assert problems(None, f"{long}.md") == [f"{long}.report.json: cannot be written: File name too long"]
    assert problems("n" * 300, "a.md") == [f"{'n' * 300}: cannot be written: File name too long"]


def test_what_goes_with_a_film_is_no_folder(here: Path) -> None:
    (here / "a.vtt").mkdir()
    assert problems(None, "a.md") == ["a.vtt: is a folder"]
