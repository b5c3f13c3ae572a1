"""The gRPC server starts and stops, whoever changes their mind in between."""

import asyncio
import logging
from typing import Any

import pytest

from kinescribe_server.rpc.catalog import CatalogServicer
from kinescribe_server.rpc.server import RpcServer
from kinescribe_server.rpc.video import VideoServicer


@pytest.mark.parametrize("steps", range(6))
async def test_a_start_that_is_cancelled_leaves_nothing_behind(caplog: pytest.LogCaptureFixture, steps: int) -> None:
    no_parts: Any = None  # there will be no call
    video = VideoServicer(no_parts, no_parts, no_parts, no_parts)
    server = RpcServer(video, CatalogServicer([], {}, {}))
    starting = asyncio.create_task(server.start("127.0.0.1:0"))
    for _ in range(steps):
        await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait([starting])
    await server.aclose()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
