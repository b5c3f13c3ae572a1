"""Makes the films of one `render` command in one service."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from kinescribe.cli.display import Display
from kinescribe.cli.exits import ExitCode, worst
from kinescribe.cli.film import FilmOrder, Outcome, RequestOptions, make_film, summary
from kinescribe.cli.film_options import FilmOptions, GivenOptions
from kinescribe.cli.inputs import SourceText
from kinescribe.cli.picture_files import PictureFile
from kinescribe.cli.run import complain
from kinescribe.cli.service import Service, remote
from kinescribe.cli.uploads import Uploads
from kinescribe.client import Client
from kinescribe.embedded import FolderService, ServiceStartError
from kinescribe.errors import InvalidRequest, Violation
from kinescribe.script_file import ScriptFile
from kinescribe.v1 import job_pb2
from kinescribe.v1 import video_service_pb2 as wire

_LOG_FILE = "service.log"


@asynccontextmanager
async def _service(server: str | None, data_dir: Path) -> AsyncIterator[Service]:
    if server:
        async with remote(server) as service:
            yield service
    else:
        async with FolderService(data_dir, data_dir / _LOG_FILE) as folder_service:
            yield folder_service


async def make_films(
    orders: Sequence[FilmOrder],
    given: GivenOptions,
    display: Display,
    *,
    at_a_time: int,
    server: str | None,
    data_dir: Path,
) -> ExitCode:
    """Makes all films, so many at a time, or none if the service refuses one."""
    began = time.monotonic()
    async with _service(server, data_dir) as service:
        refusals = await _refusals(service, orders, given)
        for line in refusals:
            complain(line)
        if refusals:
            return ExitCode.BAD_INPUT
        uploads = Uploads(service)
        try:
            options = RequestOptions(await _message(given.command, uploads), await _message(given.project, uploads))
        except OSError as error:
            complain(f"the logo or the music cannot be read any more: {error}")
            return ExitCode.BAD_INPUT
        with display:
            outcomes = await _make_all(service, orders, options, uploads, display, at_a_time=at_a_time)
            if len(orders) > 1:
                display.note(summary(outcomes, time.monotonic() - began))
    return worst(outcome.code for outcome in outcomes)


async def _message(options: FilmOptions, uploads: Uploads) -> job_pb2.VideoOptions:
    """Options as the service takes them, the logo and the music uploaded."""
    logo = options.brand.logo if options.brand else None
    names = [await uploads.name_of(file) if file else "" for file in (logo, options.music)]
    return options.message(*names)


async def _make_all(
    service: Service,
    orders: Sequence[FilmOrder],
    options: RequestOptions,
    uploads: Uploads,
    display: Display,
    *,
    at_a_time: int,
) -> list[Outcome]:
    free = asyncio.Semaphore(at_a_time)

    async def make(order: FilmOrder) -> Outcome:
        async with free:
            return await make_film(service, order, options, uploads, display)

    first: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(make(order)) for order in orders]
    except* (OSError, ServiceStartError) as several:
        first = several.exceptions[0]  # and the other films were cancelled with the one that noticed
    if first:
        raise first
    return [task.result() for task in tasks]


async def preview(
    source: SourceText, pictures: Mapping[str, PictureFile], given: GivenOptions, *, server: str | None, data_dir: Path
) -> wire.PreviewScriptResponse:
    """The script that a film of a text would have, its pictures uploaded."""
    async with _service(server, data_dir) as service:
        uploads = Uploads(service)
        call = partial(
            Client.preview_script,
            text=source.text,
            options=await _message(given.command, uploads),
            attachments={path: await uploads.name_of(picture) for path, picture in pictures.items()},
            default_options=await _message(given.project, uploads),
        )
        return await service.call(call)


def _located(violation: Violation, script: ScriptFile | None) -> Violation:
    """A violation of a script with the line of its field in the file."""
    if script is None or not violation.field.startswith("script."):
        return violation
    field = violation.field.removeprefix("script.")
    return Violation(f"line {script.line_of(field)}: {field}", violation.description)


async def _refusals(service: Service, orders: Sequence[FilmOrder], given: GivenOptions) -> list[str]:
    """What the service finds wrong, all of it, before anything is uploaded. What is wrong with every text alike is said
    once, without a name."""
    options, default_options = given.command.message(), given.project.message()
    found: dict[Violation, list[str]] = {}
    for order in orders:
        script = order.source.script
        validate = partial(
            Client.validate,
            text=None if script else order.source.text,
            script=script.script if script else None,
            options=options,
            default_options=default_options,
        )
        try:
            await service.call(validate)
        except InvalidRequest as error:
            for violation in error.violations or (Violation("request", error.message),):
                found.setdefault(_located(violation, script), []).append(order.source.name)
    lines = []
    for violation, names in found.items():
        field = violation.field.removeprefix("options.")
        if field.startswith("default_options."):
            field = f"{given.project_file}: {field.removeprefix('default_options.')}"
        common = len(names) == len(orders) and (len(orders) > 1 or field != violation.field)
        lines += [
            f"{'' if common else f'{name}: '}{field}: {violation.description}"
            for name in names[: 1 if common else None]
        ]
    return lines
