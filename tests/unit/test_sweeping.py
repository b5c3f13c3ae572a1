"""What is removed from a data folder, and what never is."""

import os
import time
from pathlib import Path

import pytest

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.artifacts.results import ResultFolder
from kinescribe_server.artifacts.sweeping import SweepRules, sweep
from kinescribe_server.engine.protocol import Made

HOUR = 3600.0
NOTHING: frozenset[str] = frozenset()


@pytest.fixture
def artifacts(tmp_path: Path) -> ArtifactFolder:
    return ArtifactFolder(tmp_path, min_free_bytes=0)


def _stored(artifacts: ArtifactFolder, data: bytes, age: float) -> str:
    sha256 = artifacts.put_bytes(data, "text/plain").sha256
    used = time.time() - age
    os.utime(artifacts.path(sha256), (used, used))
    return sha256


def _is_there(artifacts: ArtifactFolder, sha256: str) -> bool:
    return artifacts.touch(sha256)


def test_what_no_job_refers_to_goes_an_hour_after_its_last_use(tmp_path: Path, artifacts: ArtifactFolder) -> None:
    needed, old, young = (_stored(artifacts, data, age) for data, age in ((b"a", 9e9), (b"b", 3700), (b"c", 3500)))
    swept = sweep(tmp_path, frozenset([needed]), SweepRules())
    assert [_is_there(artifacts, sha256) for sha256 in (needed, old, young)] == [True, False, True]
    assert (swept.files, swept.bytes) == (1, 1)


def test_a_cached_result_that_is_taken_again_stays(tmp_path: Path, artifacts: ArtifactFolder) -> None:
    sha256 = _stored(artifacts, b"a", 2 * HOUR)
    results = ResultFolder(tmp_path, artifacts)
    results.put_if_absent("0" * 64, Made({"audio": artifacts.put_bytes(b"a", "text/plain")}))
    os.utime(artifacts.path(sha256), (0, 0))
    assert results.get("0" * 64) is not None
    assert sweep(tmp_path, NOTHING, SweepRules()).files == 0


def test_beyond_the_cache_limit_the_oldest_go_first_and_what_is_in_use_stays(
    tmp_path: Path, artifacts: ArtifactFolder
) -> None:
    ages = (3000, 2000, 1000, 10)
    stored = [_stored(artifacts, bytes([age % 251]) * 100, age) for age in ages]
    sweep(tmp_path, NOTHING, SweepRules(cache_bytes=200))
    assert [_is_there(artifacts, sha256) for sha256 in stored] == [False, False, True, True]
    sweep(tmp_path, NOTHING, SweepRules(cache_bytes=0))
    assert _is_there(artifacts, stored[-1])


def test_records_whose_files_are_gone_go_too(tmp_path: Path, artifacts: ArtifactFolder) -> None:
    results = ResultFolder(tmp_path, artifacts)
    for key, data in (("1" * 64, b"kept"), ("2" * 64, b"gone")):
        results.put_if_absent(key, Made({"audio": artifacts.put_bytes(data, "text/plain")}))
    artifacts.path(artifacts.put_bytes(b"gone", "text/plain").sha256).unlink()
    swept = sweep(tmp_path, NOTHING, SweepRules(), now=time.time() + 0.9 * HOUR)
    assert swept.records == 0
    for record in (tmp_path / "results").rglob("*.json"):
        os.utime(record, (0, 0))
    assert sweep(tmp_path, NOTHING, SweepRules()).records == 1
    assert results.get("1" * 64) is not None


def test_what_a_dead_process_left_in_the_making_goes_after_an_hour(tmp_path: Path, artifacts: ArtifactFolder) -> None:
    for name, age in (("old", 3700), ("new", 10)):
        file = artifacts.scratch() / name
        file.write_bytes(b"half")
        os.utime(file, (time.time() - age,) * 2)
    sweep(tmp_path, NOTHING, SweepRules())
    assert [path.name for path in artifacts.scratch().iterdir()] == ["new"]
