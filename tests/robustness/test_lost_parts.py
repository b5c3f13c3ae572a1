"""Parts that are lost one at a time, and what is promised of each."""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest
import redis.asyncio as redis
from tests.robustness import processes
from tests.robustness.installation import Installation, installed
from tests.robustness.schedules import Fault, Schedule
from tests.robustness.troubled_makers import TROUBLES, beats

from kinescribe import Client
from kinescribe.errors import Unavailable
from kinescribe.v1 import script_pb2
from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.workshop import ProcessWorkshop
from kinescribe_server.jobs.model import Resource
from kinescribe_server.logs import set_up_logs
from kinescribe_server.script.model import OtherVisual
from kinescribe_server.store.embedded import EmbeddedValkey
from kinescribe_server.visuals.protocol import VisualRequest

_ENGINES = ["local", "celery"]
_CALL_SECONDS = 10.0
_PATIENCE_SECONDS = 20.0


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[ProcessWorkshop]:
    """One process for pictures, warm."""
    log = tmp_path / "log"
    shop = ProcessWorkshop(
        partial(ArtifactFolder, tmp_path), {Resource.VISUAL: 1}, {}, partial(set_up_logs, "INFO", log)
    )
    shop.warm_up()
    yield shop
    await shop.aclose()


async def test_steps_that_wait_for_a_lost_worker_are_done_by_another(workshop: ProcessWorkshop, tmp_path: Path) -> None:
    def make(name: str) -> asyncio.Task[object]:
        request = VisualRequest(OtherVisual("slow", source=str(tmp_path / name), title=name), width=320, height=320)
        slow = TROUBLES["slow"]
        return asyncio.create_task(workshop.make(Resource.VISUAL, slow, request, 60.0, lambda _: None))

    await make("first")
    (worker,) = processes.worker_children(os.getpid())
    processes.send(worker, signal.SIGKILL)
    made = await asyncio.gather(make("second"), make("third"))
    assert len(made) == 2
    assert worker not in processes.worker_children(os.getpid())


async def test_a_valkey_that_is_killed_comes_back_with_all_that_it_had(data_folder: Path) -> None:
    valkey = EmbeddedValkey(data_folder / "valkey")
    await valkey.start()
    try:
        async with redis.Redis.from_url(valkey.url) as client:
            await client.set("kept", "yes")
            processes.send(valkey.pid, signal.SIGKILL)
            async with asyncio.timeout(_PATIENCE_SECONDS):
                assert await _value(client, "kept") == b"yes"
    finally:
        await valkey.aclose()


async def _value(client: redis.Redis, key: str) -> object:
    while True:
        try:
            return await client.get(key)
        except (redis.ConnectionError, redis.BusyLoadingError):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("fault", ["stopped", "hangs", "killed"])
async def test_a_call_without_a_state_store_is_told_so_in_time(fault: str, tmp_path: Path) -> None:
    schedule = Schedule(0, "local", "", (), (), (Fault("hang_redis", 0),), own_redis=True)
    async with installed(schedule, tmp_path) as running, Client(running.address, call_seconds=_CALL_SECONDS) as client:
        assert running.redis is not None
        assert running.proxy is not None
        match fault:
            case "stopped":
                processes.send(running.redis.pid, signal.SIGSTOP)
            case "hangs":
                running.proxy.hang(True)
            case _:
                await running.redis.kill()
        began = time.monotonic()
        with pytest.raises(Unavailable) as raised:
            await client.get_job("a-job")
        assert raised.value.reason == "STATE_STORE_UNAVAILABLE"
        assert raised.value.retry_after
        assert time.monotonic() - began < _CALL_SECONDS
    assert running.trouble == []


@pytest.mark.parametrize("engine", _ENGINES)
async def test_a_cancel_frees_the_worker_within_a_second(engine: str, tmp_path: Path) -> None:
    seconds = []
    async with _running(engine, tmp_path) as running, Client(running.address) as client:
        for number in range(3):
            mark = beats(tmp_path / str(number))
            job_id = await _begin_endless_job(client, mark)
            asked = time.time()
            await client.cancel(job_id)
            await _next_beat(mark, after=asked + 1.0, within=2.0)
            seconds.append(max(0.0, _last_beat(mark) - asked))
    print(f"{engine}: from CancelJob to the worker's last sign of work: {seconds}")  # noqa: T201
    assert statistics.median(seconds) < 1.0
    assert running.trouble == []


@pytest.mark.parametrize("engine", _ENGINES)
async def test_the_step_of_a_killed_worker_child_is_begun_again_within_5_s(engine: str, tmp_path: Path) -> None:
    mark = beats(tmp_path / "endless")
    async with _running(engine, tmp_path) as running, Client(running.address) as client:
        job_id = await _begin_endless_job(client, mark)
        for child in running.makers_of():
            processes.send(child, signal.SIGKILL)
        killed = time.time()
        again = await _next_beat(mark, after=killed + 0.1, within=_PATIENCE_SECONDS)
        await client.cancel(job_id)
    print(f"{engine}: from the kill to the step begun again: {again - killed:.2f} s")  # noqa: T201
    assert again - killed < 5.0
    assert running.trouble == []


def _running(engine: str, folder: Path) -> AbstractAsyncContextManager[Installation]:
    if engine == "celery":
        pytest.importorskip("celery")
    return installed(Schedule(0, engine, "", (), (), own_redis=engine == "celery"), folder)


async def _begin_endless_job(client: Client, mark: Path) -> str:
    """A job whose only picture never gets done; answers when a worker is at it."""
    visual = script_pb2.OtherVisual(type_name="endless", source=str(mark.parent), title=mark.parent.name)
    scene = script_pb2.Scene(visual=script_pb2.Visual(other=visual))
    job = await client.generate(script=script_pb2.Script(scenes=[scene]))
    assert await _next_beat(mark, after=0.0, within=_PATIENCE_SECONDS)
    return job.job_id


async def _next_beat(mark: Path, after: float, within: float) -> float:
    """The first sign of life after a moment (seconds since the epoch); 0.0 if there is none."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if (beat := _last_beat(mark)) > after:
            return beat
        await asyncio.sleep(0.01)
    return 0.0


def _last_beat(mark: Path) -> float:
    return mark.stat().st_mtime if mark.exists() else 0.0
