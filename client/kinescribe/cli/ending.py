"""How a job ended, for people and for the exit code."""

from kinescribe.cli.exits import ExitCode
from kinescribe.errors import from_status
from kinescribe.v1 import event_pb2, job_pb2

# The reason with which a job fails under --strict, and only because of that.
_DEGRADED = "DEGRADED"


def exit_code(finished: event_pb2.JobFinished) -> ExitCode:
    if finished.status == job_pb2.JOB_STATUS_SUCCEEDED:
        return ExitCode.DELIVERED
    return ExitCode.DEGRADED if from_status(finished.error).reason == _DEGRADED else ExitCode.FAILED


def status_word(job: job_pb2.Job) -> str:
    """The job's status in lower case; a number for one that only a newer service knows."""
    if job.status not in job_pb2.JobStatus.values():
        return f"status {job.status}"
    return job_pb2.JobStatus.Name(job.status).removeprefix("JOB_STATUS_").lower()


def failure(finished: event_pb2.JobFinished) -> str:
    """Why there is no film."""
    if finished.status == job_pb2.JOB_STATUS_CANCELLED:
        return "cancelled"
    error = from_status(finished.error)
    return f"failed: {error.reason}: {error.message}"


def warning_lines(job: job_pb2.Job) -> list[str]:
    """What was replaced, left out or degraded. Scenes are counted from 1 and named by their titles."""
    titles = {segment.segment_index: segment.title for segment in job.segments}
    lines = []
    for warning in job.warnings:
        where = ""
        if warning.HasField("segment_index"):
            title = titles.get(warning.segment_index, "")
            where = f"scene {warning.segment_index + 1}{f' “{title}”' if title else ''}: "
        lines.append(f"{where}{warning.reason}: {warning.message}")
    return lines
