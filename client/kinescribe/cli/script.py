"""`kinescribe script`: the script that a film of a text would have, to be read, edited and rendered."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kinescribe.cli.exits import ExitCode
from kinescribe.cli.film_options import FilmOptions, GivenOptions
from kinescribe.cli.inputs import SCRIPT_SUFFIXES, BadInputError, SourceText, gather, read_script_file
from kinescribe.cli.parameters import Data, check_address, data_folder
from kinescribe.cli.project import find_project_file, read_project
from kinescribe.cli.run import complain, refuse, run
from kinescribe.cli.words import counted

if TYPE_CHECKING:
    from kinescribe.cli.pictures import Pictures
    from kinescribe.script_file import ScriptFile


def script(
    file: Annotated[
        str, typer.Argument(metavar="FILE", show_default=False, help="A text in Markdown or plain prose, or -.")
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            dir_okay=False,
            show_default=False,
            help="Where to write it, instead of printing.",
        ),
    ] = None,
    form: Annotated[
        Literal["yaml", "json"] | None,
        typer.Option("--format", show_default=False, help="Default: what -o or --update ends in, else yaml."),
    ] = None,
    update: Annotated[
        Path | None,
        typer.Option(
            metavar="SCRIPT",
            exists=True,
            dir_okay=False,
            show_default=False,
            help="A script that was printed before and edited: its scenes stay wherever the text has not changed.",
        ),
    ] = None,
    language: Annotated[
        str, typer.Option(metavar="TAG", show_default=False, help="The language of the text, for example en.")
    ] = "",
    writer: Annotated[
        str, typer.Option(metavar="NAME", show_default=False, help="Who writes it: offline, or llm where one is set.")
    ] = "",
    server: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            callback=check_address,
            show_default=False,
            help="The service to use. Without it the service of the data folder, run inside this command if need be.",
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Print the script that would be made of a text.

    Edit it and give it to `render`. With --update the edits of an older script are kept: a scene is taken from there if
    what it was made from has not changed, and scenes that you added yourself stay where they were. A scene that you
    deleted comes back; scenes whose text is gone, go. Title and language stay as in the older script.
    """
    sources, problems = gather([file])
    if not problems and (len(sources) != 1 or sources[0].script):
        problems = [f"{file}: expected one text in Markdown or plain prose"]
    edited: ScriptFile | None = None
    if update is not None:
        try:
            edited = read_script_file(update)
        except BadInputError as error:
            problems += [f"{update}: {problem}" for problem in error.problems]
    project = FilmOptions()
    if project_file := find_project_file(Path.cwd(), Path.home()):
        project, project_problems = read_project(project_file)
        problems += project_problems

    from kinescribe.cli.pictures import pictures_of  # noqa: PLC0415 -- with the Markdown parser

    pictures = [pictures_of(source) for source in sources]
    for found in pictures:
        problems += found.problems
    if problems:
        refuse(problems)
    given = GivenOptions(FilmOptions(language=language, writer=writer), project, project_file)
    as_json = (form or _form_of(out or update)) == "json"
    wanted = _Wanted(sources[0], pictures[0], given, edited, out, as_json)
    run(_print(wanted, server, data_folder(data)))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A text with its pictures and options, the older script, and how and where to write the new one."""

    source: SourceText
    pictures: "Pictures"
    given: GivenOptions
    edited: "ScriptFile | None"
    out: Path | None
    as_json: bool


def _form_of(path: Path | None) -> str:
    return "json" if path and path.suffix.lower() == SCRIPT_SUFFIXES[-1] else "yaml"


async def _print(wanted: _Wanted, server: str | None, data_dir: Path) -> ExitCode:
    from kinescribe.cli.batch import preview  # noqa: PLC0415 -- with grpc, which --help does not need
    from kinescribe.script_file import update_script, write_script  # noqa: PLC0415

    reply = await preview(wanted.source, wanted.pictures.files, wanted.given, server=server, data_dir=data_dir)
    name = wanted.source.name
    for line in (*wanted.pictures.warnings, *(f"{name}: {said.reason}: {said.message}" for said in reply.warnings)):
        complain(line)
    made = reply.script
    if wanted.edited:
        updated = update_script(wanted.edited.script, made)
        made = updated.script
        complain(f"{counted(updated.kept, 'scene')} of {len(made.scenes):,} as in the older script")
        for title in updated.gone:
            complain(f"gone with its text: “{title}”")
    return _write(write_script(made, as_json=wanted.as_json), wanted.out)


def _write(text: str, out: Path | None) -> ExitCode:
    if out is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return ExitCode.DELIVERED
    try:
        write_whole(text, out)
    except OSError as error:
        complain(f"{out}: cannot be written: {error.strerror}")
        return ExitCode.FAILED
    return ExitCode.DELIVERED


def write_whole(text: str, out: Path) -> None:
    """Writes a file that appears whole: the script that it replaces may hold edits. Raises OSError."""
    if out.exists() and not out.is_file():  # a pipe or a device
        out.write_text(text, encoding="utf-8")
        return
    file = out.resolve()  # a link stays one
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("w", encoding="utf-8") as writing:
            writing.write(text)
            writing.flush()
            os.fsync(writing.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
