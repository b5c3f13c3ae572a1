"""A worker: it runs the steps of a service that is elsewhere, or on this machine."""

import asyncio
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kinescribe_server.app.celery_parts import celery_worker
from kinescribe_server.app.makers import maker_table
from kinescribe_server.app.steps import connect_state, open_files, start_workshop, step_runner, workers_of
from kinescribe_server.config import Settings, read_settings
from kinescribe_server.jobs.errors import StateStoreUnavailableError
from kinescribe_server.jobs.makers import MakerTable
from kinescribe_server.jobs.model import Resource
from kinescribe_server.logs import set_up_logs
from kinescribe_server.stopping import stop_signal
from kinescribe_server.store.embedded import socket_url
from kinescribe_server.store.workforce import RedisWorkforce
from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

_ANNOUNCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Worker:
    """A running worker."""

    name: str
    slots: Mapping[Resource, int]

    async def work_until_stopped(self) -> None:
        """Returns at the first SIGTERM or SIGINT."""
        async with stop_signal() as stopped:
            await stopped.wait()


@asynccontextmanager
async def run_worker(
    data_dir: Path,
    queues: Sequence[str] = (),
    processes: int | None = None,
    *,
    settings: Settings | None = None,
    makers: MakerTable | None = None,
) -> AsyncIterator[Worker]:
    """Runs a Celery worker inside the block; on leaving, steps in hand are finished or handed back.

    `queues` are names of resources, all of them by default, each with `processes` processes. The data folder is the
    service's, and absolute. The state is in the Redis of the settings, or else in the Valkey of the service on this
    folder.

    Raises ValueError for an unknown queue, SettingError without Celery or for what is no broker,
    StateStoreUnavailableError if Redis does not answer, and BrokerUnavailableError if the broker does not.
    """
    settings = settings or read_settings()
    slots = _slots(queues, processes, settings)
    set_up_logs(settings.log_level)
    async with AsyncExitStack() as stack:
        redis_url = settings.external_redis() or socket_url(data_dir / "valkey")
        state = await connect_state(redis_url, stack, encode=lambda entry: b"")  # nobody watches a job here
        files = open_files(data_dir)
        workshop = start_workshop(files, slots, settings, None, stack)
        runner = step_runner(state, files, workshop, makers or maker_table(settings), settings)
        worker = await celery_worker(settings, redis_url, runner, slots)
        worker.start()
        name = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        announcing = asyncio.create_task(_announce(state.workforce, name, slots))
        _LOG.info("working", extra={"worker": name, "slots": {str(key): count for key, count in slots.items()}})
        try:
            yield Worker(name, slots)
        finally:
            _LOG.info("draining", extra={"worker": name})
            await end_tasks([announcing])
            with suppress(StateStoreUnavailableError):
                await state.workforce.leave(name)
            await worker.aclose(drain_seconds=settings.kinescribe_drain_seconds)


def _slots(queues: Sequence[str], processes: int | None, settings: Settings) -> dict[Resource, int]:
    unknown = sorted(set(queues) - set(Resource))
    if unknown:
        raise ValueError(f"there is no queue {unknown[0]!r}; there are {', '.join(Resource)}")
    return {
        resource: processes or count
        for resource, count in workers_of(settings).items()
        if not queues or resource in queues
    }


async def _announce(workforce: RedisWorkforce, name: str, slots: Mapping[Resource, int]) -> None:
    while True:
        try:
            await workforce.announce(name, slots)
        except StateStoreUnavailableError:
            _LOG.warning("the state store does not answer; this worker is not counted for now")
        await asyncio.sleep(_ANNOUNCE_SECONDS)
