"""The command line: one small file for each command. What needs grpc is imported when a command runs, so that
`kinescribe --help` answers at once."""

import io
import os
import sys
from typing import Annotated

import typer

from kinescribe.cli.cancel import cancel
from kinescribe.cli.check import check
from kinescribe.cli.download import download
from kinescribe.cli.exits import ExitCode
from kinescribe.cli.jobs import jobs
from kinescribe.cli.render import render
from kinescribe.cli.run import complain
from kinescribe.cli.script import script
from kinescribe.cli.serve import serve
from kinescribe.cli.watch import watch
from kinescribe.cli.worker import worker

app = typer.Typer(
    name="kinescribe",
    help="Turn texts into narrated films, and watch every step of the way.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 -- slow, and seldom needed

        typer.echo(f"kinescribe {version('kinescribe')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


for _command in (render, script, serve, worker, watch, jobs, cancel, download, check):
    app.command()(_command)


def main() -> None:
    # gRPC's core writes every closed connection to standard error otherwise.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # JSON and scripts are UTF-8 wherever they go, names of files are the bytes that they are, and a reader that
        # has gone is noticed at the next line.
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape", line_buffering=True)
    try:
        app()
    except OSError as error:  # a full disk behind standard output; typer knows readers that have gone
        complain(str(error))
        # Python would complain again when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.FAILED)
