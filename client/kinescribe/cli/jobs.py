"""`kinescribe jobs`: the jobs that there are."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from kinescribe.cli.exits import ExitCode
from kinescribe.cli.parameters import Data, Server, data_folder
from kinescribe.cli.run import run
from kinescribe.cli.words import harmless

if TYPE_CHECKING:
    from kinescribe.client import Client
    from kinescribe.v1.job_pb2 import Job

_TITLES = ("JOB", "STATUS", "DONE", "SCENES", "CREATED", "SOURCE")


def jobs(
    server: Server = None,
    data: Data = None,
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=1, help="How many jobs at most.")] = 50,
) -> None:
    """List jobs, newest first.

    On a terminal as a table, elsewhere as lines with tabs between the fields.
    """
    from kinescribe.cli.service import running  # noqa: PLC0415 -- with grpc, which --help does not need

    async def read(client: "Client") -> "list[Job]":
        found: list[Job] = []
        async for job in client.list_jobs(page_size=min(limit, 1_000)):
            found.append(job)
            if len(found) == limit:
                break
        return found

    async def work() -> ExitCode:
        async with running(server, data_folder(data)) as service:
            _print([_row(job) for job in await service.call(read)])
        return ExitCode.DELIVERED

    run(work())


def _row(job: "Job") -> tuple[str, ...]:
    from kinescribe.cli.ending import status_word  # noqa: PLC0415 -- with grpc

    return (
        job.job_id,
        status_word(job),
        f"{job.progress.percent:.0f}%",
        str(job.progress.segments),
        job.create_time.ToDatetime().strftime("%Y-%m-%d %H:%M:%SZ"),
        harmless(job.labels["source"]) if "source" in job.labels else "",
    )


def _print(rows: list[tuple[str, ...]]) -> None:
    if not sys.stdout.isatty():
        for row in rows:
            print(*row, sep="\t")  # noqa: T201 -- this is the output
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    # What is cut off of an identifier cannot be given to `watch`.
    table = Table(Column(_TITLES[0], no_wrap=True), *_TITLES[1:], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
