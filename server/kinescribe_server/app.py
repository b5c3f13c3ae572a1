"""The service, put together. Read from top to bottom: which parts there are, and who is given which.

This is the only file that names concrete parts; all others know protocols.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.artifacts.results import ResultFolder
from kinescribe_server.config import SOFTWARE_ENCODER, Settings
from kinescribe_server.data_folder import DataFolder, DataFolderInUseError
from kinescribe_server.engine.local import LocalEngine
from kinescribe_server.engine.workshop import ProcessWorkshop
from kinescribe_server.film.playlist import Playlists
from kinescribe_server.gateway.http_server import HttpServer
from kinescribe_server.gateway.parts import Parts
from kinescribe_server.jobs.errors import StateStoreUnavailableError
from kinescribe_server.jobs.makers import MakerSpec, MakerTable, Speaker
from kinescribe_server.jobs.making import StepMaker
from kinescribe_server.jobs.model import Resource
from kinescribe_server.jobs.orchestrator import Orchestrator
from kinescribe_server.jobs.service import JobService
from kinescribe_server.jobs.steps import LeaseTimes, StepRunner
from kinescribe_server.logs import set_up_logs
from kinescribe_server.rpc.catalog import CatalogServicer
from kinescribe_server.rpc.checks import Catalog
from kinescribe_server.rpc.convert import watch_event_bytes
from kinescribe_server.rpc.server import MAX_OPEN_CALLS, RpcServer
from kinescribe_server.rpc.video import VideoServicer
from kinescribe_server.rpc.watch import Watcher
from kinescribe_server.speech.catalog import HIBARI, makers_for, voice_for, voices
from kinescribe_server.store.connection import address_of, connect, connect_subscriber, database_of
from kinescribe_server.store.embedded import EmbeddedValkey
from kinescribe_server.store.job_store import RedisJobStore
from kinescribe_server.store.watch_hub import WatchHub
from kinescribe_server.visuals.catalog import PLACEHOLDER, VISUAL_MAKERS, visual_makers
from kinescribe_server.visuals.themes import FONT_FAMILIES, FONT_ROLES, THEME_ROLES, THEMES

__all__ = ["DataFolderInUseError", "Service", "maker_table", "run_service"]

_LOG = logging.getLogger(__name__)

_WRITERS = {
    "offline": MakerSpec(
        "offline",
        "kinescribe_server.script.maker:make_script",
        ("kinescribe", "markdown-it-py", "mdit-py-plugins", "mathra", "py3langid", "sentencex", "pygments"),
    )
}
_SILENCE = MakerSpec("silence", "kinescribe_server.speech.silence:make_silence", ("kinescribe",))
_RECORDING = MakerSpec("recording", "kinescribe_server.film.recording:make_recording", ("kinescribe", "av", "numpy"))
_CLIP = "kinescribe_server.film.clip:make_clip"
_FILM = MakerSpec("film", "kinescribe_server.film.maker:make_film", ("kinescribe", "av"))


def _speaker_for(language: str, wanted: str, named: bool) -> Speaker:
    choice = voice_for(language, wanted, named)
    makers = tuple(MakerSpec(*maker) for maker in makers_for(language, choice.voice))
    return Speaker(choice.voice, makers, choice.notice)


def maker_table(settings: Settings) -> MakerTable:
    """The makers of an installation."""
    return MakerTable(
        writers=_WRITERS,
        speaker_for=_speaker_for,
        silence=_SILENCE,
        recording=_RECORDING,
        visuals={name: tuple(MakerSpec(*maker) for maker in makers) for name, makers in visual_makers().items()},
        placeholder=MakerSpec(*PLACEHOLDER),
        clips=_clip_makers(settings),
        film=_FILM,
    )


def _clip_makers(settings: Settings) -> tuple[MakerSpec, ...]:
    """The encoder that was chosen, and the one that is always there."""
    encoders = dict.fromkeys((settings.kinescribe_encoder, SOFTWARE_ENCODER))
    return tuple(
        MakerSpec(
            encoder, _CLIP, ("kinescribe", "av"), arguments=(("encoder", encoder), ("hold", settings.kinescribe_hold))
        )
        for encoder in encoders
    )


# What a worker of each resource imports before its first step.
_WARM = {
    Resource.SCRIPT: (_WRITERS["offline"].target,),
    Resource.SPEECH: (HIBARI.maker[1],),
    Resource.VISUAL: (VISUAL_MAKERS["slide"][0][1],),
    Resource.RENDER: (_CLIP, _FILM.target),
}


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. `address` is a gRPC target that can be dialled, `http_address` HOST:PORT of the HTTP edge ("" if
    it is off)."""

    address: str
    http_address: str = ""

    async def serve_until_stopped(self) -> None:
        """Returns at the first SIGTERM or SIGINT; leaving `run_service` then drains the service. A second signal is
        not waited for: it ends the process as it would any other."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        await stopped.wait()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


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
    StateStoreUnavailableError if the configured Redis does not answer.
    """
    settings = settings or Settings()
    makers = makers or maker_table(settings)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(DataFolder(data_dir))
        set_up_logs(settings.log_level, log_file)

        redis_url = settings.external_redis() or await _start_valkey(folder.path, stack)
        client = connect(redis_url)
        stack.push_async_callback(client.aclose)
        subscriber = connect_subscriber(redis_url)
        stack.push_async_callback(subscriber.aclose)
        hub = WatchHub(client, subscriber, database_of(client), watch_event_bytes)
        try:
            await hub.start()
        except StateStoreUnavailableError as error:
            raise StateStoreUnavailableError(f"Redis at {address_of(client)}: {error.message}") from error
        stack.push_async_callback(hub.aclose)
        store = RedisJobStore(client)

        artifacts = ArtifactFolder(folder.path)
        results = ResultFolder(folder.path, artifacts)
        workers = {
            Resource.SCRIPT: settings.kinescribe_script_workers,
            Resource.SPEECH: settings.kinescribe_speech_workers,
            Resource.VISUAL: settings.kinescribe_visual_workers,
            Resource.RENDER: settings.kinescribe_render_workers,
        }
        workshop = ProcessWorkshop(
            partial(ArtifactFolder, folder.path), workers, _WARM, partial(set_up_logs, settings.log_level, log_file)
        )
        stack.push_async_callback(workshop.aclose)
        workshop.warm_up()

        times = LeaseTimes(settings.kinescribe_lease_seconds, settings.kinescribe_lease_seconds / 3)
        maker = StepMaker(store, artifacts, results, workshop, makers)
        engine = LocalEngine(StepRunner(store, hub, maker, times))
        orchestrator = Orchestrator(store, hub, engine, workers, times)
        orchestrator.start()

        jobs = JobService(
            store=store,
            logs=hub,
            orchestrator=orchestrator,
            artifacts=artifacts,
            results=results,
            workshop=workshop,
            makers=makers,
            queue_limit=settings.kinescribe_queue_limit,
        )
        themes = {theme.name: theme.description for theme in THEMES}
        catalog = _catalog(themes, makers)
        watcher = Watcher(jobs, hub, MAX_OPEN_CALLS // 2)
        gateway = HttpServer(Parts(jobs, watcher, hub, artifacts, Playlists(artifacts), catalog))
        stack.push_async_callback(gateway.aclose)
        http_address = "" if http == "off" else await gateway.start(http)
        server = RpcServer(
            VideoServicer(jobs, watcher, artifacts, catalog),
            CatalogServicer(voices(), themes, {name: _names(specs) for name, specs in makers.visuals.items()}),
        )
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
            hub.drain()
            await gateway.aclose()
            await server.aclose()


async def _start_valkey(data: Path, stack: AsyncExitStack) -> str:
    valkey = EmbeddedValkey(data / "valkey")
    stack.push_async_callback(valkey.aclose)
    await valkey.start()
    return valkey.url


def _catalog(themes: dict[str, str], makers: MakerTable) -> Catalog:
    return Catalog(
        voices=[voice.name for voice in voices()],
        themes=list(themes),
        writers=list(makers.writers),
        default_theme=next(iter(themes)),
        theme_roles=THEME_ROLES,
        font_roles=FONT_ROLES,
        font_families=FONT_FAMILIES,
    )


def _names(makers: Iterable[MakerSpec]) -> list[str]:
    return [maker.name for maker in makers]
