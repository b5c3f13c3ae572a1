"""`kinescribe script -o`: the script that is replaced may hold edits, and is never lost."""

from pathlib import Path

import pytest

from kinescribe.cli.script import write_whole

from .conftest import files_of_at_most


def test_a_script_that_cannot_be_written_leaves_the_older_one(tmp_path: Path) -> None:
    file = tmp_path / "notes.yaml"
    file.write_text("title: my own words")
    with files_of_at_most(4_096), pytest.raises(OSError, match="large"):
        write_whole("title: " + "x" * 100_000, file)
    assert file.read_text() == "title: my own words"
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link_and_a_folder_is_made(tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "new" / "script.yaml")
    write_whole("title: a", link)
    assert link.is_symlink()
    assert (tmp_path / "new" / "script.yaml").read_text() == "title: a"


def test_a_device_can_be_written_to() -> None:
    write_whole("title: a", Path("/dev/null"))
    assert Path("/dev/null").is_char_device()
