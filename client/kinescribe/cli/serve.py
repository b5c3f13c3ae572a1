"""`kinescribe serve`: the service on its own."""

import sys
from typing import Annotated

import typer

from kinescribe.cli.exits import ExitCode
from kinescribe.cli.parameters import Data, check_address, check_http, data_folder
from kinescribe.cli.run import run


def serve(
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", callback=check_address, help="Where to listen for gRPC calls.")
    ] = "127.0.0.1:50051",
    http: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT|off", callback=check_http, help="Where to listen for HTTP calls, or `off` for nowhere."
        ),
    ] = "127.0.0.1:8000",
    data: Data = None,
) -> None:
    """Run the service until Ctrl-C or SIGTERM.

    Its log, one JSON object a line, goes to standard output.
    """
    from kinescribe.embedded import serve as serve_folder  # noqa: PLC0415 -- with grpc, which --help does not need

    folder = data_folder(data)

    def announce(address: str, http_address: str) -> None:
        also = f" and http://{http_address}" if http_address else ""
        print(f"kinescribe: serving on {address}{also}, data in {folder}", file=sys.stderr, flush=True)  # noqa: T201

    async def work() -> ExitCode:
        await serve_folder(folder, listen, http, announce)
        return ExitCode.DELIVERED

    run(work())
