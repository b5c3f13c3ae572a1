"""Runs a command's work and turns how it ended into an exit code."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import NoReturn

import typer

from kinescribe.cli.exits import ExitCode
from kinescribe.cli.words import harmless


def complain(line: str) -> None:
    """A problem, on standard error."""
    print(f"kinescribe: {harmless(line)}", file=sys.stderr, flush=True)  # noqa: T201 -- this is the terminal


def refuse(problems: Iterable[str]) -> NoReturn:
    """Ends the command before anything was started."""
    for problem in problems:
        complain(problem)
    raise typer.Exit(ExitCode.BAD_INPUT)


def run(work: Coroutine[None, None, ExitCode]) -> NoReturn:
    """Runs the work. Ctrl-C and SIGTERM cancel its task, which may tidy up; a second Ctrl-C ends it at once."""
    from kinescribe.embedded import ServiceStartError  # noqa: PLC0415 -- with grpc, which --help does not need
    from kinescribe.errors import InvalidRequest, KinescribeError  # noqa: PLC0415

    try:
        code = asyncio.run(_stoppable(work))
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = ExitCode.INTERRUPTED
    except InvalidRequest as error:
        for violation in error.violations:
            complain(f"{violation.field}: {violation.description}")
        if not error.violations:
            complain(error.message)
        code = ExitCode.BAD_INPUT
    except KinescribeError as error:
        complain(f"{error.reason}: {error.message}")
        code = ExitCode.FAILED
    except ServiceStartError as error:
        complain(str(error))
        code = ExitCode.FAILED
    raise typer.Exit(code)


async def _stoppable(work: Coroutine[None, None, ExitCode]) -> ExitCode:
    task = asyncio.current_task()
    if task is not None:
        with suppress(NotImplementedError):  # on Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work
