"""From a reservation to a job and to its end: each is there once, is listed while it is there, and no live one is taken
for a reservation that came to nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import redis.asyncio as redis

from kinescribe_server.engine.local import LocalWorkforce
from kinescribe_server.jobs import orchestrator as orchestrating
from kinescribe_server.jobs.errors import JobNotFoundError
from kinescribe_server.jobs.model import JobRequest, JobStatus, Options, StepRef
from kinescribe_server.jobs.orchestrator import Orchestrator
from kinescribe_server.jobs.steps import LeaseTimes
from kinescribe_server.rpc.convert import watch_event_bytes
from kinescribe_server.store.connection import connect, connect_subscriber, database_of
from kinescribe_server.store.embedded import EmbeddedValkey
from kinescribe_server.store.job_store import RedisJobStore
from kinescribe_server.store.protocol import Admission, Limits
from kinescribe_server.store.watch_hub import FollowedLog, WatchHub

OWNER, REQUEST = "local", JobRequest("0" * 64, False, Options(theme="light"))


@dataclass
class Counter:
    """A store, and an orchestrator whose engine takes steps and does nothing with them."""

    client: redis.Redis
    store: RedisJobStore
    orchestrator: Orchestrator
    missed: asyncio.Queue[str]

    async def reserve(self, job_id: str, request_id: str = "") -> tuple[Admission, str]:
        answer = await self.store.reserve(OWNER, request_id, "hash", job_id, Limits())
        return answer.admission, answer.job_id

    async def create(self, *job_ids: str) -> None:
        for job_id in job_ids:
            await self.reserve(job_id)
            await self.store.create(job_id, OWNER, REQUEST)

    async def until_dropped(self, job_id: str) -> None:
        async with asyncio.timeout(20.0):
            while job_id in await self.store.active(OWNER):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.01)


class _Idle:
    async def submit(self, steps: Sequence[StepRef]) -> None: ...

    async def aclose(self, *, drain_seconds: float) -> None: ...


class _Logs:
    """The hub's logs; tells who was looked for in vain."""

    def __init__(self, hub: WatchHub, missed: asyncio.Queue[str]) -> None:
        self._hub, self._missed = hub, missed

    @asynccontextmanager
    async def follow(self, job_id: str) -> AsyncIterator[FollowedLog]:
        try:
            async with self._hub.follow(job_id) as log:
                yield log
        except JobNotFoundError:
            self._missed.put_nowait(job_id)
            raise


@pytest.fixture
async def counter(valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    monkeypatch.setattr(orchestrating, "_RECONCILE_SECONDS", 0.02)
    monkeypatch.setattr(orchestrating, "_STALE_RESERVATION_SECONDS", 0.2)
    client, subscriber = connect(valkey.url), connect_subscriber(valkey.url)
    hub = WatchHub(client, subscriber, database_of(client), watch_event_bytes)
    await hub.start()
    missed: asyncio.Queue[str] = asyncio.Queue()
    store = RedisJobStore(client)
    orchestrator = Orchestrator(store, _Logs(hub, missed), _Idle(), LocalWorkforce({}), LeaseTimes())
    yield Counter(client, store, orchestrator, missed)
    await orchestrator.aclose()
    await hub.aclose()
    await subscriber.aclose()
    await client.aclose()


async def test_a_job_that_was_written_late_is_no_stale_reservation(counter: Counter) -> None:
    """The reconciler looks between the two writes of a call, and again when the job has long been running."""
    await counter.reserve("late")
    await counter.orchestrator.start()
    assert await counter.missed.get() == "late"
    await counter.create("late")
    await counter.reserve("never")
    await counter.until_dropped("never")
    assert (await counter.store.get("late")).status is JobStatus.PENDING
    assert await counter.store.active(OWNER) == ["late"]


async def test_a_reservation_that_came_to_nothing_is_dropped(counter: Counter) -> None:
    await counter.reserve("never")
    await counter.orchestrator.start()
    await counter.until_dropped("never")
    assert await counter.store.list_jobs(OWNER, "", 10) == ([], "")


async def test_a_request_id_whose_job_is_gone_makes_a_new_one_that_is_listed(counter: Counter) -> None:
    assert await counter.reserve("first", "once") == (Admission.NEW, "first")
    await counter.store.create("first", OWNER, REQUEST)
    assert await counter.reserve("other", "once") == (Admission.SAME, "first")
    await counter.store.forget("first", OWNER)
    assert await counter.reserve("second", "once") == (Admission.NEW, "second")
    assert await counter.reserve("third", "once") == (Admission.SAME, "second")
    assert (await counter.store.list_jobs(OWNER, "", 10))[0] == ["second"]
    assert await counter.store.active(OWNER) == ["second"]


async def test_pages_go_on_where_they_were_whatever_is_deleted_or_comes_meanwhile(counter: Counter) -> None:
    names = [f"job-{number}" for number in range(9)]
    await counter.create(*names)
    listed, token = await counter.store.list_jobs(OWNER, "", 3)
    while token:
        await counter.store.forget(listed[-1], OWNER)
        await counter.create(f"new-{len(listed)}")
        page, token = await counter.store.list_jobs(OWNER, token, 3)
        listed += page
    assert sorted(listed) == names


async def test_jobs_of_one_millisecond_are_all_listed_once(counter: Counter) -> None:
    names = [f"job-{number}" for number in range(7)]
    await counter.client.zadd("ks:{owner:local}:jobs", dict.fromkeys(names, 1_700_000_000_000))
    listed, token = await counter.store.list_jobs(OWNER, "", 3)
    while token:
        page, token = await counter.store.list_jobs(OWNER, token, 3)
        listed += page
    assert listed == sorted(names, reverse=True)
