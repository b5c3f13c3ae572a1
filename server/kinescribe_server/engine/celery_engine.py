"""The Celery engine: steps go to the queues of a broker, one queue for each resource."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from celery import Celery

from kinescribe_server.engine.celery_app import RUN_STEP, queue_name
from kinescribe_server.jobs.model import StepRef

_LOG = logging.getLogger(__name__)

# Closing a connection says goodbye to the broker, who may not listen.
_CLOSE_SECONDS = 5.0


class CeleryEngine:
    """Implements StepEngine. What cannot be sent is left for the orchestrator, who hands it over again."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        # One thread, one connection: publishing blocks, and may block until the time limits of its sockets.
        self._publisher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="celery-publisher")
        self._waiting: dict[StepRef, None] = {}  # in their order, each once
        self._sending: asyncio.Task[None] | None = None

    async def submit(self, steps: Sequence[StepRef]) -> None:
        """Returns at once; what comes while the broker is busy goes out together afterwards."""
        self._waiting.update(dict.fromkeys(steps))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = tuple(self._waiting), {}
            try:
                await loop.run_in_executor(self._publisher, self._send, batch)
            except Exception as error:  # kombu has no common type for what brokers do
                left = len(batch) + len(self._waiting)
                self._waiting.clear()
                _LOG.warning(
                    "the broker does not take steps; they are handed over again later",
                    extra={"steps": left, "reason": f"{type(error).__name__}: {error}"[:200]},
                )

    def _send(self, steps: Sequence[StepRef]) -> None:
        with self._app.producer_pool.acquire(block=True) as producer:
            for ref in steps:
                self._app.send_task(
                    RUN_STEP, args=[ref.job_id, str(ref.step)], queue=queue_name(ref.step.resource), producer=producer
                )

    async def aclose(self, *, drain_seconds: float) -> None:
        """Steps are with their workers; only what is just being sent is waited for."""
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=drain_seconds)
        self._publisher.shutdown(wait=False, cancel_futures=True)
        await asyncio.wait([asyncio.create_task(asyncio.to_thread(self._app.close))], timeout=_CLOSE_SECONDS)
