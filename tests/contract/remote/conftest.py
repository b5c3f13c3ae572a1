"""What the tests of remote services have in common."""

from pathlib import Path

import pytest
from tests.contract.remote.llm_studio import Studio

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    monkeypatch.setenv("LLM_API_KEY", "top-secret-0123456789")
    return Studio(tmp_path)


@pytest.fixture
def bench(tmp_path: Path) -> WorkerBench:
    return WorkerBench(ArtifactFolder(tmp_path, min_free_bytes=0))
