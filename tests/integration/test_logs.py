"""What the lines of the log say: whose they are, from the call to the last worker process."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.integration.http_calls import ROOT, SMALL, call, finished
from tests.robustness.history import record

from kinescribe.v1 import job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import maker_table, run_service
from kinescribe_server.config import Settings
from kinescribe_server.jobs.makers import MakerSpec
from kinescribe_server.logs import trace_id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


async def test_every_line_of_a_job_has_the_trace_id_of_its_call(data_folder: Path, tmp_path: Path) -> None:
    log, settings = tmp_path / "log", Settings(kinescribe_drain_seconds=0)
    table = maker_table(settings)
    slide = MakerSpec("says_so", "tests.robustness.makers:says_so")
    makers = dataclasses.replace(table, visuals={**table.visuals, "slide": (slide,)})
    request = video_service_pb2.GenerateVideoRequest(
        script=script_pb2.Script(scenes=[script_pb2.Scene(narration="Rain falls.")]),
        options=job_pb2.VideoOptions(width=320, height=320),
    )
    async with (
        run_service(data_folder, log_file=log, settings=settings, makers=makers) as service,
        grpc.aio.insecure_channel(service.address) as channel,
    ):
        stub = video_service_pb2_grpc.VideoServiceStub(channel)
        call = stub.GenerateVideo(request, metadata=(("traceparent", TRACEPARENT),))
        job_id = (await call).job.job_id
        assert dict(await call.initial_metadata())["trace-id"] == TRACE
        await record(service.address, job_id)
    of_job = [line for line in _lines(log) if line.get("job_id") == job_id]
    assert {line["trace_id"] for line in of_job} == {TRACE}
    (generated,) = (line for line in of_job if line["message"] == "call")
    assert generated["method"].endswith("/GenerateVideo")
    steps = {line["step"]: (line["segment"], line["attempt"]) for line in of_job if line["message"] == "step done"}
    assert steps == {
        "script": (None, 1),
        **dict.fromkeys(("speech:0", "visual:0", "render:0"), (0, 1)),
        "compose": (None, 1),
    }
    (drawn,) = (line for line in of_job if line["message"] == "a slide is drawn")
    assert (drawn["step"], drawn["segment"], drawn["attempt"]) == ("visual:0", 0, 1)
    assert {line["trace_id"] for line in _lines(log) if line["message"] == "call"} > {TRACE}  # the watch has its own


async def test_a_call_that_fails_has_a_trace_id_too(data_folder: Path, tmp_path: Path) -> None:
    async with (
        run_service(data_folder, log_file=tmp_path / "log") as service,
        grpc.aio.insecure_channel(service.address) as channel,
    ):
        stub = video_service_pb2_grpc.VideoServiceStub(channel)
        lost = stub.GetJob(video_service_pb2.GetJobRequest(job_id="lost"))
        assert await lost.code() == grpc.StatusCode.NOT_FOUND
        trace_id = dict(await lost.initial_metadata())["trace-id"]
        stream = stub.WatchJob(video_service_pb2.WatchJobRequest(job_id="lost"))
        assert await stream.code() == grpc.StatusCode.NOT_FOUND
        assert len(dict(await stream.initial_metadata())["trace-id"]) == 32
    (line,) = (line for line in _lines(tmp_path / "log") if line.get("method", "").endswith("/GetJob"))
    assert line["trace_id"] == trace_id


async def test_a_call_over_http_passes_its_trace_id_on(data_folder: Path, tmp_path: Path) -> None:
    async with run_service(data_folder, http="127.0.0.1:0", log_file=tmp_path / "log") as service:
        body = {"source_text": "Rain falls.", "options": SMALL}
        answer = await call(service.http_address, "POST", f"{ROOT}/generate", body, {"traceparent": TRACEPARENT})
        assert answer.headers["trace-id"] == TRACE
        await finished(service.http_address, answer.json["job_id"])
    of_job = [line for line in _lines(tmp_path / "log") if line.get("job_id") == answer.json["job_id"]]
    assert len(of_job) > 1
    assert {line["trace_id"] for line in of_job} == {TRACE}


@pytest.mark.parametrize(
    ("traceparent", "is_taken"),
    [
        (TRACEPARENT, True),
        (f"01-{TRACE}-00f067aa0ba902b7-01-more", True),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE}", False),
        ("x" * 10_000, False),
        ("", False),
    ],
)
def test_a_traceparent_is_taken_if_it_is_one(traceparent: str, is_taken: bool) -> None:
    trace_id = trace_id_of(traceparent)
    assert (trace_id == TRACE) == is_taken
    assert len(trace_id) == 32
    assert trace_id != trace_id_of() or is_taken
