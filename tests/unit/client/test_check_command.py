"""`kinescribe check` ends with 0, 1 or 2, and says why."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.film.spoilt import foreign


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from kinescribe.cli import main; main()", "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign(tmp_path_factory.mktemp("films") / "fine.mp4")


def test_a_film_that_is_right_is_told_line_by_line(film: Path) -> None:
    done = check(str(film), "--full")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert {len(row) for row in rows} == {4}
    outcomes = {row[0]: row[1] for row in rows}
    assert outcomes["decoding"] == "ok"
    assert outcomes["chapters"] == "not applicable"
    assert [row[2] for row in rows if row[0] == "decoding"] == ["75 of 75 frames decoded"]


def test_a_fault_is_the_end_and_is_told_as_json(film: Path, tmp_path: Path) -> None:
    wrong = foreign(tmp_path / "wrong.mp4", tagged=False)
    done = check(str(wrong), "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["film"], found["passed"]) == ("wrong.mp4", False)
    assert [one["name"] for one in found["checks"] if one["outcome"] == "failed"] == ["colours"]


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no film")
    for path, why in ((text, "Invalid data"), (tmp_path / "gone.mp4", "No such file"), (tmp_path, "Is a directory")):
        done = check(str(path))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"kinescribe: {path} cannot be read as an MP4 file: {why}")
