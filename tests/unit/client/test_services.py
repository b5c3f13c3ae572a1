"""A command finds the service that runs."""

import json
from functools import partial
from pathlib import Path

import pytest

from kinescribe import Client, Unavailable
from kinescribe.cli.download import place
from kinescribe.cli.ending import exit_code, failure, warning_lines
from kinescribe.cli.exits import ExitCode, worst
from kinescribe.cli.service import folder_address, read_address, running
from kinescribe.v1 import event_pb2, job_pb2

from .conftest import JOB, fail_status


def note(folder: Path, address: str) -> None:
    (folder / "service.json").write_text(json.dumps({"address": address, "pid": 1}))


async def test_the_service_of_the_data_folder_is_used_where_it_answers(address: str, tmp_path: Path) -> None:
    note(tmp_path, address)
    assert await folder_address(tmp_path) == address
    async with running(None, tmp_path) as service:
        assert (await service.call(partial(Client.get_job, job_id=JOB))).job_id == JOB


async def test_what_a_dead_service_wrote_down_is_not_believed(free_address: str, tmp_path: Path) -> None:
    note(tmp_path, free_address)
    assert await folder_address(tmp_path) is None


async def test_a_named_service_is_used_whatever_else_runs(address: str, free_address: str, tmp_path: Path) -> None:
    note(tmp_path, address)
    async with running(free_address, tmp_path) as service:
        with pytest.raises(Unavailable, match=free_address):
            await service.call(partial(Client.get_job, job_id=JOB))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"address": 7}', '{"address": ""}'])
def test_a_note_that_cannot_be_read_names_no_service(tmp_path: Path, content: str) -> None:
    (tmp_path / "service.json").write_text(content)
    assert read_address(tmp_path / "service.json") is None


def test_the_worst_exit_code_counts() -> None:
    assert worst([]) is ExitCode.DELIVERED
    assert worst([ExitCode.DEGRADED, ExitCode.DELIVERED]) is ExitCode.DEGRADED
    assert worst([ExitCode.FAILED, ExitCode.DEGRADED]) is ExitCode.FAILED


def test_the_end_of_a_job_becomes_an_exit_code() -> None:
    succeeded = event_pb2.JobFinished(status=job_pb2.JOB_STATUS_SUCCEEDED, degraded_segments=1)
    degraded = event_pb2.JobFinished(status=job_pb2.JOB_STATUS_FAILED, error=fail_status("DEGRADED", "1 scene"))
    failed = event_pb2.JobFinished(status=job_pb2.JOB_STATUS_FAILED, error=fail_status("WORKER_LOST", "gone"))
    cancelled = event_pb2.JobFinished(status=job_pb2.JOB_STATUS_CANCELLED)
    codes = [exit_code(finished) for finished in (succeeded, degraded, failed, cancelled)]
    assert codes == [ExitCode.DELIVERED, ExitCode.DEGRADED, ExitCode.FAILED, ExitCode.FAILED]
    assert failure(failed) == "failed: WORKER_LOST: gone"
    assert failure(cancelled) == "cancelled"


def test_warnings_name_their_scene_as_people_count() -> None:
    job = job_pb2.Job(
        segments=[job_pb2.Segment(segment_index=0, title="Start"), job_pb2.Segment(segment_index=1)],
        warnings=[
            job_pb2.Warning(segment_index=0, reason="VISUAL_FAILED", message="line 2: unknown arrow"),
            job_pb2.Warning(segment_index=1, reason="VISUAL_FAILED", message="too large"),
            job_pb2.Warning(reason="LINK_LEFT_OUT", message="a link was left out"),
        ],
    )
    assert warning_lines(job) == [
        "scene 1 “Start”: VISUAL_FAILED: line 2: unknown arrow",
        "scene 2: VISUAL_FAILED: too large",
        "LINK_LEFT_OUT: a link was left out",
    ]


def test_an_artifact_never_leaves_its_folder() -> None:
    folder = Path("out")
    assert place(folder, "segments/0003/audio.wav") == Path("out/segments/0003/audio.wav")
    for name in ("../film.mp4", "a/../../film.mp4", "/etc/passwd", "", ".", "..\\film.mp4", "c:film.mp4"):
        assert place(folder, name) is None
