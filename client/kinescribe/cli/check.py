"""`kinescribe check`: whether a film is as it should be."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from kinescribe.cli.exits import ExitCode
from kinescribe.cli.run import complain, refuse
from kinescribe.cli.words import harmless

_TITLES = ("CHECK", "RESULT", "MEASURED", "LIMIT")
_STYLES = {"ok": "green", "failed": "bold red", "not applicable": "dim"}


def check(
    film: Annotated[Path, typer.Argument(metavar="FILM", show_default=False, help="Any MP4 file.")],
    *,
    full: Annotated[bool, typer.Option("--full", help="Decode every frame, not only key frames.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what is found as JSON.")] = False,
) -> None:
    """Check any MP4 file: its streams, times, loudness, pictures and captions.

    Captions are those in the film, or in a .vtt file of its name beside it. On a terminal as a table, elsewhere as
    lines with tabs between the fields. Ends with 0 if all is well, 1 if a check failed, and 2 if the file cannot be
    read.
    """
    from kinescribe.embedded import FilmUnreadableError, ServiceStartError, check_film  # noqa: PLC0415

    try:
        findings = check_film(film, full=full)
    except FilmUnreadableError as error:
        refuse([str(error)])
    except ServiceStartError as error:
        complain(str(error))
        raise typer.Exit(ExitCode.FAILED) from error
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    passed = all(finding["outcome"] != "failed" for finding in findings)
    if as_json:
        found = {"film": film.name, "passed": passed, "checks": findings}
        print(json.dumps(found, ensure_ascii=False, indent=2))  # noqa: T201 -- this is the output
    elif sys.stdout.isatty():
        _print_table(findings)
    else:
        _print_lines(findings)
    raise typer.Exit(ExitCode.DELIVERED if passed else ExitCode.FAILED)


def _row(finding: dict[str, Any]) -> tuple[str, str, str, str]:
    name, outcome, measured, limit = (finding[key] for key in ("name", "outcome", "measured", "limit"))
    return harmless(name), outcome.replace("_", " "), harmless(measured), harmless(limit)


def _print_lines(findings: list[dict[str, Any]]) -> None:
    for finding in findings:
        places = harmless("; ".join(finding["places"]))
        print(*_row(finding), *([places] if places else []), sep="\t")  # noqa: T201 -- this is the output


def _print_table(findings: list[dict[str, Any]]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*_TITLES, box=None, pad_edge=False)
    for finding in findings:
        name, outcome, measured, limit = _row(finding)
        table.add_row(Text(name), Text(outcome, _STYLES[outcome]), Text(measured), Text(limit, "dim"))
        for place in finding["places"]:
            table.add_row("", "", Text(f"  {harmless(place)}"), "")
    Console().print(table)
