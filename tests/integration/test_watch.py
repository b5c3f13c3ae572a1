"""WatchJob on a job that nothing happens to: signs of life, and the ends that are not the job's own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
import redis.asyncio as redis
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from kinescribe.v1 import video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import run_service
from kinescribe_server.jobs.model import JobRequest, Options, Step, StepKind, StepRef
from kinescribe_server.store.connection import connect
from kinescribe_server.store.job_store import RedisJobStore
from kinescribe_server.store.protocol import Claim

JOB = "0123456789abcdef"


@dataclass
class Stage:
    """A service with one job that its orchestrator knows nothing of."""

    address: str
    store: RedisJobStore
    client: redis.Redis

    async def claim(self) -> Claim:
        claim = await self.store.claim(StepRef(JOB, Step(StepKind.SCRIPT)), 60.0)
        assert isinstance(claim, Claim)
        return claim


async def _staged(folder: Path) -> AsyncIterator[Stage]:
    async with run_service(folder, log_file=folder / "service.log") as service:
        client = connect(f"unix://{folder / 'valkey' / 'valkey.sock'}")
        store = RedisJobStore(client)
        await store.create(JOB, "local", JobRequest("0" * 64, False, Options(voice="heart", theme="light")))
        yield Stage(service.address, store, client)
        await client.aclose()


@pytest.fixture
async def stage(data_folder: Path) -> AsyncIterator[Stage]:
    async for stage in _staged(data_folder):
        yield stage


def _reason(error: grpc.RpcError) -> str:
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    assert any(detail.Unpack(info) for detail in status.details)
    return str(info.reason)


async def test_a_silent_job_shows_signs_of_life(stage: Stage) -> None:
    request = video_service_pb2.WatchJobRequest(job_id=JOB, heartbeat_interval=Duration(seconds=1))
    async with grpc.aio.insecure_channel(stage.address) as channel:
        call = video_service_pb2_grpc.VideoServiceStub(channel).WatchJob(request, timeout=30)
        kinds = []
        async for message in call:
            kinds.append(message.WhichOneof("message"))
            if len(kinds) == 3:
                break
        call.cancel()
    assert kinds == ["event", "heartbeat", "heartbeat"]
    assert message.heartbeat.last_sequence == 1


async def test_gauges_come_to_those_who_ask_for_them(stage: Stage) -> None:
    claim = await stage.claim()
    async with grpc.aio.insecure_channel(stage.address) as channel:
        stub = video_service_pb2_grpc.VideoServiceStub(channel)
        call = stub.WatchJob(video_service_pb2.WatchJobRequest(job_id=JOB, include_gauges=True), timeout=30)
        async for message in call:
            if message.WhichOneof("message") == "gauge":
                break
            await stage.store.gauge(claim, 42.0)
        call.cancel()
    assert (message.gauge.percent, message.gauge.attempt) == (42.0, 1)


async def test_a_watcher_of_a_deleted_job_is_told(stage: Stage) -> None:
    async with grpc.aio.insecure_channel(stage.address) as channel:
        call = video_service_pb2_grpc.VideoServiceStub(channel).WatchJob(
            video_service_pb2.WatchJobRequest(job_id=JOB), timeout=30
        )
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in call:
                await stage.store.forget(JOB, "local")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert _reason(caught.value) == "JOB_NOT_FOUND"


async def test_a_server_that_stops_sends_its_watchers_elsewhere(data_folder: Path) -> None:
    staged = _staged(data_folder)
    stage = await anext(staged)
    async with grpc.aio.insecure_channel(stage.address) as channel:
        call = video_service_pb2_grpc.VideoServiceStub(channel).WatchJob(
            video_service_pb2.WatchJobRequest(job_id=JOB), timeout=30
        )
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in call:
                async for _ in staged:
                    pytest.fail("there is one stage")
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert _reason(caught.value) == "SERVER_DRAINING"


async def test_a_store_that_is_away_is_said_to_be_away(stage: Stage) -> None:
    await stage.client.config_set("maxmemory", 1)
    request = video_service_pb2.GenerateVideoRequest(source_text="Hello.")
    async with grpc.aio.insecure_channel(stage.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await video_service_pb2_grpc.VideoServiceStub(channel).GenerateVideo(request, timeout=30)
    await stage.client.config_set("maxmemory", 0)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert _reason(caught.value) == "STATE_STORE_UNAVAILABLE"
