"""Fixtures that every kind of test may use: real parts only."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kinescribe_server.app import Service, run_service
from kinescribe_server.config import Settings
from kinescribe_server.store.embedded import EmbeddedValkey

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # each end of a server is an INFO line otherwise

DATA = Path(__file__).parent / "data"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests bring their own Redis and data folder."""
    for name in ("REDIS_URL", "REDIS_HOST", "KINESCRIBE_DATA"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["valkey", "redis"])
async def valkey(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    """A state store of the test's own: the Valkey that comes with the service, and a Redis where one is installed."""
    program = None if request.param == "valkey" else shutil.which("redis-server")
    if request.param == "redis" and program is None:
        pytest.skip("redis-server is not installed")
    server = EmbeddedValkey(tmp_path / "valkey", Path(program) if program else None)
    await server.start()
    yield server
    await server.aclose()


@pytest.fixture
def settings() -> Settings:
    return Settings(log_level="DEBUG")


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """An empty data folder with a short path: that of a Unix socket in it has at most 107 bytes, and pytest's own
    folders have long names."""
    with tempfile.TemporaryDirectory(prefix="k") as folder:
        yield Path(folder)


@pytest.fixture
async def service(data_folder: Path, tmp_path: Path, settings: Settings) -> AsyncIterator[Service]:
    """A whole service in an empty data folder."""
    async with run_service(data_folder, log_file=tmp_path / "service.log", settings=settings) as running:
        yield running
