"""Plays a schedule on a real installation and keeps everything that was seen of it."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import grpc
from tests.robustness.faults import inject
from tests.robustness.installation import Installation, installed
from tests.robustness.ledger import Entry, read_ledger
from tests.robustness.schedules import Fault, JobPlan, Schedule, WatcherPlan
from tests.robustness.validate import Event
from tests.robustness.watchers import Watched, Watcher

from kinescribe import Client
from kinescribe.errors import JobNotFound, KinescribeError
from kinescribe.v1 import job_pb2, script_pb2

# From the last fault to the end of the last job, on a machine that is busy with other things.
_END_SECONDS = 75.0
# A call is repeated for so long: no fault lasts longer.
_CALL_PATIENCE_SECONDS = 45.0
_CALL_SECONDS = 12.0
_POLL_SECONDS = 0.02
_Call = Callable[[], Awaitable[Any]]
_FORMULA = "a^2 + b^2 = c^2"


@dataclass
class PlayedJob:
    """A job as it was seen. `job` is what GetJob answers at the end, None if it is not there; `film` the bytes of a
    finished film; `answers` the reasons that answered the action's calls ("OK" for none); `cancelled_in` the seconds
    from CancelJob to JobFinished."""

    plan: JobPlan
    job_id: str = ""
    copies: list[str] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)
    job: job_pb2.Job | None = None
    listed: bool = False
    film: bytes = b""
    unreadable: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    cancelled_in: float | None = None


@dataclass
class Played:
    """Everything that was seen of a schedule. `disturbed` are the faults with the moments at which they began and were
    mended; `event_times` the moments at which events were written; `held_up` the moments at which this process was
    given the processor later than it asked for, and by how many seconds. All are of CLOCK_MONOTONIC."""

    schedule: Schedule
    jobs: list[PlayedJob]
    disturbed: list[tuple[str, float, float]]
    event_times: list[float]
    held_up: list[tuple[float, float]]
    ledger: list[Entry]
    trouble: list[str]
    refusals: list[str]
    seconds: float


async def play(schedule: Schedule, keep: Path | None = None) -> Played:
    """Plays it in a folder of its own; with `keep`, in that one, which stays."""
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        # A short name: that of a Unix socket in it has at most 107 bytes.
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="k")))
        folder.mkdir(parents=True, exist_ok=True)
        async with installed(schedule, folder) as installation:
            player = _Player(schedule, installation)
            clock = asyncio.create_task(player.notice_delays())
            try:
                await player.run()
            finally:
                clock.cancel()
        return Played(
            schedule=schedule,
            jobs=player.jobs,
            disturbed=installation.disturbed,
            event_times=player.event_times,
            held_up=player.held_up,
            ledger=read_ledger(installation.ledger),
            trouble=[*installation.trouble, *player.trouble],
            refusals=player.refusals,
            seconds=time.monotonic() - began,
        )


async def _listed(client: Client) -> list[str]:
    return [job.job_id async for job in client.list_jobs()]


def _monotonic(event: Event) -> float:
    """When an event was written. Redis's clock is this machine's."""
    return event.time.ToDatetime(UTC).timestamp() - time.time() + time.monotonic()


class _Player:
    def __init__(self, schedule: Schedule, installation: Installation) -> None:
        self._schedule = schedule
        self._installation = installation
        self._seen: dict[int, int] = {}
        self._watchers: list[Watcher] = []
        self._ended: set[int] = set()
        self._over = False
        self.jobs = [PlayedJob(plan) for plan in schedule.jobs]
        self.event_times: list[float] = []
        self.held_up: list[tuple[float, float]] = []
        self.trouble: list[str] = []
        self.refusals: list[str] = []

    async def run(self) -> None:
        async with Client(self._installation.address, call_seconds=_CALL_SECONDS) as client:
            faults = asyncio.create_task(self._do_faults())
            jobs = [asyncio.create_task(self._do_job(client, number)) for number in range(len(self.jobs))]
            try:
                await asyncio.wait_for(asyncio.gather(*jobs), self._limit())
            except TimeoutError:
                self.trouble.append("not everything ended in time")
            except KinescribeError as error:
                self.trouble.append(f"a call failed: {error}")
            self._over = True
            await faults
            if not self.trouble:
                await self._look(client)

    async def notice_delays(self) -> None:
        """How busy the machine is, by what it does to somebody who only wants to wake up."""
        while True:
            due = time.monotonic() + _POLL_SECONDS
            await asyncio.sleep(_POLL_SECONDS)
            if (late := time.monotonic() - due) > _POLL_SECONDS:
                self.held_up.append((time.monotonic(), late))

    def _limit(self) -> float:
        return _END_SECONDS + sum(fault.seconds for fault in self._schedule.faults) + 3 * self._schedule.lease

    async def _do_faults(self) -> None:
        """One after the other, and none after the last job has ended."""
        for fault in self._schedule.faults:
            await self._until(partial(self._is_due, fault))
            await asyncio.sleep(fault.delay)
            if not self._over:
                await inject(self._installation, fault, self._watchers)

    def _is_due(self, fault: Fault) -> bool:
        return self._over or len(self.event_times) >= fault.at

    async def _do_job(self, client: Client, number: int) -> None:
        played = self.jobs[number]
        await self._until(lambda: len(self.event_times) >= played.plan.begins or self._others_ended(number))
        played.copies = await asyncio.gather(*(self._generate(client, number) for _ in range(played.plan.copies)))
        played.job_id = played.copies[0]
        plans = [plan for plan in self._schedule.watchers if plan.job == number]
        watching = [asyncio.create_task(self._watch(number, plan)) for plan in plans]
        if played.plan.action:
            await self._until(lambda: self._seen.get(number, 0) >= played.plan.action_at or number in self._ended)
            await self._act(client, number)
        played.watched = await asyncio.gather(*watching)
        self._ended.add(number)

    def _others_ended(self, number: int) -> bool:
        return self._ended >= set(range(number))

    async def _generate(self, client: Client, number: int) -> str:
        plan = self.jobs[number].plan
        script = script_pb2.Script(scenes=[self._scene(number, *scene) for scene in enumerate(plan.scenes)])
        job = await self._patiently(
            lambda: client.generate(
                script=script,
                options=job_pb2.VideoOptions(width=plan.width, height=plan.height, strict=plan.strict),
                request_id=f"job-{number}",
                execution_timeout=timedelta(seconds=plan.timeout) if plan.timeout else None,
            )
        )
        return str(job.job_id)

    def _scene(self, job: int, index: int, kind: str) -> script_pb2.Scene:
        title = f"Scene {index} of job {job}"
        match kind:
            case "slide":
                visual = script_pb2.Visual(slide=script_pb2.Slide(title=title))
            case "formula":
                visual = script_pb2.Visual(formula=script_pb2.Formula(latex=_FORMULA, title=title))
            case _:
                other = script_pb2.OtherVisual(type_name=kind, source=str(self._room(job, index)), title=title)
                visual = script_pb2.Visual(other=other)
        return script_pb2.Scene(title=title, narration=f"{title}.", visual=visual)

    def _room(self, job: int, index: int) -> Path:
        return self._installation.folder / "rooms" / f"{job}-{index}"

    async def _watch(self, number: int, plan: WatcherPlan) -> Watched:
        await self._until(lambda: self._seen.get(number, 0) >= plan.begins or number in self._ended)

        def on_event(event: Event) -> None:
            if event.sequence > self._seen.get(number, 0):
                self._seen[number] = event.sequence
                self.event_times.append(_monotonic(event))
                if event.HasField("job_finished"):
                    self._ended.add(number)

        stored = self._installation.data / "artifacts"
        watcher = Watcher(self.jobs[number].job_id, plan, stored, on_event)
        self._watchers.append(watcher)
        await watcher.run(self._installation.address)
        self._ended.add(number)
        return watcher.watched

    async def _act(self, client: Client, number: int) -> None:
        played = self.jobs[number]
        asked = time.monotonic()
        if played.plan.action == "delete":
            await self._answer(played, lambda: client.delete(played.job_id))
            await self._answer(played, lambda: client.delete(played.job_id))
            return
        for _ in range(2 if played.plan.action == "cancel twice" else 1):
            await self._answer(played, lambda: client.cancel(played.job_id))
        await self._until(lambda: number in self._ended)
        played.cancelled_in = time.monotonic() - asked

    async def _answer(self, played: PlayedJob, call: _Call) -> None:
        try:
            await self._patiently(call)
            played.answers.append("OK")
        except KinescribeError as error:
            played.answers.append(error.reason)

    async def _look(self, client: Client) -> None:
        """What the service answers when everything is over."""
        listed = await self._patiently(partial(_listed, client))
        for played in self.jobs:
            played.listed = played.job_id in listed
            try:
                played.job = await self._patiently(partial(client.get_job, played.job_id, full=True))
            except JobNotFound:
                continue
            for artifact in (a for segment in played.job.segments for a in segment.artifacts):
                await self._read(client, played, artifact.name)
            for artifact in (played.job.video.film, *played.job.video.extras):
                if artifact.name:
                    await self._read(client, played, artifact.name)

    async def _read(self, client: Client, played: PlayedJob, name: str) -> None:
        path = self._installation.folder / "downloaded"
        try:
            await client.download(played.job_id, name, path)  # which compares the SHA-256
        except (KinescribeError, grpc.RpcError) as error:
            played.unreadable.append(f"{name}: {error}")
            return
        if name == "film.mp4":
            played.film = path.read_bytes()

    async def _patiently(self, call: _Call) -> Any:
        """Repeats a call while that can help, as a caller would."""
        until = time.monotonic() + _CALL_PATIENCE_SECONDS
        while True:
            try:
                return await call()
            except KinescribeError as error:
                self.refusals.append(error.reason)
                if not error.retryable or time.monotonic() > until:
                    raise
                await asyncio.sleep(0.2)

    async def _until(self, happened: Callable[[], bool]) -> None:
        while not happened():  # noqa: ASYNC110 - what is waited for is told by many parts
            await asyncio.sleep(_POLL_SECONDS)
