"""The service that is measured: `kinescribe serve` in a process of its own, and the jobs that it is given."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.processes import Cost, cost_of_tree
from tests.benchmarks.texts import WARM_UP

from kinescribe import Client
from kinescribe.v1 import event_pb2, job_pb2, script_pb2

_REPORT = "report.json"
_START_SECONDS = 60.0
# What a service writes after the last event belongs to the job as well.
_AFTERGLOW_SECONDS = 0.25
# The service brings its own Redis: its cost counts.
_FOREIGN = ("REDIS_URL", "REDIS_HOST")

Source = str | script_pb2.Script
STILL = job_pb2.VideoOptions(motion=job_pb2.MOTION_MODE_NONE)


@dataclass(slots=True)
class Rendering:
    """A job as its watcher saw it: by segment the artifacts, and when (seconds after the call) its clip was there."""

    job_id: str = ""
    cost: Cost = field(default_factory=Cost)
    pictures: dict[int, list[str]] = field(default_factory=dict)
    speech: dict[int, tuple[str, float]] = field(default_factory=dict)
    clips: dict[int, tuple[str, float]] = field(default_factory=dict)
    rendered_at: dict[int, float] = field(default_factory=dict)
    film_seconds: float = 0.0
    film_sha256: str = ""
    extras: set[str] = field(default_factory=set)
    cached_steps: int = 0
    made_steps: int = 0
    makers_cpu: float = 0.0
    """CPU seconds of the steps themselves, without handing them over and writing them down."""
    report: dict[str, Any] = field(default_factory=dict)
    """The quality report, where one came with the film."""

    def playable_after(self, speech_seconds: float) -> float | None:
        """When the film could be played up to the end of a segment with so much speech: it and all before it were
        rendered."""
        latest = 0.0
        for segment in range(len(self.rendered_at)):
            if segment not in self.rendered_at:
                return None
            latest = max(latest, self.rendered_at[segment])
            if self.speech[segment][1] >= speech_seconds:
                return latest
        return None


@dataclass(frozen=True, slots=True)
class WarmService:
    """A running service that has made a film before."""

    client: Client
    pid: int

    async def render(self, source: Source, options: job_pb2.VideoOptions | None = None) -> Rendering:
        """Makes a film. Raises RuntimeError if there is none."""
        rendering = Rendering()
        with cost_of_tree(self.pid) as cost:
            started = time.perf_counter()
            rendering.job_id = await self._start(source, options)
            async with self.client.watch(rendering.job_id) as messages:
                async for message in messages:
                    _note(message.event, rendering, time.perf_counter() - started)
            finished = time.perf_counter() - started
            await asyncio.sleep(_AFTERGLOW_SECONDS)
        cost.wall = finished
        rendering.cost = cost
        if _REPORT in rendering.extras:
            rendering.report = json.loads(await self._fetched(rendering.job_id, _REPORT))
        return rendering

    async def _fetched(self, job_id: str, name: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "artifact"
            await self.client.download(job_id, name, path)
            return await asyncio.to_thread(path.read_bytes)

    async def until_playable(self, source: Source, speech_seconds: float) -> float:
        """Seconds until there is something to watch with so much speech in it; the rest is not waited for."""
        rendering, started = Rendering(), time.perf_counter()
        rendering.job_id = await self._start(source, None)
        async with self.client.watch(rendering.job_id) as messages:
            async for message in messages:
                _note(message.event, rendering, time.perf_counter() - started)
                if (playable := rendering.playable_after(speech_seconds)) is not None:
                    break
            else:
                raise RuntimeError(f"no segment has {speech_seconds:g} s of speech")
        await self.client.delete(rendering.job_id)
        return playable

    async def _start(self, source: Source, options: job_pb2.VideoOptions | None) -> str:
        if isinstance(source, str):
            return (await self.client.generate(text=source, options=options)).job_id
        return (await self.client.generate(script=source, options=options)).job_id


@asynccontextmanager
async def warm_service() -> AsyncIterator[WarmService]:
    """A service in an empty data folder, so that nothing of what is measured has been made before. Its workers have
    made a film of every visual type, about something else."""
    with tempfile.TemporaryDirectory(prefix="k") as folder:  # short: a Unix socket's path has at most 107 bytes
        data, log = Path(folder) / "data", Path(folder) / "service.log"
        process = _serve(data, log)
        try:
            address = await _address(process, data, log)
            async with Client(address) as client:
                service = WarmService(client, process.pid)
                await service.render(WARM_UP)
                yield service
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait, _START_SECONDS)


def _serve(data: Path, log: Path) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    command = [str(Path(sys.executable).with_name("kinescribe")), "serve", "--listen", "127.0.0.1:0", "--http", "off"]
    with log.open("wb") as output:
        return subprocess.Popen(
            [*command, "--data", str(data)], stdout=output, stderr=subprocess.STDOUT, env=environment
        )


async def _address(process: "subprocess.Popen[bytes]", data: Path, log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return str(json.loads((data / "service.json").read_bytes())["address"])
        except FileNotFoundError:
            await asyncio.sleep(0.02)
    said = await asyncio.to_thread(log.read_text, errors="replace")
    raise RuntimeError(f"the service did not start: {said[-2000:]}")


def _note(event: event_pb2.JobEvent, rendering: Rendering, now: float) -> None:
    match event.WhichOneof("type"):
        case "audio_ready":
            audio = event.audio_ready.audio
            rendering.speech[event.audio_ready.segment_index] = (audio.name, audio.duration.ToMilliseconds() / 1000)
        case "visual_ready":
            pictures = [state.name for state in event.visual_ready.states]
            rendering.pictures[event.visual_ready.segment_index] = pictures
        case "segment_rendered":
            segment, clip = event.segment_rendered.segment_index, event.segment_rendered.clip
            rendering.clips[segment] = (clip.sha256, clip.duration.ToMilliseconds() / 1000)
            rendering.rendered_at[segment] = now
        case "video_ready":
            film = event.video_ready.video.film
            rendering.extras = {extra.name for extra in event.video_ready.video.extras}
            rendering.film_seconds, rendering.film_sha256 = film.duration.ToMilliseconds() / 1000, film.sha256
        case "job_finished":
            finished = event.job_finished
            rendering.cached_steps, rendering.made_steps = finished.cached_steps, finished.made_steps
            rendering.makers_cpu = finished.cpu_time_spent.ToMilliseconds() / 1000
            if finished.status != job_pb2.JOB_STATUS_SUCCEEDED or finished.degraded_segments:
                raise RuntimeError(f"the film was not made as asked for: {finished}")
