"""Files by their content, and records of results."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.artifacts.results import ResultFolder, input_key
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import ArtifactNotFoundError, StorageFullError

# Stores one large file after the other.
_STORING = """
import os, pathlib, sys
from kinescribe_server.artifacts.folder import ArtifactFolder

artifacts = ArtifactFolder(pathlib.Path(sys.argv[1]), min_free_bytes=0)
while True:
    artifacts.put_bytes(os.urandom(32 << 20), "video/mp4")
"""


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactFolder:
    return ArtifactFolder(tmp_path, min_free_bytes=0)


def test_a_file_is_found_by_the_hash_of_its_bytes(artifacts: ArtifactFolder) -> None:
    stored = artifacts.put_bytes(b"hello", "text/plain")
    assert stored.sha256 == hashlib.sha256(b"hello").hexdigest()
    assert stored.size_bytes == 5
    assert artifacts.read(stored.sha256) == b"hello"


def test_the_same_bytes_are_one_file(artifacts: ArtifactFolder, tmp_path: Path) -> None:
    first = artifacts.put_bytes(b"hello", "text/plain")
    beside = artifacts.scratch() / "part"
    beside.write_bytes(b"hello")
    assert artifacts.put_file(beside, "text/plain") == first
    assert len([path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]) == 1
    assert list(artifacts.scratch().iterdir()) == []


@pytest.mark.parametrize("files", [1, 2, 3])
def test_kill_9_while_a_file_is_written_leaves_nothing_under_its_name(tmp_path: Path, files: int) -> None:
    with subprocess.Popen([sys.executable, "-c", _STORING, str(tmp_path)]) as process:
        while process.poll() is None and sum(path.is_file() for path in tmp_path.rglob("*")) < files:
            pass
        process.send_signal(signal.SIGKILL)
    named = [path for path in tmp_path.rglob("*") if len(path.name) == 64]
    assert [path for path in named if hashlib.sha256(path.read_bytes()).hexdigest() != path.name] == []
    assert process.returncode == -signal.SIGKILL


def test_a_file_can_be_read_from_any_offset(artifacts: ArtifactFolder) -> None:
    stored = artifacts.put_bytes(b"0123456789", "text/plain")
    assert b"".join(artifacts.chunks(stored.sha256, 4, 3)) == b"456789"
    assert list(artifacts.chunks(stored.sha256, 10, 3)) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "/" * 64])
def test_what_is_not_a_hash_is_no_address(artifacts: ArtifactFolder, name: str) -> None:
    with pytest.raises(ArtifactNotFoundError):
        artifacts.read(name)


def test_below_the_floor_of_free_disk_nothing_is_stored(tmp_path: Path) -> None:
    full = ArtifactFolder(tmp_path, min_free_bytes=1 << 60)
    with pytest.raises(StorageFullError, match="MiB free"):
        full.put_bytes(b"hello", "text/plain")
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_a_result_is_found_by_its_input(artifacts: ArtifactFolder, tmp_path: Path) -> None:
    results = ResultFolder(tmp_path, artifacts)
    key = input_key("local", "slide", "1", {"title": "Hello"})
    made = Made({"audio": artifacts.put_bytes(b"x", "audio/wav", 1.5)}, {"duration": 1.5})
    assert results.get(key) is None
    assert results.put_if_absent(key, made) == made
    assert results.get(key) == made


def test_the_first_record_of_a_key_wins(artifacts: ArtifactFolder, tmp_path: Path) -> None:
    results = ResultFolder(tmp_path, artifacts)
    first, second = Made(details={"take": 1}), Made(details={"take": 2})
    results.put_if_absent("ab" * 32, first)
    assert results.put_if_absent("ab" * 32, second) == first


@pytest.mark.parametrize("damaged", [b"", b'{"files": {"audio"', b"\x00" * 64, b"[]"])
def test_a_record_that_is_damaged_is_made_again(artifacts: ArtifactFolder, tmp_path: Path, damaged: bytes) -> None:
    results, key = ResultFolder(tmp_path, artifacts), "ab" * 32
    made = results.put_if_absent(key, Made(details={"take": 1}))
    (record,) = (tmp_path / "results").rglob("*.json")
    record.write_bytes(damaged)
    assert results.get(key) is None
    assert results.put_if_absent(key, made) == made
    assert results.get(key) == made


def test_a_record_whose_files_are_gone_is_made_again(artifacts: ArtifactFolder, tmp_path: Path) -> None:
    results = ResultFolder(tmp_path, artifacts)
    lost = artifacts.put_bytes(b"lost", "text/plain")
    results.put_if_absent("ab" * 32, Made({"file": lost}))
    artifacts.path(lost.sha256).unlink()
    assert results.get("ab" * 32) is None
    again = Made({"file": artifacts.put_bytes(b"found", "text/plain")})
    assert results.put_if_absent("ab" * 32, again) == again
    assert results.get("ab" * 32) == again


@pytest.mark.parametrize(
    "other",
    [
        ("someone", "slide", "1", {"title": "Hello"}),
        ("local", "code", "1", {"title": "Hello"}),
        ("local", "slide", "2", {"title": "Hello"}),
        ("local", "slide", "1", {"title": "Hullo"}),
    ],
)
def test_a_key_depends_on_owner_maker_version_and_input(other: tuple[str, str, str, dict[str, str]]) -> None:
    assert input_key(*other) != input_key("local", "slide", "1", {"title": "Hello"})
