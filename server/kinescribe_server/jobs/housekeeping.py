"""Housekeeping: files that no job needs any more are removed, now and then."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from kinescribe_server.jobs.errors import StateStoreUnavailableError
from kinescribe_server.jobs.model import LOCAL_OWNER
from kinescribe_server.store.protocol import JobStore
from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

_SWEEP_SECONDS = 600.0
# A command that renders one film ends long before that; by now its first steps are under way.
SOON_SECONDS = 2.0
# An upload is kept for as long as a job by default: until then a script may name it again.
_UPLOAD_SECONDS = 7 * 86_400.0


class Swept(Protocol):
    @property
    def files(self) -> int: ...

    @property
    def bytes(self) -> int: ...


class Housekeeper:
    """Calls `sweep` with the SHA-256 of all files that are referred to: after `first_after` seconds, and every ten
    minutes from then on."""

    def __init__(
        self, store: JobStore, sweep: Callable[[frozenset[str]], Swept], first_after: float = _SWEEP_SECONDS
    ) -> None:
        self._store = store
        self._sweep = sweep
        self._first_after = first_after
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def aclose(self) -> None:
        await end_tasks([self._task] if self._task else [])

    async def tidy(self) -> Swept:
        """Raises StateStoreUnavailableError: without the store nobody knows what is needed."""
        await self._store.drop_attachments(LOCAL_OWNER, _UPLOAD_SECONDS)
        referenced = await self._store.referenced(LOCAL_OWNER)
        swept = await asyncio.to_thread(self._sweep, referenced)
        if swept.files:
            _LOG.info("files removed", extra={"files": swept.files, "bytes": swept.bytes})
        return swept

    async def _keep(self) -> None:
        await asyncio.sleep(self._first_after)
        while True:
            try:
                await self.tidy()
            except StateStoreUnavailableError:
                _LOG.warning("the state store does not answer; nothing is removed")
            except Exception:
                _LOG.exception("housekeeping failed: a fault of ours")
            await asyncio.sleep(_SWEEP_SECONDS)
