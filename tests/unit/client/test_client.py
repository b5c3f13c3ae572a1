"""Calls of the client are safe to repeat, complete and typed."""

import pytest

from kinescribe import Client, InvalidRequest, Unavailable, Violation
from kinescribe.v1 import job_pb2, script_pb2
from kinescribe.v1 import video_service_pb2 as wire

from .conftest import JOB, ScriptedService


async def test_a_call_that_found_the_server_unavailable_is_repeated_with_the_same_request_id(
    service: ScriptedService, address: str
) -> None:
    service.unavailable_calls = 2
    async with Client(address) as client:
        job = await client.generate(text="Hello.")
    assert job.job_id == JOB
    request_ids = {request.request_id for request in service.requests if isinstance(request, wire.GenerateVideoRequest)}
    assert len(service.requests) == 3
    assert len(request_ids) == 1
    assert request_ids != {""}


async def test_two_films_of_one_text_are_two_requests(service: ScriptedService, address: str) -> None:
    async with Client(address) as client:
        await client.generate(text="Hello.")
        await client.generate(text="Hello.")
    first, second = service.requests
    assert isinstance(first, wire.GenerateVideoRequest)
    assert isinstance(second, wire.GenerateVideoRequest)
    assert first.request_id != second.request_id


async def test_a_bad_request_names_its_violations(service: ScriptedService, address: str) -> None:
    async with Client(address) as client:
        with pytest.raises(InvalidRequest) as raised:
            await client.validate(text="Hello.", options=job_pb2.VideoOptions(voice="bob"))
    assert raised.value.reason == "INVALID_REQUEST"
    assert not raised.value.retryable
    assert raised.value.violations == (Violation("options.voice", '"bob" is not known; allowed: heart'),)


async def test_no_service_is_unavailable(free_address: str) -> None:
    async with Client(free_address) as client:
        with pytest.raises(Unavailable) as raised:
            await client.get_job(JOB)
    assert raised.value.retryable


async def test_a_film_is_made_of_a_text_or_a_script(address: str) -> None:
    async with Client(address) as client:
        with pytest.raises(ValueError, match="exactly one"):
            await client.generate()


async def test_jobs_are_read_page_by_page(service: ScriptedService, address: str) -> None:
    service.jobs = [job_pb2.Job(job_id=f"job-{n}") for n in range(5)]
    async with Client(address) as client:
        found = [job.job_id async for job in client.list_jobs(page_size=2)]
    assert found == ["job-0", "job-1", "job-2", "job-3", "job-4"]
    assert len(service.requests) == 3


async def test_a_long_answer_is_read(service: ScriptedService, address: str) -> None:
    service.jobs = [job_pb2.Job(job_id="long", script=script_pb2.Script(title="x" * (5 << 20)))]
    async with Client(address) as client:
        assert [job async for job in client.list_jobs(page_size=1)] == service.jobs


async def test_a_proxy_is_not_asked_for_a_service_on_this_machine(
    address: str, free_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{free_address}")
    async with Client(address) as client:
        assert (await client.get_job(JOB)).job_id == JOB


async def test_each_call_says_what_it_is_asked_to(service: ScriptedService, address: str) -> None:
    async with Client(address) as client:
        assert (await client.get_job(JOB, full=True)).job_id == JOB
        assert (await client.cancel(JOB)).status == job_pb2.JOB_STATUS_CANCELLING
        await client.delete(JOB)
        assert (await client.preview_script("Hello.")).script.title == "Hello."
    assert service.requests == [
        wire.GetJobRequest(job_id=JOB, view=wire.JOB_VIEW_FULL),
        wire.CancelJobRequest(job_id=JOB),
        wire.DeleteJobRequest(job_id=JOB),
        wire.PreviewScriptRequest(source_text="Hello."),
    ]


async def test_an_attachment_goes_up_in_pieces(service: ScriptedService, address: str) -> None:
    content = bytes(range(256)) * 2_500
    async with Client(address) as client:
        assert await client.upload_attachment(content, "image/png") == "picture-1"
    assert service.attachment == content
    first, *rest = service.requests
    assert isinstance(first, wire.UploadAttachmentRequest)
    assert first.description.media_type == "image/png"
    assert len(rest) == 3
