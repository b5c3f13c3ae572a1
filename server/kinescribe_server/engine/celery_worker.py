"""A Celery worker: it takes steps from the queues and runs them as the local engine does.

Celery's threads only wait. A step is tended in the worker's event loop, which renews its lease and hears of a
cancellation, and made in the same pools of spawned processes as on one machine.
"""

import asyncio
import logging
import threading
from collections.abc import Iterable

from celery import Celery
from celery.exceptions import Reject
from celery.worker import WorkController, state

from kinescribe_server.engine.celery_app import RUN_STEP, queue_name
from kinescribe_server.jobs.model import Resource, Step, StepRef
from kinescribe_server.jobs.steps import StepRunner
from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

# More than the longest step with its attempts can take: their own limits come first.
_LONGEST_STEP_SECONDS = 6 * 3600.0
_STOP_SECONDS = 10.0


class CeleryWorker:
    """Consumes the queues of `resources`, at most `slots` steps at a time, until `stopped` is set, which happens by
    itself only where it cannot go on. One in a process: Celery keeps what tells a worker to stop in the process."""

    def __init__(self, app: Celery, runner: StepRunner, resources: Iterable[Resource], slots: int) -> None:
        self._app = app
        self._runner = runner
        self._loop = asyncio.get_running_loop()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._draining = False
        self.stopped = asyncio.Event()

        @app.task(name=RUN_STEP, ignore_result=True)
        def run_step(job_id: str, step: str) -> None:
            self._run(StepRef(job_id, Step.parse(step)))

        self._controller = WorkController(
            app=app,
            pool_cls="threads",
            concurrency=slots,
            queues=[queue_name(resource) for resource in resources],
            without_gossip=True,
            without_mingle=True,
        )
        # Not in the main thread, where the event loop is: it has no signal handlers, and leaves ours alone.
        self._thread = threading.Thread(target=self._consume, name="celery", daemon=True)

    def start(self) -> None:
        state.should_stop = None
        self._thread.start()

    async def aclose(self, *, drain_seconds: float) -> None:
        """Takes nothing more, waits for the steps in hand, and hands back those that are not done."""
        self._draining = True
        state.should_stop = 0
        if self._in_hand:
            await asyncio.wait(list(self._in_hand), timeout=drain_seconds)
        await end_tasks(list(self._in_hand))
        try:
            await asyncio.wait_for(self.stopped.wait(), _STOP_SECONDS)
        except TimeoutError:
            _LOG.warning("the broker does not answer; the worker ends without it")
        self._app.close()

    def _consume(self) -> None:
        try:
            self._controller.start()
        finally:
            self._loop.call_soon_threadsafe(self.stopped.set)

    def _run(self, ref: StepRef) -> None:
        """In a thread of Celery's: a step from message to acknowledgement."""
        if self._draining:
            raise Reject("the worker is ending", requeue=True)
        asyncio.run_coroutine_threadsafe(self._tend(ref), self._loop).result(_LONGEST_STEP_SECONDS)

    async def _tend(self, ref: StepRef) -> None:
        tending = asyncio.create_task(self._runner.run(ref))
        self._in_hand.add(tending)
        tending.add_done_callback(self._in_hand.discard)
        await asyncio.wait([tending])
