"""Makes the films of one `render` command in one service."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from kinescribe.cli.display import Display
from kinescribe.cli.exits import ExitCode, worst
from kinescribe.cli.film import FilmOrder, Outcome, make_film, summary
from kinescribe.cli.run import complain
from kinescribe.cli.service import Service, remote
from kinescribe.client import Client
from kinescribe.embedded import FolderService
from kinescribe.errors import InvalidRequest, Violation
from kinescribe.v1 import job_pb2

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
    options: job_pb2.VideoOptions,
    display: Display,
    *,
    at_a_time: int,
    server: str | None,
    data_dir: Path,
) -> ExitCode:
    """Makes all films, so many at a time, or none if the service refuses one."""
    began = time.monotonic()
    async with _service(server, data_dir) as service:
        refusals = await _refusals(service, orders, options)
        for line in refusals:
            complain(line)
        if refusals:
            return ExitCode.BAD_INPUT
        with display:
            outcomes = await _make_all(service, orders, options, display, at_a_time)
            if len(orders) > 1:
                display.note(summary(outcomes, time.monotonic() - began))
    return worst(outcome.code for outcome in outcomes)


async def _make_all(
    service: Service, orders: Sequence[FilmOrder], options: job_pb2.VideoOptions, display: Display, at_a_time: int
) -> list[Outcome]:
    free = asyncio.Semaphore(at_a_time)

    async def make(order: FilmOrder) -> Outcome:
        async with free:
            return await make_film(service, order, options, display)

    reader_gone = False
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(make(order)) for order in orders]
    except* BrokenPipeError:
        reader_gone = True  # and the other films were cancelled with the one that noticed
    if reader_gone:
        raise BrokenPipeError
    return [task.result() for task in tasks]


async def _refusals(service: Service, orders: Sequence[FilmOrder], options: job_pb2.VideoOptions) -> list[str]:
    """What the service finds wrong, all of it. What is wrong with every text alike is said once, without a name."""
    found: dict[Violation, list[str]] = {}
    for order in orders:
        try:
            await service.call(partial(Client.validate, text=order.source.text, options=options))
        except InvalidRequest as error:
            for violation in error.violations or (Violation("request", error.message),):
                found.setdefault(violation, []).append(order.source.name)
    lines = []
    for violation, names in found.items():
        field = violation.field.removeprefix("options.")
        common = len(names) == len(orders) and (len(orders) > 1 or field != violation.field)
        lines += [
            f"{'' if common else f'{name}: '}{field}: {violation.description}"
            for name in names[: 1 if common else None]
        ]
    return lines
