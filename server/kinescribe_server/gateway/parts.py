"""What the routes are given."""

from dataclasses import dataclass

from kinescribe_server.artifacts.protocol import ArtifactStore
from kinescribe_server.film.protocol import LiveFilm
from kinescribe_server.jobs.service import JobService
from kinescribe_server.rpc.checks import Catalog
from kinescribe_server.rpc.watch import Watcher
from kinescribe_server.store.protocol import JobLogs


@dataclass(frozen=True, slots=True)
class Parts:
    """The use cases, and the stores that calls read from."""

    jobs: JobService
    watcher: Watcher
    logs: JobLogs
    artifacts: ArtifactStore
    live: LiveFilm
    catalog: Catalog
