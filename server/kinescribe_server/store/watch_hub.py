"""The watch hub: one subscriber connection for all who follow jobs in this process.

A keyspace notification is a doorbell, not a delivery: it carries nothing and is lost with the connection. So the hub
subscribes first and reads after; it reads again at every confirmation of a subscription, because a confirmation that
nobody asked for is the only trace of a reconnect; and it sweeps, because a frozen connection leaves no trace at all.
An event is read and encoded once for all who follow its job.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import redis.asyncio as redis
from redis.exceptions import RedisError

from kinescribe_server.jobs.errors import (
    JobNotFoundError,
    KinescribeError,
    LogForkedError,
    ServerDrainingError,
    StateStoreUnavailableError,
)
from kinescribe_server.jobs.events import CancelRequested, JobFinished, LogEntry
from kinescribe_server.store.connection import store_errors
from kinescribe_server.store.event_log import read_after
from kinescribe_server.store.keys import JobKeys
from kinescribe_server.store.notifications import keyspace_channel, switch_on
from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

# How often everything that is followed is compared with Redis: rarely while notifications come, often while they do
# not.
_SWEEP_SECONDS = 2.0
_POLL_SECONDS = 0.25
# After this many sweeps in a row that found what the doorbell had not announced, the subscription is made anew.
_DEAF_SWEEPS = 2
_MESSAGE_WAIT_SECONDS = 1.0

Encode = Callable[[LogEntry], bytes]


class FollowedLog:
    """A job's log as far as it was read, encoded, with those who wait for more of it."""

    def __init__(self, job_id: str, draining: asyncio.Event) -> None:
        self.job_id = job_id
        self.encoded: list[bytes] = []
        self.chains: list[str] = []
        self.gauges: dict[str, dict[str, Any]] = {}
        self.gauges_seen = 0
        self.finished = False
        self.closing = False
        self.followers = 0
        self.reader: asyncio.Task[None] | None = None
        self.stale = asyncio.Event()
        self._needless = asyncio.Event()
        self._draining = draining
        self._error: KinescribeError | None = None
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def last(self) -> int:
        return len(self.encoded)

    @property
    def chain(self) -> str:
        """That of the last event."""
        return self.chains[-1] if self.chains else ""

    @property
    def is_read(self) -> bool:
        """Whether it was read and the last look at it was no failure."""
        return bool(self.encoded) and self._error is None

    def append(self, entry: LogEntry, encoded: bytes) -> None:
        if entry.sequence != self.last + 1:
            raise StateStoreUnavailableError(f"the log has no event {self.last + 1}")
        self.encoded.append(encoded)
        self.chains.append(entry.chain)
        self.finished = isinstance(entry.event, JobFinished)
        if isinstance(entry.event, JobFinished | CancelRequested):
            self.closing = True
            self._needless.set()

    def set_gauge(self, gauge: dict[str, Any]) -> None:
        """Keeps the latest gauge of each step; what nobody read is replaced."""
        key = f"{gauge['step']}:{gauge['segment']}"
        self.gauges.pop(key, None)
        self.gauges[key] = gauge
        self.gauges_seen += 1
        self.wake()

    def fail(self, error: KinescribeError | None) -> None:
        """What those who wait get, until None takes it back."""
        self._error = error
        if isinstance(error, JobNotFoundError | LogForkedError):
            self._needless.set()
        self.wake()

    def wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_until_needless(self) -> None:
        await self._needless.wait()

    async def wait_beyond(self, sequence: int, timeout_seconds: float, gauges_seen: int | None = None) -> bool:
        """Waits for an event after `sequence`, or for a gauge after the `gauges_seen`-th; False if none came in time.

        Raises JobNotFoundError, LogForkedError, ServerDrainingError or StateStoreUnavailableError.
        """
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while True:
            if self.last > sequence or (gauges_seen is not None and self.gauges_seen > gauges_seen):
                return True
            if self._error is not None:
                raise self._error
            if self._draining.is_set():
                raise ServerDrainingError("the server is shutting down; watch again in a moment")
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await asyncio.wait([waiter], timeout=left)
            finally:
                self._waiters.discard(waiter)


class WatchHub:
    """Follows job logs. `encode` turns an entry into the bytes that every watcher gets."""

    def __init__(self, client: redis.Redis, subscriber: redis.Redis, database: int, encode: Encode) -> None:
        self._redis = client
        self._pubsub = subscriber.pubsub()
        self._database = database
        self._encode = encode
        self._logs: dict[str, FollowedLog] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._draining = asyncio.Event()
        self._rings = False
        self._deaf_sweeps = 0

    async def start(self) -> None:
        self._rings = await switch_on(self._redis, self._database)
        async with store_errors():
            await self._pubsub.subscribe("ks:hub")  # a first channel, so that there is a connection to listen on
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._sweep())]

    def drain(self) -> None:
        """Ends every wait with ServerDrainingError."""
        self._draining.set()
        for log in self._logs.values():
            log.wake()

    async def aclose(self) -> None:
        self.drain()
        await end_tasks([*self._tasks, *(log.reader for log in self._logs.values() if log.reader)])
        with contextlib.suppress(RedisError):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    @contextlib.asynccontextmanager
    async def follow(self, job_id: str) -> AsyncIterator[FollowedLog]:
        """A job's log, read from its beginning and kept up to date inside the block. Raises JobNotFoundError."""
        log = self._logs.get(job_id)
        is_first = log is None
        if log is None:
            log = self._logs[job_id] = FollowedLog(job_id, self._draining)
            log.reader = asyncio.create_task(self._read(log))
        log.followers += 1
        try:
            if is_first:
                async with store_errors():
                    await self._pubsub.subscribe(*self._channels(job_id))
            if not log.is_read:  # else the doorbell and the sweep keep it so
                log.stale.set()
            await log.wait_beyond(0, _SWEEP_SECONDS * 5)
            if not log.last:
                raise StateStoreUnavailableError("the state store did not answer in time")
            yield log
        finally:
            await self._leave(log)

    def _channels(self, job_id: str) -> tuple[str, str]:
        keys = JobKeys(job_id)
        return keyspace_channel(self._database, keys.events), keys.gauges

    async def _leave(self, log: FollowedLog) -> None:
        log.followers -= 1
        if log.followers:
            return
        self._forget(log)
        await end_tasks([log.reader] if log.reader else [])
        if log.job_id not in self._logs:  # nobody came meanwhile
            with contextlib.suppress(RedisError):  # a dead connection holds no subscription
                await self._pubsub.unsubscribe(*self._channels(log.job_id))

    def _forget(self, log: FollowedLog) -> None:
        if self._logs.get(log.job_id) is log:
            del self._logs[log.job_id]

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._pubsub.get_message(timeout=_MESSAGE_WAIT_SECONDS)
            except (RedisError, OSError) as error:
                _LOG.info("the subscription was lost and is being made anew", extra={"reason": type(error).__name__})
                await asyncio.sleep(_POLL_SECONDS)
                continue
            if message is not None:
                self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        channel = cast("str", message["channel"])
        log = self._logs.get(channel[channel.find("{") + 1 : channel.find("}")]) if "{" in channel else None
        if log is None or message["type"] not in {"message", "subscribe"}:
            return
        if message["type"] == "message" and channel.startswith("ks:"):
            log.set_gauge(json.loads(message["data"]))
        else:
            self._deaf_sweeps = 0
            log.stale.set()

    async def _read(self, log: FollowedLog) -> None:
        while True:
            await log.stale.wait()
            log.stale.clear()
            try:
                await self._read_once(log)
            except LogForkedError as error:
                _LOG.error("the state store lost events that it had acknowledged", extra={"job_id": log.job_id})
                self._forget(log)  # who follows the job from here on reads it from its beginning
                log.fail(error)
                return
            except KinescribeError as error:
                log.fail(error)
            except RedisError:
                _LOG.exception("an event log could not be read", extra={"job_id": log.job_id})
                log.fail(StateStoreUnavailableError("the state store gave an answer that was not understood"))

    async def _read_once(self, log: FollowedLog) -> None:
        for entry in await read_after(self._redis, log.job_id, log.last, log.chain):
            log.append(entry, self._encode(entry))
        if not log.last:
            log.fail(JobNotFoundError(log.job_id))
            return
        log.fail(None)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS if self._rings else _POLL_SECONDS)
            logs = [log for log in self._logs.values() if not log.finished]
            if not logs:
                continue
            try:
                await self._compare(logs)
            except KinescribeError as error:
                for log in logs:
                    log.fail(error)
            except RedisError:
                _LOG.exception("the event logs could not be compared")

    async def _compare(self, logs: list[FollowedLog]) -> None:
        async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
            for log in logs:
                pipe.hmget(JobKeys(log.job_id).job, "sequence", "chain")
            found = await cast("Awaitable[list[tuple[str | None, str | None]]]", pipe.execute())
        missed = False
        for log, (sequence, chain) in zip(logs, found, strict=True):
            if sequence is None:
                log.fail(JobNotFoundError(log.job_id))
            elif chain != log.chain:
                missed = missed or int(sequence) > log.last
                log.stale.set()
            else:
                log.fail(None)
        self._deaf_sweeps = self._deaf_sweeps + 1 if missed and self._rings else 0
        if self._deaf_sweeps >= _DEAF_SWEEPS:
            _LOG.warning("the subscription is deaf and is being made anew")
            self._deaf_sweeps = 0
            if self._pubsub.connection is not None:
                await self._pubsub.connection.disconnect()
