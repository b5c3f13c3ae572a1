"""Makes one film: starts its job, follows it, fetches its files; cancels it when it is interrupted."""

import asyncio
import os
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from kinescribe.cli.display import Display
from kinescribe.cli.ending import exit_code, failure, warning_lines
from kinescribe.cli.exits import ExitCode
from kinescribe.cli.follow import follow
from kinescribe.cli.inputs import SourceText
from kinescribe.cli.outputs import OutputFiles
from kinescribe.cli.picture_files import PictureFile
from kinescribe.cli.service import Service
from kinescribe.cli.uploads import Uploads
from kinescribe.cli.words import clock, counted, size
from kinescribe.client import Client
from kinescribe.errors import KinescribeError
from kinescribe.v1 import event_pb2, job_pb2

# A cancelled job has stopped its steps by then, or its service is not going to answer.
_CANCEL_SECONDS = 10.0
# A value of a label is at most so long.
_LABEL_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class FilmOrder:
    """A text, where its film goes, and the pictures that it names by their paths in the text."""

    source: SourceText
    files: OutputFiles
    pictures: Mapping[str, PictureFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """Options as the service takes them: those of the command, and those that count where nothing else is said."""

    options: job_pb2.VideoOptions
    default_options: job_pb2.VideoOptions


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went. `seconds` is how long the film plays."""

    code: ExitCode
    seconds: float = 0.0


async def make_film(
    service: Service, order: FilmOrder, options: RequestOptions, uploads: Uploads, display: Display
) -> Outcome:
    """Delivers a film, or says on the display why not. A cancelled task cancels the job."""
    name = order.source.name
    try:
        return await _deliver(service, order, options, uploads, display)
    except KinescribeError as error:
        display.say(f"{name}: {error.reason}: {error.message}")
        return Outcome(ExitCode.FAILED)
    finally:
        display.ended(name)


async def _deliver(
    service: Service, order: FilmOrder, options: RequestOptions, uploads: Uploads, display: Display
) -> Outcome:
    name = order.source.name
    began = time.monotonic()
    try:
        attachments = {path: await uploads.name_of(picture) for path, picture in order.pictures.items()}
    except OSError as error:
        display.say(f"{name}: a picture cannot be read any more: {error}")
        return Outcome(ExitCode.FAILED)
    # One identifier for all attempts: should the service change in between, the job is still started once.
    generate = partial(
        Client.generate,
        text=None if order.source.script else order.source.text,
        script=order.source.script.script if order.source.script else None,
        attachments=attachments,
        options=options.options,
        default_options=options.default_options,
        request_id=str(uuid.uuid4()),
        labels={"source": os.fsencode(name).decode(errors="replace")[-_LABEL_CHARACTERS:]},
    )
    starting = asyncio.create_task(service.call(generate))
    try:
        job_id = (await asyncio.shield(starting)).job_id
        display.started(name, job_id)
        finished = await follow(service, job_id, partial(display.message, name), gauges=display.wants_gauges)
    except (asyncio.CancelledError, OSError):  # interrupted, or standard output cannot be written any more
        # Left alone, the job would go on, or be taken up by the next command on its folder.
        await _cancel(service, starting)
        raise
    job = await service.call(partial(Client.get_job, job_id=job_id, full=True))
    for line in warning_lines(job):
        display.say(f"{name}: {line}")
    code = exit_code(finished)
    if finished.status != job_pb2.JOB_STATUS_SUCCEEDED:
        display.say(f"{name}: {failure(finished)}")
        return Outcome(code)
    try:
        await _fetch(service, job, order.files)
    except OSError as error:
        display.say(f"{name}: the film cannot be written: {error}")
        return Outcome(ExitCode.FAILED)
    display.result(str(order.files.film))
    took = clock(time.monotonic() - began)
    display.note(f"{name}: {_delivered(job.video, order.files)}, in {took}{_reused(finished)}")
    return Outcome(code, job.video.duration.ToTimedelta().total_seconds())


async def _fetch(service: Service, job: job_pb2.Job, files: OutputFiles) -> None:
    """Fetches the film last: where it stands, the rest stands beside it."""
    there = [*(extra.name for extra in job.video.extras), job.video.film.name]
    wanted = files.by_artifact()
    for name in there:
        if name in wanted:
            await service.call(partial(Client.download, job_id=job.job_id, name=name, path=wanted[name]))


async def _cancel(service: Service, starting: asyncio.Task[job_pb2.Job]) -> None:
    """Stops the job, also one whose start was under way, and waits briefly until it has stopped."""
    with suppress(KinescribeError, TimeoutError):
        async with asyncio.timeout(_CANCEL_SECONDS):
            job_id = (await starting).job_id
            await service.call(partial(Client.cancel, job_id=job_id))
            await follow(service, job_id, lambda message: None)


def _delivered(video: job_pb2.Video, files: OutputFiles) -> str:
    plays = clock(video.duration.ToTimedelta().total_seconds())
    bytes_ = size(video.film.size_bytes)
    return f"{files.film}, {plays}, {video.width}x{video.height}, {bytes_}"


def _reused(finished: event_pb2.JobFinished) -> str:
    """What storage saved, where that is worth a word."""
    steps = finished.cached_steps + finished.made_steps
    saved = finished.cpu_time_saved.ToTimedelta().total_seconds()
    if not finished.cached_steps:
        return ""
    return f"; {finished.cached_steps} of {counted(steps, 'step')} from storage, {saved:.1f} s of CPU saved"


def summary(outcomes: list[Outcome], seconds: float) -> str:
    """What became of several films."""
    made = [outcome for outcome in outcomes if outcome.seconds]
    parts = [f"{counted(len(made), 'film')} ({clock(sum(outcome.seconds for outcome in made))}) in {clock(seconds)}"]
    degraded = sum(outcome.code is ExitCode.DEGRADED for outcome in outcomes)
    failed = sum(outcome.code is ExitCode.FAILED for outcome in outcomes)
    if degraded:
        parts.append(f"{degraded} degraded under --strict")
    if failed:
        parts.append(f"{failed} failed")
    return ", ".join(parts)
