"""What a step needs, wherever it runs: the state store, the stored files, and processes to make things in."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import kinescribe_server.store.connection as redis
from kinescribe_server.app.makers import WARM
from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.artifacts.results import ResultFolder
from kinescribe_server.config import Settings
from kinescribe_server.engine.workshop import ProcessWorkshop
from kinescribe_server.jobs.chain import MakerChain
from kinescribe_server.jobs.errors import StateStoreUnavailableError
from kinescribe_server.jobs.makers import MakerTable
from kinescribe_server.jobs.making import StepMaker
from kinescribe_server.jobs.model import Resource
from kinescribe_server.jobs.steps import LeaseTimes, StepRunner
from kinescribe_server.logs import set_up_logs
from kinescribe_server.rpc.convert import watch_event_bytes
from kinescribe_server.store.job_store import RedisJobStore
from kinescribe_server.store.watch_hub import Encode, WatchHub
from kinescribe_server.store.workforce import RedisWorkforce

# As many requests to a remote service run at a time.
_WAITING = 3


@dataclass(frozen=True, slots=True)
class State:
    """What is kept in Redis."""

    store: RedisJobStore
    hub: WatchHub
    workforce: RedisWorkforce


@dataclass(frozen=True, slots=True)
class Files:
    """What is kept in a data folder."""

    folder: Path
    artifacts: ArtifactFolder
    results: ResultFolder


async def connect_state(redis_url: str, stack: AsyncExitStack, encode: Encode = watch_event_bytes) -> State:
    """`encode` makes of an event what watchers get. Raises StateStoreUnavailableError if Redis does not answer."""
    client = redis.connect(redis_url)
    stack.push_async_callback(client.aclose)
    subscriber = redis.connect_subscriber(redis_url)
    stack.push_async_callback(subscriber.aclose)
    hub = WatchHub(client, subscriber, redis.database_of(client), encode)
    try:
        await hub.start()
    except StateStoreUnavailableError as error:
        raise StateStoreUnavailableError(f"Redis at {redis.address_of(client)}: {error.message}") from error
    stack.push_async_callback(hub.aclose)
    return State(RedisJobStore(client), hub, RedisWorkforce(client))


def open_files(folder: Path) -> Files:
    artifacts = ArtifactFolder(folder)
    return Files(folder, artifacts, ResultFolder(folder, artifacts))


def workers_of(settings: Settings) -> dict[Resource, int]:
    """How many processes there are for each resource: more where they wait for somebody else."""
    return {
        Resource.SCRIPT: settings.kinescribe_script_workers or (_WAITING if settings.llm_base_url else 1),
        Resource.SPEECH: settings.kinescribe_speech_workers or (_WAITING if settings.speech_base_url else 1),
        Resource.VISUAL: settings.kinescribe_visual_workers or (_WAITING if settings.presenton_url else 1),
        Resource.RENDER: settings.kinescribe_render_workers,
    }


def start_workshop(
    files: Files, workers: Mapping[Resource, int], settings: Settings, log_file: Path | None, stack: AsyncExitStack
) -> ProcessWorkshop:
    set_up = partial(set_up_logs, settings.log_level, log_file)
    workshop = ProcessWorkshop(partial(ArtifactFolder, files.folder), workers, WARM, set_up)
    stack.push_async_callback(workshop.aclose)
    workshop.warm_up()
    return workshop


def lease_times(settings: Settings) -> LeaseTimes:
    return LeaseTimes(settings.kinescribe_lease_seconds, settings.kinescribe_lease_seconds / 3)


def step_runner(
    state: State, files: Files, workshop: ProcessWorkshop, makers: MakerTable, settings: Settings
) -> StepRunner:
    maker = StepMaker(state.store, files.artifacts, MakerChain(files.results, workshop), makers)
    return StepRunner(state.store, state.hub, maker, lease_times(settings))
