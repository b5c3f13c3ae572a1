"""The parts of the speech tests: one real engine for all, and a bench with a real store."""

from pathlib import Path

import pytest

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.speech.hibari import HibariEngine


@pytest.fixture(scope="session")
def engine() -> HibariEngine:
    return HibariEngine()


@pytest.fixture
def bench(tmp_path: Path) -> WorkerBench:
    return WorkerBench(ArtifactFolder(tmp_path, min_free_bytes=0))
