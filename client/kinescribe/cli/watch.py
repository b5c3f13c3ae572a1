"""`kinescribe watch`: what happens in a job."""

from functools import partial
from typing import Annotated

import typer

from kinescribe.cli.exits import ExitCode
from kinescribe.cli.parameters import Data, JobId, Json, Quiet, Server, data_folder
from kinescribe.cli.run import run


def watch(
    job_id: JobId,
    *,
    server: Server = None,
    data: Data = None,
    after: Annotated[
        int, typer.Option(metavar="N", min=0, max=2**31 - 1, help="Start with the event after this one.")
    ] = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Watch a job until it has finished.

    The exit code is that of render. Ctrl-C ends the watch, not the job.
    """
    from kinescribe.cli.display import choose  # noqa: PLC0415 -- with grpc, which --help does not need
    from kinescribe.cli.ending import exit_code, failure, warning_lines  # noqa: PLC0415
    from kinescribe.cli.follow import follow  # noqa: PLC0415
    from kinescribe.cli.service import running  # noqa: PLC0415
    from kinescribe.client import Client  # noqa: PLC0415
    from kinescribe.v1 import job_pb2  # noqa: PLC0415

    async def work() -> ExitCode:
        async with running(server, data_folder(data)) as service:
            # Asked first: a job that is not there, or a service, is told at once and not waited for.
            await service.call(partial(Client.get_job, job_id=job_id))
            display = choose(json=json, quiet=quiet, films=1)
            with display:
                display.started(job_id, job_id)
                show = partial(display.message, job_id)
                finished = await follow(service, job_id, show, after_sequence=after, gauges=display.wants_gauges)
                job = await service.call(partial(Client.get_job, job_id=job_id, full=True))
                for line in warning_lines(job):
                    display.say(line)
                if finished.status != job_pb2.JOB_STATUS_SUCCEEDED:
                    display.say(failure(finished))
            return exit_code(finished)

    run(work())
