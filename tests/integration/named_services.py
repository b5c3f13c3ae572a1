"""Services of somebody else for a whole service: a language model, a voice and a Presenton on loopback, and the films
that are made with them."""

import contextlib
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import grpc
from tests.contract.remote.chat_server import completion, refusal, scene, script, wants
from tests.contract.remote.presenton_server import Presenton
from tests.contract.remote.server import Asked, RemoteServer, Reply
from tests.contract.remote.speech_server import SpeechService
from tests.robustness.history import record
from tests.robustness.validate import History, problems_of

from kinescribe.v1 import job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import Service, run_service
from kinescribe_server.config import Settings

# The asynchronous stub's type is known to type checkers alone.
Stub: TypeAlias = "video_service_pb2_grpc.VideoServiceAsyncStub"

SUBJECT = "Explain machine learning concepts and applications"
# Such as no pattern of keys finds.
KEYS = {
    "LLM_API_KEY": "otter4711",
    "SPEECH_API_KEY": "heron4712",
    "PRESENTON_API_KEY": "lemur4713",
}
MODEL = "some-model"
FORMULA = {"type": "formula", "latex": "E = mc^2", "caption": "Energy"}
WRITTEN = script(
    scene("Learning", "Machines learn from examples."),
    scene("Energy", "Learning costs energy.", **FORMULA),
    scene("Uses", "They sort mail."),
)


@dataclass
class ChatService:
    """An answer for RemoteServer: a model that writes `written`, and whose translations are `german`."""

    written: Any = field(default_factory=lambda: WRITTEN)
    key: str = KEYS["LLM_API_KEY"]
    model: str = MODEL
    reply: Callable[[Asked], Reply] | None = None

    def __call__(self, asked: Asked) -> Reply:
        if self.reply:
            return self.reply(asked)
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return refusal(401, f"Incorrect API key provided: {asked.headers.get('authorization', '')[7:]}.")
        if asked.json["model"] != self.model:
            return refusal(404, f"The model `{asked.json['model']}` does not exist", "model_not_found")
        if wants(asked) == "translations":
            return completion(
                {"translations": [{"id": item["id"], "text": german(item["text"])} for item in _texts(asked)]}
            )
        return completion(self.written)


def _texts(asked: Asked) -> list[dict[str, str]]:
    quoted = re.search(r"<(TEXT-\w+)>\n(.*)\n</\1>", asked.json["messages"][1]["content"], re.DOTALL)
    assert quoted
    return list(json.loads(quoted[2]))


def german(text: str) -> str:
    """What the model makes of a text: a sentence in which German can be found."""
    return f"Auf Deutsch ist das ein Satz mit {len(text)} Zeichen."


@dataclass(frozen=True)
class Services:
    """What a film can be made with."""

    chat: ChatService
    model: RemoteServer
    voice: RemoteServer
    presenton: Presenton

    @property
    def all(self) -> tuple[RemoteServer | Presenton, ...]:
        return self.model, self.voice, self.presenton

    def recover(self) -> None:
        """All is well again, and nothing was asked."""
        fresh = ChatService()
        for name in ("written", "key", "model", "reply"):
            setattr(self.chat, name, getattr(fresh, name))
        self.voice.answer = SpeechService(key=KEYS["SPEECH_API_KEY"])
        self.presenton.authorization = f"Bearer {KEYS['PRESENTON_API_KEY']}"
        self.presenton.order_reply = None
        for server in self.all:
            server.asked.clear()

    def environment(self) -> dict[str, str]:
        return environment(self.model.url, self.voice.url, self.presenton.url) | KEYS


@contextlib.contextmanager
def services() -> Iterator[Services]:
    chat = ChatService()
    with RemoteServer(chat) as model, RemoteServer(SpeechService()) as voice, Presenton() as presenton:
        running = Services(chat, model, voice, presenton)
        running.recover()
        yield running


def environment(model: str, voice: str, presenton: str) -> dict[str, str]:
    """The settings for what is at these addresses, as people copy them."""
    return {
        "LLM_BASE_URL": f"{model}/v1/chat/completions",
        "LLM_MODEL": MODEL,
        "SPEECH_BASE_URL": f"{voice}/v1",
        "SPEECH_VOICES": "alloy,nova",
        "PRESENTON_URL": presenton,
        "PRESENTON_AUTH": "bearer",
        "FORMULA_RENDERER": "tex",
        "LOG_LEVEL": "DEBUG",
        "KINESCRIBE_DRAIN_SECONDS": "0",
        # Fewer processes are ready sooner; with two that draw, one waits for the other's deck.
        "KINESCRIBE_SCRIPT_WORKERS": "1",
        "KINESCRIBE_SPEECH_WORKERS": "1",
        "KINESCRIBE_VISUAL_WORKERS": "2",
        "KINESCRIBE_RENDER_WORKERS": "1",
    }


def closed_port() -> str:
    """An address at which nothing is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@dataclass(frozen=True)
class Film:
    """What became of a job."""

    job: job_pb2.Job
    history: History
    stub: Stub

    @property
    def makers(self) -> dict[str, set[str]]:
        """Who made the parts of each kind, as the events tell."""
        made: dict[str, set[str]] = {}
        for event in self.history.events:
            kind = event.WhichOneof("type")
            if kind == "script_ready":
                made["script"] = {event.script_ready.writer}
            elif kind in {"audio_ready", "visual_ready"}:
                made.setdefault(kind.removesuffix("_ready"), set()).add(getattr(event, kind).maker)
        return made

    @property
    def cached(self) -> dict[str, list[bool]]:
        told: dict[str, list[bool]] = {}
        for event in self.history.events:
            kind = event.WhichOneof("type")
            if kind in {"script_ready", "audio_ready", "visual_ready"}:
                told.setdefault(kind, []).append(getattr(event, kind).cached)
        return told

    @property
    def seconds(self) -> float:
        return self.history.times[-1] - self.history.times[0]

    @property
    def reasons(self) -> list[str]:
        return [warning.reason for warning in self.job.warnings]

    async def artifact(self, name: str) -> bytes:
        request = video_service_pb2.DownloadArtifactRequest(job_id=self.job.job_id, name=name)
        return b"".join([response.chunk async for response in self.stub.DownloadArtifact(request)])

    async def report(self) -> Any:
        return json.loads(await self.artifact("report.json"))


@dataclass(frozen=True)
class House:
    """A running service."""

    service: Service
    stub: Stub
    folder: Path
    log: Path

    def calls(self) -> list[dict[str, Any]]:
        """What the log says of every call of a service of somebody else."""
        lines = map(json.loads, self.log.read_text().splitlines())
        return [line for line in lines if line["message"] == "remote call"]

    async def film(self, source: str | script_pb2.Script, **options: Any) -> Film:
        """A small film, to its end; it keeps every promise, however it ends."""
        small = {"width": 640, "height": 360, "frame_rate": 24, **options}
        request = video_service_pb2.GenerateVideoRequest(options=job_pb2.VideoOptions(**small))
        if isinstance(source, str):
            request.source_text = source
        else:
            request.script.CopyFrom(source)
        job_id = (await self.stub.GenerateVideo(request)).job.job_id
        history = await record(self.service.address, job_id)
        assert problems_of(history) == []
        view = video_service_pb2.GetJobRequest(job_id=job_id, view=video_service_pb2.JOB_VIEW_FULL)
        return Film((await self.stub.GetJob(view)).job, history, self.stub)


@contextlib.asynccontextmanager
async def house(folder: Path, log: Path, settings: Settings | None = None) -> AsyncIterator[House]:
    """A service with the settings in the environment, unless they are given."""
    async with (
        run_service(folder, log_file=log, settings=settings) as service,
        grpc.aio.insecure_channel(service.address) as channel,
    ):
        yield House(service, video_service_pb2_grpc.VideoServiceStub(channel), folder, log)
