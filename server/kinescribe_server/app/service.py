"""The service, put together. Read from top to bottom: which parts there are, and who is given which."""

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from kinescribe_server.app.celery_parts import celery_engine
from kinescribe_server.app.makers import known_engines, maker_table
from kinescribe_server.app.steps import (
    Files,
    State,
    connect_state,
    lease_times,
    open_files,
    start_workshop,
    step_runner,
    workers_of,
)
from kinescribe_server.artifacts.sweeping import SweepRules, Swept, sweep
from kinescribe_server.config import Settings, read_settings
from kinescribe_server.data_folder import DataFolder
from kinescribe_server.engine.local import LocalEngine, LocalWorkforce
from kinescribe_server.engine.protocol import StepEngine, Workforce
from kinescribe_server.film.playlist import Playlists
from kinescribe_server.gateway.parts import Parts
from kinescribe_server.jobs.chain import MakerChain
from kinescribe_server.jobs.housekeeping import SOON_SECONDS, Housekeeper
from kinescribe_server.jobs.makers import MakerSpec, MakerTable
from kinescribe_server.jobs.model import Resource
from kinescribe_server.jobs.orchestrator import Orchestrator
from kinescribe_server.jobs.service import JobService
from kinescribe_server.logs import set_up_logs
from kinescribe_server.rpc.catalog import CatalogServicer
from kinescribe_server.rpc.checks import Catalog
from kinescribe_server.rpc.server import MAX_OPEN_CALLS, RpcServer
from kinescribe_server.rpc.video import VideoServicer
from kinescribe_server.rpc.watch import Watcher
from kinescribe_server.speech.catalog import voices
from kinescribe_server.stopping import stop_signal
from kinescribe_server.store.embedded import EmbeddedValkey
from kinescribe_server.store.protocol import Limits
from kinescribe_server.visuals.themes import FONT_FAMILIES, FONT_ROLES, THEME_ROLES, THEMES

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. `address` is a gRPC target that can be dialled, `http_address` the HOST:PORT of the HTTP edge
    ("" if it is off)."""

    address: str
    http_address: str = ""

    async def serve_until_stopped(self) -> None:
        """Returns at the first SIGTERM or SIGINT; leaving `run_service` then drains the service."""
        async with stop_signal() as stopped:
            await stopped.wait()


@asynccontextmanager
async def run_service(
    data_dir: Path,
    listen: str = "127.0.0.1:0",
    *,
    http: str = "off",
    log_file: Path | None = None,
    settings: Settings | None = None,
    makers: MakerTable | None = None,
) -> AsyncIterator[Service]:
    """Runs the service inside the block; on leaving, steps in hand are finished or handed back.

    HTTP is served at the HOST:PORT that `http` names, unless it is "off". Logs go to standard output, or to `log_file`.
    Settings are taken from the environment unless they are given.

    Raises DataFolderInUseError if another service owns `data_dir`, OSError if `listen` or `http` cannot be used,
    StateStoreUnavailableError if the configured Redis does not answer, BrokerUnavailableError if Celery's broker does
    not, SettingError for settings that cannot be.
    """
    settings = settings or read_settings()
    makers = makers or maker_table(settings)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(DataFolder(data_dir))
        set_up_logs(settings.log_level, log_file)

        redis_url = settings.external_redis() or await _start_valkey(folder.path, stack)
        state = await connect_state(redis_url, stack)
        files = open_files(folder.path)
        engine: StepEngine
        workforce: Workforce
        if settings.engine == "celery":
            # The service itself only writes the scripts that are asked for to be previewed.
            workshop = start_workshop(files, {Resource.SCRIPT: 1}, settings, log_file, stack)
            engine, workforce = await celery_engine(settings, redis_url), state.workforce
        else:
            workers = workers_of(settings)
            workshop = start_workshop(files, workers, settings, log_file, stack)
            engine = LocalEngine(step_runner(state, files, workshop, makers, settings))
            workforce = LocalWorkforce(workers)
        orchestrator = Orchestrator(state.store, state.hub, engine, workforce, lease_times(settings))
        await orchestrator.start()
        housekeeper = _housekeeper(state, files, settings)
        stack.push_async_callback(housekeeper.aclose)
        housekeeper.start()

        jobs = JobService(
            store=state.store,
            logs=state.hub,
            orchestrator=orchestrator,
            artifacts=files.artifacts,
            chain=MakerChain(files.results, workshop),
            makers=makers,
            limits=_limits(settings),
        )
        themes = {theme.name: theme.description for theme in THEMES}
        spoken = voices(known_engines(settings))
        catalog = _catalog(themes, makers, [voice.name for voice in spoken])
        watcher = Watcher(jobs, state.hub, MAX_OPEN_CALLS // 2)
        http_address = ""
        if http != "off":
            parts = Parts(jobs, watcher, state.hub, files.artifacts, Playlists(files.artifacts), catalog)
            http_address = await _serve_http(http, parts, stack)
        server = RpcServer(
            VideoServicer(jobs, watcher, files.artifacts, catalog),
            CatalogServicer(spoken, themes, {name: _names(specs) for name, specs in makers.visuals.items()}),
        )
        stack.push_async_callback(server.aclose)
        address = await server.start(listen)
        folder.announce(address)
        _LOG.info("serving", extra={"address": address, "http_address": http_address})
        try:
            yield Service(address, http_address)
        finally:
            _LOG.info("draining")
            jobs.drain()
            await server.drain()
            await orchestrator.aclose()
            await engine.aclose(drain_seconds=settings.kinescribe_drain_seconds)
            state.hub.drain()


async def _serve_http(listen: str, parts: Parts, stack: AsyncExitStack) -> str:
    # Imported here: it takes a quarter of a second, which a command that renders one film need not wait.
    from kinescribe_server.gateway.http_server import HttpServer  # noqa: PLC0415

    server = HttpServer(parts)
    stack.push_async_callback(server.aclose)
    return await server.start(listen)


def _housekeeper(state: State, files: Files, settings: Settings) -> Housekeeper:
    rules = SweepRules(cache_bytes=settings.kinescribe_cache_mib << 20)

    def tidy(referenced: frozenset[str]) -> Swept:
        return sweep(files.folder, referenced, rules)

    if settings.external_redis():  # it may be another than that of the jobs whose files these are
        return Housekeeper(state.store, tidy)
    return Housekeeper(state.store, tidy, first_after=SOON_SECONDS)


async def _start_valkey(data: Path, stack: AsyncExitStack) -> str:
    valkey = EmbeddedValkey(data / "valkey")
    stack.push_async_callback(valkey.aclose)
    await valkey.start()
    return valkey.url


def _limits(settings: Settings) -> Limits:
    return Limits(
        queue=settings.kinescribe_queue_limit,
        jobs_of_owner=settings.kinescribe_owner_jobs,
        requests_a_minute=settings.kinescribe_owner_requests,
        film_seconds_a_day=settings.kinescribe_owner_film_seconds,
    )


def _catalog(themes: dict[str, str], makers: MakerTable, voice_names: Sequence[str]) -> Catalog:
    return Catalog(
        voices=voice_names,
        themes=list(themes),
        writers=list(makers.writers),
        default_theme=next(iter(themes)),
        theme_roles=THEME_ROLES,
        font_roles=FONT_ROLES,
        font_families=FONT_FAMILIES,
    )


def _names(makers: Iterable[MakerSpec]) -> list[str]:
    return [maker.name for maker in makers]
