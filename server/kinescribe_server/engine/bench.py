"""The bench of a maker in a worker process."""

from collections.abc import Callable
from dataclasses import dataclass

from kinescribe_server.artifacts.protocol import ArtifactStore


@dataclass(frozen=True, slots=True)
class WorkerBench:
    """Implements Bench."""

    artifacts: ArtifactStore
    report: Callable[[float], None] = lambda percent: None
