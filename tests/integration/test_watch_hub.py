"""Following a job's log: nothing is lost, however the subscription fares."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import redis.asyncio as redis
from redis.exceptions import RedisError

from kinescribe.v1 import event_pb2, video_service_pb2
from kinescribe_server.jobs.errors import (
    JobNotFoundError,
    LogForkedError,
    ServerDrainingError,
    StateStoreUnavailableError,
)
from kinescribe_server.jobs.events import AssetRetried
from kinescribe_server.jobs.model import JobRequest, Options, Step, StepKind, StepRef
from kinescribe_server.rpc.convert import watch_event_bytes
from kinescribe_server.store.connection import connect, connect_subscriber, database_of
from kinescribe_server.store.embedded import EmbeddedValkey
from kinescribe_server.store.job_store import RedisJobStore
from kinescribe_server.store.keys import JobKeys
from kinescribe_server.store.protocol import Claim
from kinescribe_server.store.watch_hub import FollowedLog, WatchHub

JOB, OTHER = "0123456789abcdef", "fedcba98765432100"
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

    async def listeners(self, job_id: str) -> int:
        """How many connections are subscribed to a job's events, once all that the hub has said is heard."""
        await self.store.create(OTHER, "local", JobRequest("0" * 64, False, Options(theme="light")))
        async with self.hub.follow(OTHER), asyncio.timeout(20.0):
            while not await self._subscribed(OTHER):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.01)
            return await self._subscribed(job_id)

    async def _subscribed(self, job_id: str) -> int:
        ((_, count),) = await self.client.pubsub_numsub(f"__keyspace@0__:{JobKeys(job_id).events}")
        return int(count)

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


async def test_who_gives_up_before_the_subscription_leaves_nothing_behind(stage: Stage) -> None:
    async def watch() -> None:
        async with stage.hub.follow(JOB):
            pytest.fail("it was given up before")

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    async with stage.hub.follow(JOB):
        pass
    assert await stage.listeners(JOB) == 0


async def test_who_comes_while_the_last_one_leaves_is_subscribed(stage: Stage) -> None:
    first = stage.hub.follow(JOB)
    await first.__aenter__()
    leaving = asyncio.create_task(first.__aexit__(None, None, None))
    await asyncio.sleep(0)
    async with stage.hub.follow(JOB):
        await leaving
        assert await stage.listeners(JOB) == 1


@pytest.mark.parametrize("more", [0, 1, 5])
async def test_a_log_that_lost_events_and_got_others_is_told_of_and_read_anew(stage: Stage, more: int) -> None:
    """As after a failover to a replica that lagged behind: five events become three, and others follow."""
    await stage.write(2)
    keys = [key for key in JobKeys(JOB).for_composer() if await stage.client.exists(key)]
    async with redis.Redis(connection_pool=_raw(stage.client)) as raw:
        kept = [await raw.dump(key) or b"" for key in keys]
        async with stage.hub.follow(JOB) as log:
            await stage.write(2)
            assert await _read_until(log, 5) == [1, 2, 3, 4, 5]
            for key, dump in zip(keys, kept, strict=True):
                await raw.restore(key, 0, dump, replace=True)
            await stage.write(more)
            with pytest.raises(LogForkedError):
                await log.wait_beyond(log.last, 20.0)
            async with stage.hub.follow(JOB) as anew:
                assert await _read_until(anew, 3 + more) == list(range(1, 4 + more))


def _raw(client: redis.Redis) -> redis.ConnectionPool:
    """Connections to the same server for bytes."""
    pool = client.connection_pool
    return redis.ConnectionPool(pool.connection_class, path=pool.connection_kwargs["path"])


async def test_a_store_that_is_busy_for_a_while_does_not_end_the_sweep(stage: Stage) -> None:
    async with stage.hub.follow(JOB) as log:
        await stage.client.config_set("busy-reply-threshold", 1)
        endless = asyncio.create_task(_run_endless_script(stage.client))
        with pytest.raises(StateStoreUnavailableError):
            await log.wait_beyond(log.last, 20.0)
        await _kill_script(stage.client)
        await endless
        await stage.store.forget(JOB, "local")
        await _until_deleted(log)


async def _until_deleted(log: FollowedLog) -> None:
    async with asyncio.timeout(20.0):
        while True:
            try:
                await log.wait_beyond(log.last, 20.0)
            except StateStoreUnavailableError:
                await asyncio.sleep(0.01)
            except JobNotFoundError:
                return


async def _run_endless_script(client: redis.Redis) -> None:
    async with redis.Redis(connection_pool=_raw(client)) as raw:
        with contextlib.suppress(RedisError):
            await raw.eval("while true do end", 0)


async def _kill_script(client: redis.Redis) -> None:
    async with asyncio.timeout(20.0):
        while True:
            with contextlib.suppress(RedisError):
                await client.script_kill()
                return
            await asyncio.sleep(0.01)
