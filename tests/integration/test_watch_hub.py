"""Following a job's log: nothing is lost, however the subscription fares."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import redis.asyncio as redis

from kinescribe.v1 import event_pb2, video_service_pb2
from kinescribe_server.jobs.errors import JobNotFoundError, ServerDrainingError
from kinescribe_server.jobs.events import AssetRetried
from kinescribe_server.jobs.model import JobRequest, Options, Step, StepKind, StepRef
from kinescribe_server.rpc.convert import watch_event_bytes
from kinescribe_server.store.connection import connect, connect_subscriber, database_of
from kinescribe_server.store.embedded import EmbeddedValkey
from kinescribe_server.store.job_store import RedisJobStore
from kinescribe_server.store.protocol import Claim
from kinescribe_server.store.watch_hub import FollowedLog, WatchHub

JOB = "0123456789abcdef"
EVENTS = 200


@dataclass
class Stage:
    """A store with one job, and a hub that follows it."""

    client: redis.Redis
    store: RedisJobStore
    hub: WatchHub

    async def write(self, count: int) -> None:
        """Writes events: retries, which may come any number of times."""
        for number in range(count):
            claim = await self.store.claim(StepRef(JOB, Step(StepKind.SCRIPT)), 60.0)
            assert isinstance(claim, Claim)
            await self.store.retry(claim, AssetRetried(None, StepKind.SCRIPT, number + 1, "again", 0.0), 60.0)

    async def cut_subscriptions(self) -> None:
        await self.client.client_kill_filter(_type="pubsub")


@pytest.fixture
async def stage(valkey: EmbeddedValkey) -> AsyncIterator[Stage]:
    client, subscriber = connect(valkey.url), connect_subscriber(valkey.url)
    hub = WatchHub(client, subscriber, database_of(client), watch_event_bytes)
    await hub.start()
    store = RedisJobStore(client)
    await store.create(JOB, "local", JobRequest("0" * 64, False, Options(voice="heart", theme="light")))
    yield Stage(client, store, hub)
    await hub.aclose()
    await client.aclose()
    await subscriber.aclose()


async def _read_until(log: FollowedLog, sequence: int) -> list[int]:
    """What a watcher with a position of its own sees."""
    position, seen = 0, []
    while position < sequence:
        assert await log.wait_beyond(position, 20.0), f"nothing after event {position}"
        while position < log.last:
            message = video_service_pb2.WatchJobResponse.FromString(log.encoded[position])
            seen.append(message.event.sequence)
            position += 1
    return seen


async def test_all_who_follow_see_the_whole_log(stage: Stage) -> None:
    async def watch() -> list[int]:
        async with stage.hub.follow(JOB) as log:
            return await _read_until(log, EVENTS + 1)

    watchers = [asyncio.create_task(watch()) for _ in range(5)]
    await stage.write(EVENTS)
    late = asyncio.create_task(watch())
    for seen in await asyncio.gather(*watchers, late):
        assert seen == list(range(1, EVENTS + 2))


async def test_a_subscription_that_is_cut_ten_times_loses_nothing(stage: Stage) -> None:
    async with stage.hub.follow(JOB) as log:
        reading = asyncio.create_task(_read_until(log, EVENTS + 1))
        for _ in range(10):
            await stage.write(EVENTS // 10)
            await stage.cut_subscriptions()
        assert await reading == list(range(1, EVENTS + 2))


async def test_without_notifications_the_log_is_polled(stage: Stage) -> None:
    await stage.client.config_set("notify-keyspace-events", "")
    async with stage.hub.follow(JOB) as log:
        reading = asyncio.create_task(_read_until(log, 21))
        await stage.write(20)
        assert await reading == list(range(1, 22))


async def test_an_event_is_encoded_once_for_all(stage: Stage) -> None:
    async with stage.hub.follow(JOB) as one, stage.hub.follow(JOB) as other:
        assert one is other


async def test_nobody_can_follow_a_job_that_is_not_there(stage: Stage) -> None:
    with pytest.raises(JobNotFoundError):
        async with stage.hub.follow("fedcba9876543210"):
            pytest.fail("there is nothing to follow")


async def test_who_follows_a_job_learns_that_it_was_deleted(stage: Stage) -> None:
    async with stage.hub.follow(JOB) as log:
        await stage.store.forget(JOB, "local")
        with pytest.raises(JobNotFoundError):
            await log.wait_beyond(1, 10.0)


async def test_draining_ends_every_wait(stage: Stage) -> None:
    async with stage.hub.follow(JOB) as log:
        waiting = asyncio.create_task(log.wait_beyond(1, 60.0))
        stage.hub.drain()
        with pytest.raises(ServerDrainingError):
            await waiting


async def test_a_wait_ends_when_its_time_is_up(stage: Stage) -> None:
    async with stage.hub.follow(JOB) as log:
        assert await log.wait_beyond(1, 0.05) is False


async def test_gauges_reach_those_who_follow_and_only_the_latest_is_kept(stage: Stage) -> None:
    async with stage.hub.follow(JOB) as log:
        claim = await stage.store.claim(StepRef(JOB, Step(StepKind.SCRIPT)), 60.0)
        assert isinstance(claim, Claim)
        for percent in (10.0, 20.0, 30.0):
            await stage.store.gauge(claim, percent)
        while log.gauges_seen < 3:
            assert await log.wait_beyond(log.last, 10.0, log.gauges_seen)
        assert [gauge["percent"] for gauge in log.gauges.values()] == [30.0]


async def test_what_followers_get_is_the_contracts_message(stage: Stage) -> None:
    async with stage.hub.follow(JOB) as log:
        event = video_service_pb2.WatchJobResponse.FromString(log.encoded[0]).event
    assert isinstance(event, event_pb2.JobEvent)
    assert (event.sequence, event.job_id, event.WhichOneof("type")) == (1, JOB, "job_accepted")
    assert len(event.chain) == 40
