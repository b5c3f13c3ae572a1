"""Arguments become texts, and everything that is wrong with them is named."""

import io
import sys
from pathlib import Path

import pytest

from kinescribe.cli.inputs import MAX_CHARACTERS, BadInputError, gather, read_text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("b.md", "a.txt", "deep/er/c.markdown", "d.MD", "picture.png", ".hidden/e.md", "deep/.f.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"The text of {name}.")
    return tmp_path


def names(*arguments: str) -> list[str]:
    sources, problems = gather(arguments)
    assert problems == []
    return [source.name for source in sources]


def test_files_come_in_the_order_of_the_arguments(folder: Path) -> None:
    assert names("b.md", "a.txt") == ["b.md", "a.txt"]


def test_a_named_file_may_have_any_suffix(folder: Path) -> None:
    assert names("picture.png") == ["picture.png"]


def test_a_folder_means_the_texts_in_it_without_hidden_ones(folder: Path) -> None:
    assert names(".") == ["a.txt", "b.md", "d.MD", "deep/er/c.markdown"]


def test_a_glob_that_the_shell_left_alone_is_expanded(folder: Path) -> None:
    assert names("*.md") == ["b.md"]
    assert names("**/*.markdown") == ["deep/er/c.markdown"]
    assert names(str(folder / "[ab].*")) == [str(folder / "a.txt"), str(folder / "b.md")]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(folder: Path) -> None:
    (folder / "[b].md").write_text("Brackets.")
    assert names("[b].md") == ["[b].md"]


def test_no_file_comes_twice(folder: Path) -> None:
    assert names("b.md", ".", "./b.md", str(folder / "b.md")) == ["b.md", "a.txt", "d.MD", "deep/er/c.markdown"]


def test_standard_input_is_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("Grüße.".encode())))
    [source], problems = gather(["-"])
    assert (source.text, source.stem, source.path, problems) == ("Grüße.", "stdin", None, [])


def test_a_text_in_place_of_a_file_is_no_file() -> None:
    text = "Explain machine learning concepts and applications. " * 20
    assert gather([text]) == ([], [f"{text}: cannot be read: File name too long"])


def test_standard_input_may_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)  # as Python does for `<&-`
    assert gather(["-"]) == ([], ["standard input: it is closed"])


def test_all_problems_are_named_together(folder: Path) -> None:
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    (folder / "empty.md").write_text(" \n\t\n")
    (folder / "nothing").mkdir()
    sources, problems = gather(["gone.md", "latin.txt", "b.md", "empty.md", "nothing", "*.rst"])
    assert [source.name for source in sources] == ["b.md"]
    assert problems == [
        "gone.md: there is no such file",
        "nothing: the folder has no .markdown, .md, .txt files",
        "*.rst: no file matches",
        "latin.txt: not UTF-8 text: byte 0xe9 at position 3",
        "empty.md: the text is empty",
    ]


def test_a_byte_order_mark_is_no_text() -> None:
    assert read_text(b"\xef\xbb\xbfHello.") == "Hello."


def test_the_limit_counts_characters_and_not_bytes() -> None:
    assert len(read_text(("😀" * MAX_CHARACTERS).encode())) == MAX_CHARACTERS
    with pytest.raises(BadInputError, match="200,001 characters; at most 200,000 are allowed"):
        read_text(b"x" * (MAX_CHARACTERS + 1))
    with pytest.raises(BadInputError, match="longer than the 200,000 characters"):
        read_text(b"x" * 1_000_000)
