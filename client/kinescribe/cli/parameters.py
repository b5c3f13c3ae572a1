"""The options that several commands have."""

import re
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

DATA_VARIABLE = "KINESCRIBE_DATA"
_DEFAULT_DATA = platformdirs.user_cache_path("kinescribe")


def data_folder(given: Path | None) -> Path:
    """The folder in use. Absolute, since the service may look at it from elsewhere."""
    return (given or _DEFAULT_DATA).expanduser().absolute()


def check_address(value: str | None) -> str | None:
    """HOST:PORT, as typer checks an option."""
    if value is None:
        return None
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.%\w]+\]|[^\s:/\[\]]+):([0-9]{1,5})", value)
    if match is None or int(match[2]) > 65_535:
        raise typer.BadParameter(f'"{value}" is not HOST:PORT, for example 127.0.0.1:50051')
    return value


def check_http(value: str | None) -> str | None:
    """HOST:PORT or "off", as typer checks an option."""
    return value if value == "off" else check_address(value)


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar=DATA_VARIABLE,
        file_okay=False,
        show_default=False,
        help="The folder of jobs and stored results. One service runs on it; further commands join that one. "
        f"Default {_DEFAULT_DATA}.",
    ),
]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="HOST:PORT",
        callback=check_address,
        show_default=False,
        help="The service to use. Without it: that of the data folder if one runs, else 127.0.0.1:50051.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print each message of the watch as one line of proto3 JSON, and nothing else.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show problems only.")]
JobId = Annotated[str, typer.Argument(metavar="JOB_ID", help="The job.", show_default=False)]
