"""`kinescribe download`: fetches what a job has made."""

from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from kinescribe.cli.exits import ExitCode
from kinescribe.cli.parameters import Data, JobId, Server, data_folder
from kinescribe.cli.run import complain, refuse, run


def download(
    job_id: JobId,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME…]",
            show_default=False,
            help="The artifacts, for example captions.vtt. Without any: the film and what stands beside it.",
        ),
    ] = None,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="DIR", help="The folder to write into.", show_default=False)
    ] = ".",
    server: Server = None,
    data: Data = None,
) -> None:
    """Fetch the files of a job.

    A download that broke off goes on where it did. A file appears whole and checked, or not at all.
    """
    folder = Path(out)
    refused = [f"{name}: not the name of an artifact" for name in names or () if place(folder, name) is None]
    if refused:
        refuse(refused)

    from kinescribe.cli.service import running  # noqa: PLC0415 -- with grpc, which --help does not need
    from kinescribe.client import Client  # noqa: PLC0415

    async def work() -> ExitCode:
        async with running(server, data_folder(data)) as service:
            wanted = names
            if not wanted:
                job = await service.call(partial(Client.get_job, job_id=job_id))
                wanted = [artifact.name for artifact in (*job.video.extras, job.video.film) if artifact.name]
                if not wanted:
                    refuse([f"job {job_id} has no film, or not yet"])
            for name in wanted:
                path = place(folder, name)
                if path is not None:
                    try:
                        await service.call(partial(Client.download, job_id=job_id, name=name, path=path))
                    except OSError as error:
                        complain(f"{path}: cannot be written: {error.strerror}")
                        return ExitCode.FAILED
                    print(path)  # noqa: T201 -- this is the output
        return ExitCode.DELIVERED

    run(work())


def place(folder: Path, name: str) -> Path | None:
    """Where an artifact goes; None for a name that would lead out of the folder."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or ":" in name or ".." in parts:
        return None
    return folder.joinpath(*parts)
