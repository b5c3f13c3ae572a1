"""A whole service with its HTTP edge."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kinescribe_server.app import Service, run_service
from kinescribe_server.config import Settings


@pytest.fixture
async def http_service(data_folder: Path, tmp_path: Path, settings: Settings) -> AsyncIterator[Service]:
    log = tmp_path / "service.log"
    async with run_service(data_folder, http="127.0.0.1:0", log_file=log, settings=settings) as running:
        yield running


@pytest.fixture
async def gate(http_service: Service) -> str:
    """The address of a service's HTTP edge."""
    return http_service.http_address
