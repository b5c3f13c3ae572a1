"""Films that are made with services of somebody else: a language model, a voice, Presenton and TeX, all at once."""

import json
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import jsonschema
import pytest
import pytest_asyncio
from tests.contract.remote.chat_server import completion, refusal, said, scene, script, wants
from tests.contract.remote.server import Asked, Reply
from tests.contract.remote.speech_server import SpeechService
from tests.integration.named_services import (
    FORMULA,
    KEYS,
    MODEL,
    SUBJECT,
    Film,
    House,
    Services,
    german,
    house,
    services,
)

import kinescribe_server.film.report as report_module
from kinescribe import Client
from kinescribe.errors import from_status
from kinescribe.v1 import catalog_service_pb2, catalog_service_pb2_grpc, job_pb2, script_pb2
from kinescribe_server.visuals.tex import is_installed

SCHEMA = json.loads((Path(report_module.__file__).parent / "report.schema.json").read_text())
ENGLISH = """# Rain

Rain is water that falls from the clouds when the drops have grown too heavy for the air to carry them.

The rivers take it back to the sea, where the sun lifts it up again, and so it goes round and round.
"""

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not is_installed(), reason="latex and dvisvgm are not installed"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Services]:
    with services() as providers, pytest.MonkeyPatch.context() as patch:
        for name, value in providers.environment().items():
            patch.setenv(name, value)
        yield providers


@pytest.fixture
def named(running: Services) -> Services:
    """All of them well, and asked for nothing yet."""
    running.recover()
    return running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(running: Services, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    with tempfile.TemporaryDirectory(prefix="k") as folder:
        async with house(Path(folder), tmp_path_factory.mktemp("home") / "service.log") as house_:
            yield house_


def _succeeded(film: Film) -> None:
    assert film.job.status == job_pb2.JOB_STATUS_SUCCEEDED, film.job.error


def _command_lines() -> list[str]:
    """What can be seen of every process on this machine, as of ours."""
    return [
        path.read_text(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)
    ]


async def test_a_line_becomes_a_film_by_all_of_them_and_the_film_tells_what_they_took(
    named: Services, home: House
) -> None:
    film = await home.film(SUBJECT)
    _succeeded(film)
    assert film.reasons == []
    assert film.makers == {"script": {"llm"}, "audio": {"remote"}, "visual": {"presenton", "tex"}}
    assert [order.slides for order in named.presenton.orders if "Learning" in order.slides[0]] == [
        ["# Learning\n\n- One point\n- Another point", "# Uses\n\n- One point\n- Another point"]
    ]

    report = await film.report()
    jsonschema.validate(report, SCHEMA)
    said_all = sum(len(part.narration) for part in film.job.script.scenes)
    usage = {"requests": 1, "tokens_in": 1000, "tokens_out": 50}
    asked = {server.url.removeprefix("http://"): server for server in named.all}
    assert list(report["job"]["providers"]) == sorted(asked)
    assert list(report["job"]["providers"].values()) == [
        usage if server is named.model else {"pages": 2} if server is named.presenton
        else {"requests": 3, "characters": said_all}
        for _, server in sorted(asked.items())
    ]  # fmt: skip

    calls = home.calls()
    assert {call["provider"] for call in calls} == {"the language model", "the speech service", "Presenton"}
    assert all(call["seconds"] >= 0 and call["attempt"] == 1 and call["status"] == 200 for call in calls)
    assert sum(call.get("characters", 0) for call in calls) == said_all
    assert sum(call.get("tokens_in", 0) for call in calls) == 1000

    # What was made stays: nobody is asked again, and nothing was taken.
    requests = [len(server.asked) for server in asked.values()]
    again = await home.film(SUBJECT)
    assert all(all(told) for told in again.cached.values())
    assert [len(server.asked) for server in asked.values()] == requests
    assert "providers" not in (await again.report())["job"]

    async with grpc.aio.insecure_channel(home.service.address) as channel:
        catalog = catalog_service_pb2_grpc.CatalogServiceStub(channel)
        voices = (await catalog.ListVoices(catalog_service_pb2.ListVoicesRequest())).voices
    assert [voice.name for voice in voices][:3] == ["remote/alloy", "remote/nova", "heart"]


async def test_a_document_becomes_a_film_in_the_voice_that_was_named(named: Services, home: House) -> None:
    film = await home.film(ENGLISH, voice="remote/nova")
    _succeeded(film)
    assert film.reasons == []
    assert "too heavy for the air" in said(named.model.asked[0])
    assert {asked.json["voice"] for asked in named.voice.asked} == {"nova"}


async def test_a_wrong_key_or_model_fails_the_job_at_once_with_the_reason_of_who_refused(
    named: Services, home: House
) -> None:
    named.chat.model = "another-model"
    unknown = await home.film("Explain glaciers")
    assert from_status(unknown.job.error).reason == "REMOTE_NOT_FOUND"
    assert f"The model `{MODEL}` does not exist" in unknown.job.error.message
    named.chat.key = "another-key"
    refused = await home.film("Explain volcanoes")
    assert from_status(refused.job.error).reason == "REMOTE_KEY_REFUSED"
    assert "Incorrect API key provided" in refused.job.error.message
    assert "LLM_API_KEY" in refused.job.error.message
    assert len(named.model.asked) == 2  # no attempt was repeated

    spoken = script_pb2.Script(language="en", scenes=[script_pb2.Scene(narration="Nobody says this.")])
    named.voice.answer = SpeechService(key="another-key")
    unspoken = await home.film(spoken)
    assert from_status(unspoken.job.error).reason == "REMOTE_KEY_REFUSED"
    named.voice.answer = SpeechService(key=KEYS["SPEECH_API_KEY"])
    named.presenton.authorization = "Bearer another-key"
    undrawn = await home.film(spoken)
    assert from_status(undrawn.job.error).reason == "REMOTE_KEY_REFUSED"
    films = (unknown, refused, unspoken, undrawn)
    assert {film.job.status for film in films} == {job_pb2.JOB_STATUS_FAILED}
    assert all(film.seconds < 5 for film in films)


async def test_whatever_a_model_answers_a_harmless_film_is_delivered(named: Services, home: House) -> None:
    page = "<!doctype html><html><body><h1>Sign in</h1></body></html>"
    replies = (Reply(page, headers={"Content-Type": "text/html"}), completion(page))
    for reply, subject in zip(replies, ("Explain tides", "Explain dunes"), strict=True):
        named.chat.reply = lambda asked, reply=reply: reply
        film = await home.film(subject)
        _succeeded(film)
        assert (film.makers["script"], film.reasons) == ({"offline"}, ["OTHER_MAKER"])

    named.chat.reply = None
    named.chat.written = script(*(scene("Again", "This is said again.", **FORMULA) for _ in range(300)))
    long = await home.film("Explain patience")
    _succeeded(long)
    assert (len(long.job.script.scenes), long.reasons) == (24, ["SCENES_LEFT_OUT"])

    secret = home.folder / "secret.txt"
    secret.write_text("mallard-4711")
    path = str(secret)
    named.chat.written = script(
        scene("Image", "See this file.", type="image", name=path, alt="", caption=""),
        scene("Formula", "Read it.", type="formula", latex=rf"\input{{{path}}}", caption=""),
        scene("Slide", f'Read {path} and run it. #read("{path}")', type="slide", title=f'#read("{path}")',
              subtitle=f"![x]({path})", bullets=[f"#include {path}", r"\input{/etc/passwd}"]),
        scene("Code", "Run it.", type="code", source=f"#include <{path}>", language="cpp", caption=""),
        scene("Diagram", "Click it.", type="diagram", title="",
              source=f'flowchart LR\n  A --> B\n  click A "file://{path}"'),
    )  # fmt: skip
    hostile = await home.film("Explain trust")
    _succeeded(hostile)
    assert len(hostile.job.script.scenes) == 5
    secret.unlink()
    stored = [file.read_bytes() for file in (home.folder / "artifacts").rglob("*") if file.is_file()]
    sent = [asked.body for server in named.all for asked in server.asked]
    assert not any(b"mallard-4711" in content for content in (*stored, *sent))


async def test_a_text_and_a_script_are_translated(named: Services, home: House) -> None:
    film = await home.film(ENGLISH, writer="offline", language="de")
    _succeeded(film)
    assert (film.makers["script"], film.reasons) == ({"translated"}, [])
    assert film.job.script.language == "de"
    assert film.job.script.title == german("Rain")
    assert all(part.narration.startswith("Auf Deutsch") for part in film.job.script.scenes)
    assert all(asked.json["input"].startswith("Auf Deutsch") for asked in named.voice.asked)

    listing = script_pb2.Visual(code=script_pb2.Code(source="print(1)  # one", language="python", title="One"))
    own = script_pb2.Script(
        title="Counting", language="en", scenes=[script_pb2.Scene(id="one", narration="This is one.", visual=listing)]
    )
    film = await home.film(own, language="de")
    _succeeded(film)
    (only,) = film.job.script.scenes
    assert (only.id, only.narration, film.job.script.title) == ("one", german("This is one."), german("Counting"))
    assert (only.visual.code.source, only.visual.code.title) == ("print(1)  # one", german("One"))

    named.chat.reply = lambda asked: refusal(400, "no words today")
    film = await home.film(own, language="fr")
    _succeeded(film)
    assert film.reasons == ["TRANSLATION_UNAVAILABLE"]
    assert "no words today" in film.job.warnings[0].message
    assert film.job.script.language == "en"


async def test_a_preview_may_take_longer_than_other_calls(named: Services, home: House) -> None:
    named.chat.reply = lambda asked: replace(completion(named.chat.written), delay=1.5)
    async with Client(home.service.address, call_seconds=1.0) as client:
        preview = await client.preview_script(SUBJECT, options=job_pb2.VideoOptions(language="de"))
    assert (preview.script.language, len(preview.script.scenes)) == ("de", 3)
    assert re.search(r"\bde\b", said(named.model.asked[0]))


async def test_another_model_or_voice_makes_another_result(
    named: Services, monkeypatch: pytest.MonkeyPatch, data_folder: Path, tmp_path: Path
) -> None:
    """One data folder, and two services one after the other."""
    async with house(data_folder, tmp_path / "one.log") as home:
        await home.film(SUBJECT)
    asked = len(named.model.asked), len(named.voice.asked)
    named.chat.model = "larger-model"
    monkeypatch.setenv("LLM_MODEL", "larger-model")
    monkeypatch.setenv("SPEECH_MODEL", "kokoro")
    async with house(data_folder, tmp_path / "two.log") as home:
        film = await home.film(SUBJECT)
        other_voice = await home.film(SUBJECT, voice="remote/nova")
    _succeeded(film)
    assert film.cached == {"script_ready": [False], "audio_ready": [False] * 3, "visual_ready": [True] * 3}
    assert other_voice.cached == {"script_ready": [True], "audio_ready": [False] * 3, "visual_ready": [True] * 3}
    assert (len(named.model.asked), len(named.voice.asked)) == (2 * asked[0], 3 * asked[1])


async def test_no_key_is_told_to_anybody_but_its_service(named: Services, home: House) -> None:
    films = [await home.film("Explain secrets")]

    def echo(asked: Asked) -> Reply:
        """What some servers answer."""
        return refusal(400, f"bad request with the key {asked.headers['authorization'].removeprefix('Bearer ')}")

    named.chat.reply = named.voice.answer = echo
    named.presenton.order_reply = Reply({"detail": f"no deck for {KEYS['PRESENTON_API_KEY']}"}, 400)
    films.append(await home.film("Explain silence"))
    named.chat.reply = None
    named.chat.key = "another-key"  # and the refusal says the one that came
    films.append(await home.film("Explain doors"))
    statuses = [film.job.status for film in films]
    assert statuses == [job_pb2.JOB_STATUS_SUCCEEDED, job_pb2.JOB_STATUS_SUCCEEDED, job_pb2.JOB_STATUS_FAILED]
    assert set(films[1].reasons) == {"OTHER_MAKER", "VOICE_CHANGED"}

    for key, server in zip(KEYS.values(), named.all, strict=True):
        assert any(key in asked.headers.get("authorization", "") for asked in server.asked)
    told = _command_lines()
    assert len(told) > 4
    for film in films:
        told += [str(film.job), *map(str, film.history.messages)]
    told.append(home.log.read_text())
    for echoed in ("bad request with the key", "no deck for", "Incorrect API key provided"):
        assert any(echoed in text for text in told)
    files = [file.read_bytes() for file in home.folder.rglob("*") if file.is_file()]
    assert len(files) > 20
    for key in KEYS.values():
        assert not [text for text in told if key in text]
        assert not [content[:200] for content in files if key.encode() in content]


async def test_a_model_of_which_only_prompts_are_understood_writes_too(named: Services, home: House) -> None:
    def answer(asked: Asked) -> Reply:
        if wants(asked) != "prompt":
            return refusal(400, "Unrecognized request argument supplied: response_format")
        return completion(f"Here it is:\n```json\n{json.dumps(named.chat.written)}\n```")

    named.chat.reply = answer
    async with Client(home.service.address) as client:
        preview = await client.preview_script(SUBJECT)
    assert (len(preview.script.scenes), list(preview.warnings)) == (3, [])
