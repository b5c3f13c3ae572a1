"""`kinescribe cancel`: stops a job."""

from functools import partial

from kinescribe.cli.exits import ExitCode
from kinescribe.cli.parameters import Data, JobId, Server, data_folder
from kinescribe.cli.run import run


def cancel(job_id: JobId, server: Server = None, data: Data = None) -> None:
    """Stop a job. One that has finished stays as it is."""
    from kinescribe.cli.ending import status_word  # noqa: PLC0415 -- with grpc, which --help does not need
    from kinescribe.cli.service import running  # noqa: PLC0415
    from kinescribe.client import Client  # noqa: PLC0415

    async def work() -> ExitCode:
        async with running(server, data_folder(data)) as service:
            job = await service.call(partial(Client.cancel, job_id=job_id))
        print(job.job_id, status_word(job))  # noqa: T201 -- this is the output
        return ExitCode.DELIVERED

    run(work())
