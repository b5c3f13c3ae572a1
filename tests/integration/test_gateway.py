"""The HTTP edge of a whole service, as curl and browsers use it."""

import asyncio
import hashlib
import json
import time
from pathlib import Path

import pytest
from tests.integration.http_calls import JSON, ROOT, SMALL, call, finished, generate, parsed
from tests.robustness.history import record

from kinescribe_server.app import Service, run_service
from kinescribe_server.config import Settings

TEXT = "# Tides\n\nThe Moon pulls at the sea, and the sea follows it.\n\n# Wind\n\nAir moves from high to low.\n"


async def test_a_text_becomes_a_film_over_http(http_service: Service) -> None:
    at = http_service.http_address
    assert (await call(at, "GET", "/health")).json["status"] == "SERVING"
    started = await call(at, "POST", f"{ROOT}/generate", {"source_text": TEXT, "options": SMALL})
    assert (started.code, started.json["status"]) == (202, "pending")
    job_id, status_url = started.json["job_id"], started.json["status_url"]
    assert started.headers["location"] == status_url

    events = await finished(at, job_id)
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    assert "job_finished" in events[-1][1]
    told = await record(http_service.address, job_id)
    assert [event["chain"] for _, event in events] == [event.chain for event in told.events]

    job = (await call(at, "GET", status_url)).json
    assert (job["status"], job["progress"]["percent"], job["warnings"]) == ("succeeded", 100.0, [])
    assert "script" not in job
    film = await call(at, "GET", job["video_url"])
    assert film.headers["content-type"] == "video/mp4"
    assert hashlib.sha256(film.body).hexdigest() == job["video"]["film"]["sha256"]
    full = (await call(at, "GET", f"{status_url}?view=full")).json
    artifacts = [*job["video"]["extras"], *(one for segment in full["segments"] for one in segment["artifacts"])]
    for artifact in artifacts:
        got = await call(at, "GET", artifact["url"])
        assert (got.code, len(got.body)) == (200, int(artifact["size_bytes"]))
        assert got.headers["content-type"] == artifact["media_type"]
        assert got.headers["x-content-type-options"] == "nosniff"


async def test_events_resume_after_the_last_one_that_was_seen_and_end_with_204(http_service: Service) -> None:
    at = http_service.http_address
    job_id = await generate(at, source_text="Rain falls.")
    everything = await finished(at, job_id)
    last = everything[-1][0]
    rest = await call(at, "GET", f"{ROOT}/events/{job_id}", headers={"Last-Event-ID": "3"})
    assert parsed(rest.body) == everything[3:]
    assert (await call(at, "GET", f"{ROOT}/events/{job_id}", headers={"Last-Event-ID": str(last)})).code == 204
    future = await call(at, "GET", f"{ROOT}/events/{job_id}", headers={"Last-Event-ID": str(last + 1)})
    assert (future.code, future.reason) == (400, "SEQUENCE_IN_FUTURE")
    wrong = await call(at, "GET", f"{ROOT}/events/{job_id}", headers={"Last-Event-ID": "x"})
    assert (wrong.code, wrong.reason) == (400, "INVALID_REQUEST")


async def test_ranges_of_a_film_are_its_bytes(http_service: Service) -> None:
    at = http_service.http_address
    job_id = await generate(at, source_text="Rain falls on the sea.")
    await finished(at, job_id)
    url = f"{ROOT}/files/{job_id}/film.mp4"
    whole = await call(at, "GET", url)
    size, tag = len(whole.body), whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, first, last in [
        ("bytes=0-99", 0, 99),
        ("bytes=1000-", 1000, size - 1),
        ("bytes=-17", size - 17, size - 1),
        (f"bytes=5-{size * 2}", 5, size - 1),
    ]:
        part = await call(at, "GET", url, headers={"Range": asked})
        assert (part.code, part.body) == (206, whole.body[first : last + 1])
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        head = await call(at, "HEAD", url, headers={"Range": asked})
        assert (head.code, head.body, head.headers["content-length"]) == (206, b"", str(last - first + 1))
    beyond = await call(at, "GET", url, headers={"Range": f"bytes={size}-"})
    assert (beyond.code, beyond.headers["content-range"], beyond.reason) == (
        416,
        f"bytes */{size}",
        "RANGE_NOT_SATISFIABLE",
    )
    for ignored in ({"Range": "bytes=9-3"}, {"Range": "lines=0-1"}, {"Range": "bytes=0-1,4-5"}):
        assert (await call(at, "GET", url, headers=ignored)).body == whole.body
    assert (await call(at, "GET", url, headers={"Range": "bytes=0-9", "If-Range": tag})).code == 206
    assert (await call(at, "GET", url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})).code == 200
    assert (await call(at, "GET", url, headers={"If-None-Match": tag})).code == 304
    saved = await call(at, "GET", f"{url}?download=1")
    assert saved.headers["content-disposition"] == 'attachment; filename="film.mp4"'


async def test_a_finished_playlist_is_the_film_and_a_cancelled_job_has_an_end_too(http_service: Service) -> None:
    at = http_service.http_address
    job_id = await generate(at, source_text=TEXT * 2)
    early = await call(at, "GET", f"{ROOT}/hls/{job_id}/film.m3u8")  # held back until there is something to play
    assert early.headers["content-type"] == "application/vnd.apple.mpegurl"
    while b"#EXTINF" not in early.body:  # though not for ever
        early = await call(at, "GET", f"{ROOT}/hls/{job_id}/film.m3u8")
    await finished(at, job_id)
    playlist = (await call(at, "GET", f"{ROOT}/hls/{job_id}/film.m3u8")).body.decode()
    assert playlist.endswith("#EXT-X-ENDLIST\n")
    assert playlist.startswith(early.body.decode().removesuffix("#EXT-X-ENDLIST\n"))
    names = [line for line in playlist.splitlines() if not line.startswith("#")]
    seconds = sum(float(line[8:-1]) for line in playlist.splitlines() if line.startswith("#EXTINF:"))
    job = (await call(at, "GET", f"{ROOT}/status/{job_id}")).json
    assert seconds == pytest.approx(float(job["video"]["duration"].removesuffix("s")), abs=1e-3)
    for name in ["init.mp4", *names]:
        piece = await call(at, "GET", f"{ROOT}/hls/{job_id}/{name}")
        assert piece.code == 200 and "immutable" in piece.headers["cache-control"]
    assert (await call(at, "GET", f"{ROOT}/hls/{job_id}/9999-00.m4s")).code == 404

    cancelled = await generate(at, source_text="Another text. " * 200)
    assert (await call(at, "POST", f"{ROOT}/cancel/{cancelled}")).json["status"] in {"cancelling", "cancelled"}
    await finished(at, cancelled)
    assert (await call(at, "GET", f"{ROOT}/status/{cancelled}")).json["error"]["reason"] == "CANCELLED"
    assert (await call(at, "GET", f"{ROOT}/hls/{cancelled}/film.m3u8")).body.endswith(b"#EXT-X-ENDLIST\n")


async def test_whoever_names_the_part_it_waits_for_gets_the_playlist_with_it(http_service: Service) -> None:
    at = http_service.http_address
    job_id = await generate(at, source_text="\n\n".join(f"# Part {n}\n\nRain falls on part {n}." for n in range(4)))
    wanted, playlist = 0, ""
    while not playlist.endswith("#EXT-X-ENDLIST\n"):
        asked = time.monotonic()
        answer = await call(at, "GET", f"{ROOT}/hls/{job_id}/film.m3u8?_HLS_msn={wanted}")
        playlist = answer.body.decode()
        complete, held = playlist.endswith("#EXT-X-ENDLIST\n"), time.monotonic() - asked
        assert playlist.count("#EXTINF") > wanted or complete or held > 5
        wanted = playlist.count("#EXTINF")


BAD_REQUESTS: list[tuple[object, str, str]] = [
    ({}, "source", "nothing was given"),
    ({"source_text": "x", "soource": 1}, "soource", "there is no such field; allowed: source_text,"),
    ({"sourceText": "x", "options": {"them": 1}}, "options.them", "there is no such field"),
    ({"source_text": 5}, "source_text", "expected string"),
    ({"source_text": "x", "options": {"width": 7}}, "options.width", "7 is not an even number"),
    ({"source_text": "---\nkinescribe:\n  theme: nowhere\n---\nx"}, "source_text", "nowhere"),
    (["source_text"], "", "a JSON object is needed"),
    (b"{", "", "Expecting property name"),
    (b"\xff", "", "not UTF-8"),
    (b"[" * 100_000, "", "a JSON object is needed"),
    (b'{"a":' * 100_000, "", "recursion"),
    (b'{"source_text": "\\ud800"}', "", "surrogate"),
]


async def test_a_bad_request_is_told_by_field(gate: str) -> None:
    for body, field, said in BAD_REQUESTS:
        answer = await call(gate, "POST", f"{ROOT}/generate", body, JSON)
        assert (answer.code, answer.reason) == (400, "INVALID_REQUEST")
        told = answer.json["error"]["violations"]
        assert any(field == one["field"] and said in one["description"] for one in told), (body, told)


async def test_what_http_alone_can_get_wrong_has_the_same_shape(gate: str) -> None:
    large = await call(gate, "POST", f"{ROOT}/generate", {"source_text": "x" * (3 << 20)})
    assert (large.code, large.reason) == (413, "REQUEST_TOO_LARGE")
    form = await call(gate, "POST", f"{ROOT}/generate", b"source_text=x", {"Content-Type": "text/plain"})
    assert (form.code, form.reason) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert (await call(gate, "GET", "/api/v1/nothing")).reason == "PATH_NOT_FOUND"
    put = await call(gate, "PUT", "/health")
    assert (put.code, put.reason) == (405, "METHOD_NOT_ALLOWED")
    assert put.json["error"]["message"] == "PUT is not taken at /health; allowed: GET"
    for path in ("status/0", "events/0", "hls/0/film.m3u8", "hls/0/init.mp4", "files/0/film.mp4"):
        answer = await call(gate, "GET", f"{ROOT}/{path}")
        assert (answer.code, answer.reason) == (404, "JOB_NOT_FOUND")
    assert (await call(gate, "POST", f"{ROOT}/cancel/0")).code == 404
    assert (await call(gate, "GET", f"{ROOT}/hls/0/film.m3u8?_HLS_msn=x")).reason == "INVALID_REQUEST"
    assert "'basic' or 'full'" in (await call(gate, "GET", f"{ROOT}/status/0?view=all")).json["error"]["message"]


async def test_every_call_is_described_once(gate: str) -> None:
    described = await call(gate, "GET", "/api/v1/openapi.json")
    names = [call["operationId"] for path in described.json["paths"].values() for call in path.values()]
    assert names
    assert len(names) == len(set(names))


async def test_names_are_looked_up_and_never_are_paths(gate: str) -> None:
    job_id = await generate(gate, source_text="Rain falls.")
    await finished(gate, job_id)
    for name in ("..%2f..%2fservice.json", "%2e%2e/%2e%2e/service.json", "/etc/passwd", "film.mp4%00", "segments"):
        answer = await call(gate, "GET", f"{ROOT}/files/{job_id}/{name}")
        assert (answer.code, answer.reason) in {(404, "ARTIFACT_NOT_FOUND"), (404, "PATH_NOT_FOUND")}


async def test_a_full_queue_says_when_to_come_back(data_folder: Path, tmp_path: Path) -> None:
    settings = Settings(kinescribe_queue_limit=1)
    log = tmp_path / "service.log"
    async with run_service(data_folder, http="127.0.0.1:0", log_file=log, settings=settings) as service:
        await generate(service.http_address, source_text=TEXT * 20)
        second = await call(service.http_address, "POST", f"{ROOT}/generate", {"source_text": "More."})
        assert (second.code, second.reason) == (429, "QUEUE_FULL")
        assert int(second.headers["retry-after"]) > 0


async def test_one_request_id_is_one_job_and_a_check_is_none(gate: str) -> None:
    request = {"source_text": "Rain falls.", "options": SMALL, "request_id": "one"}
    first, again = [await call(gate, "POST", f"{ROOT}/generate", request) for _ in range(2)]
    assert first.json["job_id"] == again.json["job_id"]
    assert (first.json["deduplicated"], again.json["deduplicated"]) == (False, True)
    other = await call(gate, "POST", f"{ROOT}/generate", {**request, "source_text": "Snow."})
    assert (other.code, other.reason) == (400, "REQUEST_ID_REUSED")
    checked = await call(gate, "POST", f"{ROOT}/generate", {"source_text": "Rain.", "validate_only": True})
    assert (checked.code, checked.json) == (200, {"valid": True})


async def test_a_port_in_use_is_told(http_service: Service, tmp_path: Path) -> None:
    taken = http_service.http_address
    with pytest.raises(OSError, match=rf"cannot listen on {taken} for HTTP"):
        async with run_service(tmp_path / "other", http=taken, log_file=tmp_path / "other.log"):
            pass


async def test_ending_answers_those_who_wait_and_breaks_off_the_rest_without_a_word(
    data_folder: Path, tmp_path: Path
) -> None:
    settings = Settings(kinescribe_drain_seconds=0)
    log = tmp_path / "service.log"
    async with run_service(data_folder, http="127.0.0.1:0", log_file=log, settings=settings) as service:
        at = service.http_address
        job_id = await generate(at, source_text=TEXT * 20)
        watching, watcher = await sent(at, f"GET {ROOT}/events/{job_id} HTTP/1.1\r\nHost: x\r\n\r\n")
        await watching.readuntil(b"id: 1")
        held, player = await sent(at, f"GET {ROOT}/hls/{job_id}/film.m3u8?_HLS_msn=9999 HTTP/1.1\r\nHost: x\r\n\r\n")
        unfinished, uploader = await sent(at, UNFINISHED)
        await call(at, "GET", "/health")  # by now the others are being answered
    assert b"SERVER_DRAINING" in await watching.read()
    playlist = await held.read()
    assert playlist.startswith(b"HTTP/1.1 200") and b"#EXTM3U" in playlist
    assert await unfinished.read() == b""
    with pytest.raises(OSError):
        await call(at, "GET", "/health")
    assert faults(log) == []
    for writer in (watcher, player, uploader):
        writer.close()


async def test_a_client_that_leaves_in_the_middle_of_a_request_is_no_fault(data_folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    async with run_service(data_folder, http="127.0.0.1:0", log_file=log, settings=Settings()) as service:
        _, writer = await sent(service.http_address, UNFINISHED)
        writer.close()
        while "POST" not in log.read_text():  # the call is over
            await call(service.http_address, "GET", "/health")
    assert faults(log) == []


UNFINISHED = (
    f"POST {ROOT}/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{"
)


async def sent(at: str, request: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which a request was sent."""
    host, _, port = at.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request.encode())
    return reader, writer


def faults(log: Path) -> list[str]:
    """What a log says is wrong."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line["message"] for line in lines if line["level"] not in {"DEBUG", "INFO"}]
