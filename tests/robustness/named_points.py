"""Named points in a service or a worker, at which its process is killed or stopped; and a record of its work.

The parts are wrapped where they stand, so what runs between the points is the product and nothing else.
"""

import asyncio
import dataclasses
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from tests.robustness.ledger import Ledger

from kinescribe_server.artifacts.results import ResultFolder, input_key
from kinescribe_server.engine.workshop import ProcessWorkshop
from kinescribe_server.jobs.errors import KinescribeError
from kinescribe_server.jobs.model import LOCAL_OWNER
from kinescribe_server.jobs.steps import StepRunner
from kinescribe_server.store.job_store import RedisJobStore
from kinescribe_server.store.protocol import Claim

CLAIMED, STORED, BEFORE_EVENT, AFTER_EVENT, BEFORE_ACK = POINTS = (
    "claimed",
    "stored",
    "before_event",
    "after_event",
    "before_ack",
)
TRAPS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Trap:
    """Sends this process `trap` at the `passage`-th passage of a point."""

    def __init__(self, point: str, passage: int, trap: str, ledger: Ledger) -> None:
        self._point, self._passage, self._trap, self._ledger = point, passage, trap, ledger
        self._lock = threading.Lock()
        self._passed = 0

    def pass_by(self, point: str) -> None:
        if point != self._point:
            return
        with self._lock:
            self._passed += 1
            caught = self._passed == self._passage
        if caught:
            self._ledger.write("trapped", point, self._trap)
            os.kill(os.getpid(), TRAPS[self._trap])


def set_trap(trap: Trap) -> None:
    """Lets `trap` know of every passage in this process."""
    claim, done, put = RedisJobStore.claim, RedisJobStore.done, ResultFolder.put_if_absent

    async def claim_and_pass(self: RedisJobStore, *arguments: Any) -> Any:
        claimed = await claim(self, *arguments)
        if isinstance(claimed, Claim):
            trap.pass_by(CLAIMED)
        return claimed

    async def pass_done_and_pass(self: RedisJobStore, *arguments: Any) -> Any:
        trap.pass_by(BEFORE_EVENT)
        refusal = await done(self, *arguments)
        trap.pass_by(AFTER_EVENT)
        return refusal

    def put_and_pass(self: ResultFolder, *arguments: Any) -> Any:
        stored = put(self, *arguments)
        trap.pass_by(STORED)
        return stored

    _replace(RedisJobStore, "claim", claim_and_pass)
    _replace(RedisJobStore, "done", pass_done_and_pass)
    _replace(ResultFolder, "put_if_absent", put_and_pass)


def set_trap_before_acknowledgement(trap: Trap) -> None:
    """Celery acknowledges a message after it has told everybody that the task is over."""
    from celery.signals import task_postrun  # noqa: PLC0415 - Celery is an extra

    task_postrun.connect(lambda **_: trap.pass_by(BEFORE_ACK), weak=False)


def record_work(ledger: Ledger) -> None:
    """Writes every call of a maker and every result record into the ledger."""
    make, put = ProcessWorkshop.make, ResultFolder.put_if_absent

    async def make_and_record(self: ProcessWorkshop, resource: Any, maker: Any, request: Any, *others: Any) -> Any:
        key = input_key(LOCAL_OWNER, maker.name, maker.version, dataclasses.asdict(request))
        ledger.write("started", key, maker.name)
        try:
            made = await make(self, resource, maker, request, *others)
        except KinescribeError as error:
            ledger.write("failed", key, error.reason)
            raise
        except asyncio.CancelledError:
            ledger.write("stopped", key)
            raise
        ledger.write("made", key)
        return made

    def put_and_record(self: ResultFolder, key: str, made: Any) -> Any:
        stored = put(self, key, made)
        ledger.write("stored", key)
        return stored

    _replace(ProcessWorkshop, "make", make_and_record)
    _replace(ResultFolder, "put_if_absent", put_and_record)


def deliver_twice() -> None:
    """Every step is handed to its runner twice at once, as by a broker that repeats a message."""
    run: Callable[[StepRunner, Any], Awaitable[None]] = StepRunner.run

    async def run_twice(self: StepRunner, ref: Any) -> None:
        await asyncio.gather(run(self, ref), run(self, ref))

    _replace(StepRunner, "run", run_twice)


def _replace(part: type, name: str, replacement: Callable[..., Any]) -> None:
    setattr(part, name, replacement)
