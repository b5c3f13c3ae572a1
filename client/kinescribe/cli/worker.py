"""`kinescribe worker`: runs the steps of a service on this machine."""

import sys
from typing import Annotated

import typer

from kinescribe.cli.exits import ExitCode
from kinescribe.cli.parameters import Data, data_folder
from kinescribe.cli.run import run


def worker(
    queues: Annotated[
        str,
        typer.Option(
            "--queues", "-Q", metavar="NAMES", help="Some of script,speech,visual,render. Default: all of them."
        ),
    ] = "",
    processes: Annotated[
        int | None,
        typer.Option(
            "--concurrency", "-c", metavar="N", min=1, show_default=False, help="Processes for each of the queues."
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Run the steps of a service that has ENGINE=celery, until Ctrl-C or SIGTERM.

    The worker needs the service's data folder and its Redis (REDIS_URL), and the broker if it is another one
    (CELERY_BROKER_URL). What is in hand when it is told to stop is finished or handed back.
    """
    from kinescribe.embedded import work  # noqa: PLC0415 -- with grpc, which --help does not need

    names = [name.strip() for name in queues.split(",") if name.strip()]

    def announce(name: str, takes: str) -> None:
        print(f"kinescribe: worker {name} takes {takes}", file=sys.stderr, flush=True)  # noqa: T201

    async def run_worker() -> ExitCode:
        await work(data_folder(data), names, processes, announce)
        return ExitCode.DELIVERED

    run(run_worker())
