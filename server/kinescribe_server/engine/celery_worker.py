"""A Celery worker: it takes steps from the queues and runs them as the local engine does.

Celery's threads only wait. A step is tended in the worker's event loop, which renews its lease and hears of a
cancellation, and made in the same pools of spawned processes as on one machine.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from celery import Celery
from celery.exceptions import Reject
from celery.worker import WorkController, state
from celery.worker.request import Request
from kombu.asynchronous import set_event_loop
from kombu.message import Message

from kinescribe_server.engine.celery_app import RUN_STEP, queue_name
from kinescribe_server.jobs.errors import KinescribeError
from kinescribe_server.jobs.model import Resource, Step, StepRef
from kinescribe_server.jobs.steps import StepRunner
from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

# More than the longest step with its attempts can take: their own limits come first.
_LONGEST_STEP_SECONDS = 6 * 3600.0
# To stop listening, and to send the last acknowledgements and leave the broker: each takes milliseconds where it
# answers, and is not worth more than this where it does not.
_BROKER_SECONDS = 3.0
# A broker that ended its consumer is given a moment.
_AGAIN_SECONDS = 1.0


class CeleryWorker:
    """Consumes the queue of each resource in `slots`, as many steps at a time as it says; what ends a consumer, as a
    broker that cannot write does, is not its end. One in a process: Celery keeps what tells a worker to stop in the
    process."""

    def __init__(self, new_app: Callable[[], Celery], runner: StepRunner, slots: Mapping[Resource, int]) -> None:
        self._runner = runner
        self._loop = asyncio.get_running_loop()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._logs: dict[str, asyncio.Task[None]] = {}
        self._draining = threading.Event()
        self._new_app = new_app
        self._building = threading.Lock()
        # One consumer for each queue: a worker takes no more of a kind than it has processes for, and the rest stays
        # where other workers can take it.
        self._slots = slots
        self._consumers = {resource: self._new_consumer(resource) for resource in slots}
        # Not in the main thread, where the event loop is: Celery sets no signal handlers, and leaves ours alone.
        self._threads = [
            threading.Thread(target=self._consume, args=(resource,), name=f"celery-{resource}", daemon=True)
            for resource in slots
        ]

    def start(self) -> None:
        state.should_stop = None
        for thread in self._threads:
            thread.start()

    async def aclose(self, *, drain_seconds: float) -> None:
        """Takes nothing more, waits for the steps in hand, and hands back those that are not done: to the store, and
        to the broker, so that another worker can begin at once."""
        self._draining.set()
        await self._within_limit(consumer.stop_taking for consumer in self._consumers.values())
        if self._in_hand:
            await asyncio.wait(list(self._in_hand), timeout=drain_seconds)
        await end_tasks([*self._in_hand, *self._logs.values()])
        state.should_stop = 0
        await self._within_limit(thread.join for thread in self._threads)
        if any(thread.is_alive() for thread in self._threads):
            _LOG.warning("the broker does not answer; the worker ends without it")

    async def _within_limit(self, waits: Iterable[Callable[[float], None]]) -> None:
        await asyncio.gather(*(asyncio.to_thread(wait, _BROKER_SECONDS) for wait in waits))

    def _new_consumer(self, resource: Resource) -> "_Consumer":
        with self._building:  # Celery and kombu keep what is being built in the process
            return _Consumer(self._new_app(), resource, self._slots[resource], self._run)

    def _consume(self, resource: Resource) -> None:
        while True:
            consumer = self._consumers[resource]
            try:
                consumer.run()
            except Exception:
                _LOG.exception("a consumer failed", extra={"queue": consumer.queue})
            if self._draining.wait(_AGAIN_SECONDS):
                return
            _LOG.warning("the queue is read anew", extra={"queue": consumer.queue})
            self._consumers[resource] = self._new_consumer(resource)

    def _run(self, ref: StepRef) -> bool:
        """In a thread of Celery's: a step from message to acknowledgement. Whether it was seen to."""
        return asyncio.run_coroutine_threadsafe(self._tend(ref), self._loop).result(_LONGEST_STEP_SECONDS)

    async def _tend(self, ref: StepRef) -> bool:
        if self._draining.is_set():
            return False
        if ref.job_id not in self._logs:
            reading = self._logs[ref.job_id] = asyncio.create_task(self._keep_log(ref.job_id))
            reading.add_done_callback(lambda _: self._logs.pop(ref.job_id, None))
        tending = asyncio.create_task(self._runner.run(ref))
        self._in_hand.add(tending)
        tending.add_done_callback(self._in_hand.discard)
        await asyncio.wait([tending])
        return not tending.cancelled()

    async def _keep_log(self, job_id: str) -> None:
        """Follows a job that has steps here: otherwise each of them would read its log from the beginning."""
        with suppress(KinescribeError):
            async with self._runner.logs.follow(job_id) as log:
                await log.wait_until_needless()


class _Consumer:
    """The queue of one resource: at most `slots` messages are in hand, each in a thread that waits for its step."""

    def __init__(self, app: Celery, resource: Resource, slots: int, run: Callable[[StepRef], bool]) -> None:
        self.queue = queue_name(resource)
        self._app = app

        # Not shared: otherwise every other app would get this consumer's task too. Threads of Celery's look tasks up in
        # the default app, which is the last one; all run a step in the same way.
        app.set_default()

        @app.task(name=RUN_STEP, ignore_result=True, shared=False, Request=self._request_class())
        def run_step(job_id: str, step: str) -> None:
            if not run(StepRef(job_id, Step.parse(step))):
                raise Reject("the worker is ending", requeue=True)

        set_event_loop(None)  # so that the controller makes one of its own, which its thread turns
        self._controller = WorkController(
            app=app,
            pool_cls="threads",
            concurrency=slots,
            queues=[self.queue],
            without_gossip=True,
            without_mingle=True,
        )

    def _request_class(self) -> type[Request]:
        """Requests whose acknowledgement is not given up in silence.

        Celery's own logs that it could not be sent, and goes on with a message too many in hand: with one at a time,
        the consumer then waits for ever. So a connection over which one cannot be sent is made anew."""
        consumer = self

        class SettledRequest(Request):  # type: ignore[misc] # Celery has no types
            def __init__(self, message: Message, **options: Any) -> None:
                super().__init__(message, **options)
                self.acknowledged = False
                self._connection = consumer.connections

            def acknowledge(self) -> None:
                self._settle(self._message.ack)

            def reject(self, requeue: bool = False) -> None:
                self._settle(partial(self._message.reject, requeue=requeue))

            def _settle(self, tell: Callable[[], None]) -> None:
                if not self.acknowledged:
                    self.acknowledged = True
                    consumer.call_soon(consumer.settle, tell, self._connection)

        return SettledRequest

    @property
    def connections(self) -> int:
        """How often the broker was connected to."""
        return int(self._controller.consumer.restart_count)

    def call_soon(self, call: Callable[..., None], *arguments: object) -> None:
        """In the consumer's thread."""
        self._controller.consumer.call_soon(call, *arguments)

    def settle(self, tell: Callable[[], None], connection: int) -> None:
        try:
            tell()
        except Exception as error:  # kombu has no common type for what brokers do
            if self.connections == connection:
                raise ConnectionError(f"a message could not be settled: {error}") from error

    def run(self) -> None:
        """Until Celery's state says stop."""
        self._controller.start()
        self._app.close()

    def stop_taking(self, seconds: float) -> None:
        """Leaves further messages to other workers; waits so long for the consumer to have heard of it."""
        stopped = threading.Event()
        self.call_soon(self._cancel, stopped)
        stopped.wait(seconds)

    def _cancel(self, stopped: threading.Event) -> None:
        self._controller.consumer.cancel_task_queue(self.queue)
        stopped.set()
