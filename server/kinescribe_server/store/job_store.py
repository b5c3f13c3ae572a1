"""The state of jobs in Redis. All that writes events goes through composer.lua."""

import json
import time
from collections.abc import Awaitable, Sequence
from dataclasses import astuple
from importlib import resources
from typing import Any, cast

import redis.asyncio as redis

from kinescribe_server.jobs.errors import JobNotFoundError
from kinescribe_server.jobs.events import AssetRetried, JobAccepted
from kinescribe_server.jobs.model import STEP_RESULT, JobRecord, JobRequest, Resource, Step, StepRef, StepResult
from kinescribe_server.store.connection import store_errors
from kinescribe_server.store.keys import JobKeys, OwnerKeys
from kinescribe_server.store.protocol import Admission, Claim, Limits, Outcome, Refusal, Reservation
from kinescribe_server.store.records import REQUEST, event_json, job_record, outcome_json, states_of

# A request_id is remembered for two days: longer than any client goes on retrying.
_REMEMBER_REQUEST_MS = 48 * 3_600_000
_DAY_SECONDS = 86_400


def _lua(name: str) -> str:
    return (resources.files("kinescribe_server.store") / name).read_text()


class RedisJobStore:
    """Implements JobStore."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._compose = client.register_script(_lua("composer.lua"))
        self._reserve = client.register_script(_lua("reserve.lua"))

    async def _tell(self, job_id: str, fact: str, *arguments: str | int | float) -> list[Any]:
        async with store_errors():
            return cast(
                "list[Any]",
                await self._compose(keys=JobKeys(job_id).for_composer(), args=[fact, *arguments]),
            )

    # Jobs

    async def reserve(self, owner: str, request_id: str, payload_hash: str, job_id: str, limits: Limits) -> Reservation:
        keys = OwnerKeys(owner)
        async with store_errors():
            answer, known, milliseconds = await self._reserve(
                keys=[keys.request(request_id), keys.jobs, keys.active, keys.requests_of_minute, keys.film_of_day],
                args=[request_id, payload_hash, job_id, _REMEMBER_REQUEST_MS, *astuple(limits)],
            )
        return Reservation(Admission(answer), known, milliseconds / 1000)

    async def create(self, job_id: str, owner: str, request: JobRequest, trace_id: str = "") -> None:
        accepted = event_json(JobAccepted(request.labels))
        await self._tell(job_id, "create", owner, REQUEST.dump_json(request).decode(), accepted, trace_id)

    async def get(self, job_id: str) -> JobRecord:
        keys = JobKeys(job_id)
        # No transaction, for its cost: warnings that come in between are newer than the record, and none is missing.
        async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(keys.job)
            pipe.lrange(keys.warnings, 0, -1)
            pipe.time()
            fields, warnings, (seconds, microseconds) = await pipe.execute()
        if not fields:
            raise JobNotFoundError(job_id)
        return job_record(job_id, fields, warnings, seconds * 1000 + microseconds // 1000)

    async def list_jobs(self, owner: str, after: str, size: int) -> tuple[list[str], str]:
        """A page of an owner's jobs, newest first, and where the next page begins ("" if there is none): the time and
        the name of the last job, which stay true when jobs come and go. `after` is such a place, "" for the first."""
        jobs = OwnerKeys(owner).jobs
        score, _, last = (after or "+inf-").partition("-")
        async with store_errors():
            tied = await self._redis.zrevrangebyscore(jobs, score, score, withscores=True)
            older = await self._redis.zrevrangebyscore(jobs, f"({score}", "-inf", 0, size + 1, withscores=True)
        found = [place for place in cast("list[tuple[str, float]]", tied) if place[0] < last]
        found += cast("list[tuple[str, float]]", older)
        page = [job_id for job_id, _ in found[:size]]
        return page, f"{found[size - 1][1]:.0f}-{page[-1]}" if len(found) > size else ""

    async def add_attachment(self, owner: str, name: str, sha256: str) -> None:
        keys = OwnerKeys(owner)
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(keys.attachments, name, sha256)
            pipe.zadd(keys.attachments_used, {name: time.time()})
            await pipe.execute()

    async def attachments(self, owner: str, names: Sequence[str]) -> dict[str, str]:
        """Of the names, those that were uploaded, with the SHA-256 of each."""
        if not names:
            return {}
        keys = OwnerKeys(owner)
        async with store_errors():
            found = await cast("Awaitable[list[str | None]]", self._redis.hmget(keys.attachments, list(names)))
            there = [name for name, sha256 in zip(names, found, strict=True) if sha256]
            if there:
                await self._redis.zadd(keys.attachments_used, dict.fromkeys(there, time.time()))
        return {name: sha256 for name, sha256 in zip(names, found, strict=True) if sha256}

    async def active(self, owner: str) -> list[str]:
        async with store_errors():
            return sorted(await cast("Awaitable[set[str]]", self._redis.smembers(OwnerKeys(owner).active)))

    async def ahead(self, owner: str, job_id: str) -> int:
        keys = OwnerKeys(owner)
        jobs = await self.active(owner)
        if not jobs:
            return 0
        async with store_errors():
            own, *others = await self._redis.zmscore(keys.jobs, [job_id, *jobs])
        return sum(score is not None and own is not None and score < own for score in others)

    async def retire(self, job: JobRecord) -> None:
        keys = OwnerKeys(job.owner)
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(keys.expiry, {job.job_id: job.expires_ms})
            pipe.srem(keys.active, job.job_id)
            is_first, _ = await pipe.execute()
            if is_first and job.film_seconds:
                pipe.incrbyfloat(keys.film_of_day, job.film_seconds)
                pipe.expire(keys.film_of_day, _DAY_SECONDS, nx=True)
                await pipe.execute()

    async def expired(self, owner: str) -> list[str]:
        async with store_errors():
            seconds, _ = await self._redis.time()
            return cast("list[str]", await self._redis.zrangebyscore(OwnerKeys(owner).expiry, "-inf", seconds * 1000))

    async def referenced(self, owner: str) -> frozenset[str]:
        keys = OwnerKeys(owner)
        found: set[str] = set()
        async with store_errors():
            found.update(await cast("Awaitable[list[str]]", self._redis.hvals(keys.attachments)))
            job_ids = await cast("Awaitable[list[str]]", self._redis.zrange(keys.jobs, 0, -1))
        for job_id in job_ids:
            job = JobKeys(job_id)
            async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
                pipe.hvals(job.artifacts)
                pipe.hget(job.job, "request")
                artifacts, request = await pipe.execute()
            found.update(json.loads(artifact)["sha256"] for artifact in artifacts)
            if request:
                asked = REQUEST.validate_json(request)
                found.update((asked.source, *asked.attachments.values()))
        return frozenset(found)

    async def drop_attachments(self, owner: str, unused_seconds: float) -> None:
        keys, before = OwnerKeys(owner), time.time() - unused_seconds
        async with store_errors():
            unused = cast("list[str]", await self._redis.zrangebyscore(keys.attachments_used, "-inf", before))
            if unused:
                async with self._redis.pipeline(transaction=True) as pipe:
                    pipe.hdel(keys.attachments, *unused)
                    pipe.zrem(keys.attachments_used, *unused)
                    await pipe.execute()

    async def forget(self, job_id: str, owner: str) -> None:
        keys = OwnerKeys(owner)
        async with store_errors():
            await self._redis.delete(*JobKeys(job_id).for_composer())
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zrem(keys.jobs, job_id)
                pipe.zrem(keys.expiry, job_id)
                pipe.srem(keys.active, job_id)
                await pipe.execute()

    async def cancel(self, job_id: str) -> None:
        if await self._tell(job_id, "cancel") == [Refusal.ABSENT]:
            raise JobNotFoundError(job_id)

    async def finish(self, job_id: str, status: str, reason: str, message: str) -> None:
        await self._tell(job_id, "finish", status, reason, message)

    # Steps

    async def pending(self, job_id: str, limit: int, also: Sequence[Step] = ()) -> tuple[list[Step], dict[Step, str]]:
        """The first steps that wait, at most `limit` for each resource, and the states of other steps."""
        keys = JobKeys(job_id)
        async with store_errors(), self._redis.pipeline(transaction=False) as pipe:
            if also:
                pipe.hmget(keys.steps, [str(step) for step in also])
            for resource in Resource:
                pipe.zrange(keys.pending(resource), 0, limit - 1)
            found = await cast("Awaitable[list[list[Any]]]", pipe.execute())
        states = states_of(also, found.pop(0)) if also else {}
        return [Step.parse(step) for queue in found for step in queue], states

    async def states(self, job_id: str, steps: Sequence[Step]) -> dict[Step, str]:
        """Of each step: "pending", "running", "waiting", "done", or "" if there is none."""
        if not steps:
            return {}
        names = [str(step) for step in steps]
        async with store_errors():
            found = await cast("Awaitable[list[str | None]]", self._redis.hmget(JobKeys(job_id).steps, names))
        return states_of(steps, found)

    async def requeue_overdue(self, job_id: str) -> int:
        answer = await self._tell(job_id, "overdue")
        return int(answer[1]) if answer[0] == "ok" else 0

    async def results(self, job_id: str, steps: Sequence[Step]) -> dict[Step, StepResult]:
        """The results of those of the steps that are done."""
        if not steps:
            return {}
        names = [str(step) for step in steps]
        async with store_errors():
            found = await cast("Awaitable[list[str | None]]", self._redis.hmget(JobKeys(job_id).results, names))
        return {step: STEP_RESULT.validate_json(result) for step, result in zip(steps, found, strict=True) if result}

    async def artifacts(self, job_id: str) -> dict[str, str]:
        """A job's artifacts by name, each a StoredFile as JSON."""
        async with store_errors():
            return await cast("Awaitable[dict[str, str]]", self._redis.hgetall(JobKeys(job_id).artifacts))

    async def claim(self, ref: StepRef, lease_seconds: float) -> Claim | Refusal:
        answer = await self._tell(ref.job_id, "claim", str(ref.step), int(lease_seconds * 1000))
        if answer[0] != "claimed":
            return Refusal(answer[0])
        _, attempt, fields, warnings, now = answer
        fields = dict(zip(fields[::2], fields[1::2], strict=True))
        return Claim(ref, attempt, job_record(ref.job_id, fields, warnings, now))

    async def _tell_held(self, claim: Claim, fact: str, *arguments: str | int) -> Refusal | None:
        answer = await self._tell(claim.ref.job_id, fact, str(claim.ref.step), claim.attempt, *arguments)
        return None if answer[0] == "ok" else Refusal(answer[0])

    async def renew(self, claim: Claim, lease_seconds: float) -> Refusal | None:
        return await self._tell_held(claim, "renew", int(lease_seconds * 1000))

    async def hand_back(self, claim: Claim) -> Refusal | None:
        return await self._tell_held(claim, "hand_back")

    async def retry(self, claim: Claim, event: AssetRetried, lease_seconds: float) -> Refusal | None:
        """Between attempts the step stays leased, for the delay and a lease more, so that nobody else picks it up."""
        return await self._tell_held(claim, "retry", int((event.delay + lease_seconds) * 1000), event_json(event))

    async def fail(self, claim: Claim, reason: str, message: str) -> Refusal | None:
        return await self._tell_held(claim, "fail", reason, message)

    async def done(self, claim: Claim, outcome: Outcome) -> Refusal | None:
        return await self._tell_held(claim, "done", outcome_json(claim.ref.step, outcome))

    async def gauge(self, claim: Claim, percent: float) -> None:
        step = claim.ref.step
        gauge = {"step": step.kind, "segment": step.segment, "attempt": claim.attempt, "percent": percent}
        async with store_errors():
            await self._redis.publish(JobKeys(claim.ref.job_id).gauges, json.dumps(gauge))
