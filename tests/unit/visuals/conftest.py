from pathlib import Path

import pytest

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench


@pytest.fixture
def bench(tmp_path: Path) -> WorkerBench:
    return WorkerBench(ArtifactFolder(tmp_path, min_free_bytes=0))
