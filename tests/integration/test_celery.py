"""Films made by a service and its workers over real brokers, which go away in the middle, as workers do."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from tests.integration.brokers import OwnBroker, RabbitBroker, RedisBroker, SentinelBroker
from tests.integration.fleet import Fleet, fleet
from tests.robustness import processes
from tests.robustness.history import record
from tests.robustness.installation import free_port
from tests.robustness.own_redis import OwnRedis
from tests.robustness.validate import g4_stable, problems_of

from kinescribe.v1 import event_pb2, job_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.engine.broker import Broker
from kinescribe_server.engine.celery_app import RUN_STEP, celery_app, queue_name
from kinescribe_server.jobs.model import Step, StepKind

_SCENES = 6
TEXT = "# Rain\n\n" + "\n\n".join(
    f"## Part {number}\n\nThis is part {number} of a text about rain." for number in range(_SCENES)
)
_LEASE_SECONDS = 2.0
_RECONCILE_SECONDS = 5.0
_BUSY_SECONDS = 1.0  # for a machine that is busy with other things
_WATCH_SECONDS = 60.0
_SCALED = {"KINESCRIBE_LEASE_SECONDS": f"{_LEASE_SECONDS:g}", "KINESCRIBE_DRAIN_SECONDS": "2"}


@pytest.fixture(params=[RedisBroker, SentinelBroker, RabbitBroker])
async def broker(request: pytest.FixtureRequest, data_folder: Path) -> AsyncIterator[OwnBroker]:
    folder = data_folder / "broker"
    folder.mkdir()
    own: OwnBroker = request.param(folder)
    try:
        await own.start()
        yield own
    finally:
        await own.aclose()


async def _start_job(address: str) -> str:
    async with grpc.aio.insecure_channel(address) as channel:
        options = job_pb2.VideoOptions(width=640, height=360)
        request = video_service_pb2.GenerateVideoRequest(source_text=TEXT, options=options)
        reply = await video_service_pb2_grpc.VideoServiceStub(channel).GenerateVideo(request)
    return reply.job.job_id


async def _wait_for_event(address: str, job_id: str, sequence: int) -> None:
    await record(address, job_id, stop_at=sequence)


async def _expect_a_film(address: str, job_id: str) -> None:
    histories = await asyncio.gather(record(address, job_id), record(address, job_id, after_sequence=3))
    assert g4_stable(histories) == []
    assert [problem for history in histories for problem in problems_of(history)] == []
    assert histories[0].events[-1].job_finished.status == job_pb2.JOB_STATUS_SUCCEEDED


def _send_again(settings: dict[str, str], job_id: str) -> None:
    """Each step's message, once more than it is sent anyway."""
    app = celery_app(Broker(settings["CELERY_BROKER_URL"], settings.get("CELERY_SENTINEL_PRIMARY", "")))
    with app:
        for segment in range(_SCENES):
            for kind in (StepKind.SPEECH, StepKind.VISUAL, StepKind.RENDER):
                step = Step(kind, segment)
                app.send_task(RUN_STEP, args=[job_id, str(step)], queue=queue_name(step.resource))


async def test_a_job_outlives_its_broker_and_messages_that_come_twice(data_folder: Path, broker: OwnBroker) -> None:
    state = OwnRedis(data_folder / "state", free_port())
    await state.start()
    try:
        redis_url = {"REDIS_URL": f"redis://127.0.0.1:{state.port}/0"}
        settings = {**_SCALED, **redis_url, **broker.settings}
        async with fleet(data_folder, settings) as running:
            await _service_and_workers(running, 2)
            job_id = await _start_job(running.address)
            await _wait_for_event(running.address, job_id, 2)
            await asyncio.to_thread(_send_again, settings, job_id)
            await _wait_for_event(running.address, job_id, 4)
            await broker.kill()
            await broker.recover()
            await _expect_a_film(running.address, job_id)
    finally:
        await state.aclose()


async def _service_and_workers(running: Fleet, workers: int, *options: str) -> None:
    await (await running.serve()).is_up()
    for command in [await running.work(*options) for _ in range(workers)]:
        await command.is_up()


async def test_a_killed_worker_costs_no_more_than_a_lease_and_what_it_had_in_hand(data_folder: Path) -> None:
    """On the state's own next database. The first renderer is killed with a clip in hand; the other is stopped until
    then, so that it is sure whose clip it is."""
    async with fleet(data_folder, _SCALED) as running:
        await _service_and_workers(running, 1, "-Q", "script,speech,visual")
        first, other = await running.work("-Q", "render"), await running.work("-Q", "render", "-c", "2")
        await first.is_up()
        await other.is_up()
        other.process.send_signal(signal.SIGSTOP)
        job_id = await _start_job(running.address)
        in_hand = await _rendering(running.address, job_id)
        below = processes.descendants(first.process.pid)
        await first.end(signal.SIGKILL)
        other.process.send_signal(signal.SIGCONT)
        killed = time.monotonic()
        again = await _rendering(running.address, job_id, attempt=2)
        assert again.segment_index == in_hand.segment_index
        assert time.monotonic() - killed < _LEASE_SECONDS + _RECONCILE_SECONDS + _BUSY_SECONDS
        assert not [pid for pid in below if processes.is_running(pid)]
        await _expect_a_film(running.address, job_id)


async def test_a_worker_that_is_told_to_stop_hands_its_step_to_another_at_once(data_folder: Path) -> None:
    async with fleet(data_folder, {"KINESCRIBE_LEASE_SECONDS": "60", "KINESCRIBE_DRAIN_SECONDS": "0"}) as running:
        await _service_and_workers(running, 1, "-Q", "script,speech,visual")
        first = await running.work("-Q", "render")
        await first.is_up()
        job_id = await _start_job(running.address)
        begun = time.monotonic()
        await _rendering(running.address, job_id)
        await (await running.work("-Q", "render")).is_up()
        assert await first.end(signal.SIGTERM) == 0
        await _expect_a_film(running.address, job_id)
        assert time.monotonic() - begun < 30.0  # of a lease that is twice as long


async def _rendering(address: str, job_id: str, attempt: int = 1) -> event_pb2.StepGauge:
    """The first gauge of such an attempt at a clip."""
    async with grpc.aio.insecure_channel(address) as channel:
        request = video_service_pb2.WatchJobRequest(job_id=job_id, include_gauges=True)
        call = video_service_pb2_grpc.VideoServiceStub(channel).WatchJob(request, timeout=_WATCH_SECONDS)
        try:
            async for message in call:
                gauge = message.gauge
                if gauge.step == event_pb2.STEP_KIND_RENDER and gauge.attempt == attempt:
                    return gauge
        finally:
            call.cancel()
    raise AssertionError("no clip was begun")
