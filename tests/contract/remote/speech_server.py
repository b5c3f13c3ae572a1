"""A speech service on loopback that speaks OpenAI's protocol and Kokoro-FastAPI's, with the embedded voice."""

import base64
import functools
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kinescribe_server.speech.hibari import HibariEngine
from kinescribe_server.speech.protocol import Speech, SpeechRequest

from .server import Asked, Reply

RATE = 24_000
LONGEST_INPUT = 4_096
UNKNOWN_SIZE = 0xFFFFFFFF
VOICES = ("alloy", "nova")
MODELS = ("tts-1", "kokoro")

Encode = Callable[[bytes], bytes]


def wav(pcm: bytes, size: int | None = None, rate: int = RATE) -> bytes:
    """A WAV file of 16-bit samples whose header says that it has `size` bytes of them."""
    told = len(pcm) if size is None else size
    whole = min(told + 36, UNKNOWN_SIZE)
    header = struct.pack("<4sI8sIHHIIHH", b"RIFF", whole, b"WAVEfmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return header + struct.pack("<4sI", b"data", told) + pcm


def streamed_wav(pcm: bytes) -> bytes:
    """As servers send it that begin before they know the end: Kokoro-FastAPI, and OpenAI itself."""
    return wav(pcm, UNKNOWN_SIZE)


@functools.cache
def _voice() -> HibariEngine:
    return HibariEngine()


@functools.lru_cache(maxsize=64)
def _spoken(text: str, speed: float) -> Speech:
    return _voice().speak(SpeechRequest(text, "heart", "en", speed))


def _pcm(speech: Speech) -> bytes:
    return (speech.samples.clip(-1, 1) * 32767).astype("<i2").tobytes()


@dataclass(frozen=True)
class SpeechService:
    """An answer for RemoteServer. `encode` makes the file of a request for WAV."""

    encode: Encode = streamed_wav
    captions: bool = True
    key: str = ""
    ignores_speed: bool = False

    def __call__(self, asked: Asked) -> Reply:
        captioned = asked.path == "/dev/captioned_speech"
        if asked.path != "/v1/audio/speech" and not (captioned and self.captions):
            return Reply({"detail": "Not Found"}, 404)
        if self.key and asked.headers.get("authorization") != f"Bearer {self.key}":
            return _refused(401, "invalid_api_key", f"Incorrect API key provided: {self.key[:3]}****")
        body = asked.json
        wrong = _wrong(body)
        if wrong:
            return wrong
        speech = _spoken(body["input"], 1.0 if self.ignores_speed else body.get("speed", 1.0))
        pcm = _pcm(speech)
        raw = body["response_format"] == "pcm"
        sound = pcm if raw else self.encode(pcm)
        if not captioned:
            return Reply(sound, headers={"Content-Type": "audio/pcm" if raw else "audio/wav"}, pieces=7)
        times = [{"word": word.text, "start_time": word.start, "end_time": word.end} for word in speech.words]
        return Reply({"audio": base64.b64encode(sound).decode(), "audio_format": "audio/wav", "timestamps": times})


def _wrong(body: dict[str, object]) -> Reply | None:
    allowed = {"model", "input", "voice", "response_format", "speed", "stream"}
    if set(body) - allowed or None in body.values():
        return Reply({"detail": [{"loc": ["body"], "msg": f"unexpected: {sorted(set(body) - allowed)}"}]}, 422)
    if body["model"] not in MODELS:
        return _refused(404, "model_not_found", f"The model '{body['model']}' does not exist")
    if body["voice"] not in VOICES:
        return _refused(400, "invalid_value", f"Voice '{body['voice']}' not found")
    if not 1 <= len(str(body["input"])) <= LONGEST_INPUT:
        return _refused(400, "string_too_long", f"String should have at most {LONGEST_INPUT} characters")
    if not 0.25 <= float(str(body.get("speed", 1.0))) <= 4.0:
        return _refused(400, "invalid_value", "speed is out of range")
    return None


def _refused(status: int, code: str, message: str) -> Reply:
    return Reply({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}, status)


def silence(seconds: float) -> bytes:
    return wav(np.zeros(int(seconds * RATE), "<i2").tobytes())
