"""The Celery engine: steps go to the queues of a broker, one queue for each resource."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from celery import Celery

from kinescribe_server.engine.celery_app import RUN_STEP, queue_name
from kinescribe_server.jobs.model import StepRef

_LOG = logging.getLogger(__name__)

# Longer than one try and its retry at a broker that does not answer.
_SUBMIT_SECONDS = 6.0


class CeleryEngine:
    """Implements StepEngine. What cannot be sent is left for the reconciler, who sends it again."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        # One thread, one connection: publishing blocks, and may block for long.
        self._publisher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="celery-publisher")
        self._sending: asyncio.Future[None] | None = None

    async def submit(self, steps: Sequence[StepRef]) -> None:
        if self._sending is not None and not self._sending.done():
            _LOG.warning("the broker is slow: steps are left for the reconciler", extra={"steps": len(steps)})
            return
        loop = asyncio.get_running_loop()
        self._sending = loop.run_in_executor(self._publisher, self._send, tuple(steps))
        try:
            await asyncio.wait_for(asyncio.shield(self._sending), _SUBMIT_SECONDS)
        except TimeoutError:
            _LOG.warning("the broker does not answer: steps are left for the reconciler")

    def _send(self, steps: Sequence[StepRef]) -> None:
        try:
            for ref in steps:
                arguments = [ref.job_id, str(ref.step)]
                self._app.send_task(RUN_STEP, args=arguments, queue=queue_name(ref.step.resource))
        except Exception as error:  # kombu has no common type for what brokers do
            _LOG.warning("the broker refused: steps are left for the reconciler", extra={"reason": str(error)[:200]})

    async def aclose(self, *, drain_seconds: float) -> None:
        """Steps are with their workers; only what is just being sent is waited for."""
        if self._sending is not None:
            await asyncio.wait([self._sending], timeout=drain_seconds)
        self._publisher.shutdown(wait=False, cancel_futures=True)
        await asyncio.wait_for(asyncio.to_thread(self._app.close), _SUBMIT_SECONDS)
