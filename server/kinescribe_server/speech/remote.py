"""Voices of services with an OpenAI-compatible `/audio/speech`: OpenAI's own, Kokoro-FastAPI, and many others.

The API key is taken from SPEECH_API_KEY in the worker and goes nowhere else.
"""

import time
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.remote.client import RemoteClient
from kinescribe_server.remote.provider import Provider, bearer
from kinescribe_server.remote.replies import cleaned, error_in, json_of
from kinescribe_server.speech import remote_words
from kinescribe_server.speech.catalog import speaks
from kinescribe_server.speech.heard import Samples, voiced_windows
from kinescribe_server.speech.maker import made_by, with_notices
from kinescribe_server.speech.pieces import passages
from kinescribe_server.speech.protocol import Speech, SpeechRequest
from kinescribe_server.speech.remote_audio import SAMPLE_RATE, NoSoundError, samples_of
from kinescribe_server.speech.remote_voices import service_voice, voice_info, whole_seconds
from kinescribe_server.speech.untimed import Said, speak_untimed

_NAME = "the speech service"
# What OpenAI takes at once.
_MAX_CHARACTERS = 4_096
# Some models hurry or wander off in longer texts (OpenAI's gpt-4o-mini-tts takes 2,000 tokens in all), and the times of
# words are the surer the more often a new passage begins.
_PASSAGE_CHARACTERS = 1_000
# As OpenAI counts; the rate of a request is within it.
_ORDINARY_SPEED = 1.0
_MOST_TEXT_BYTES = 1_000_000


def make_remote_speech(
    request: SpeechRequest,
    bench: Bench,
    *,
    base_url: str,
    model: str,
    voice: str,
    languages: str = "",
    api: str = "openai",
    audio_format: str = "wav",
    timeout_seconds: str = "60",
    per_minute: str = "0",
) -> Made:
    """Files and details as in protocol.py, and what was asked for: "usage" {"provider", "model", "requests",
    "characters"}. `voice` speaks where the request names another engine's. Raises MakeError: VOICE_CANNOT_SPEAK, and
    REMOTE_… as RemoteClient does."""
    # One passage after the other: as many at a time as there are workers for speech.
    provider = Provider(_NAME, base_url, float(timeout_seconds), 1, int(per_minute), bearer("SPEECH_API_KEY"))
    with RemoteClient(provider) as client:
        service = _Service(client, provider, model, audio_format, tells_words=api == "kokoro")
        made = made_by(RemoteEngine(service, voice, languages), request, bench)
        usage = {"provider": urlsplit(base_url).netloc, "model": model, **service.usage()}
    return replace(made, details={**made.details, "usage": usage})


class RemoteEngine:
    """Implements SpeechEngine for the voices of one service."""

    def __init__(self, service: "_Service", voice: str, languages: str) -> None:
        self._service = service
        self._voice = voice
        self._languages = languages

    def speak(self, request: SpeechRequest) -> Speech:
        """Raises MakeError."""
        name = service_voice(request.voice)
        spoken_by = voice_info(self._voice if name is None else name, self._languages)
        if not speaks(spoken_by, request.language):
            languages = ", ".join(spoken_by.languages)
            message = f"the voice {spoken_by.name!r} speaks {languages}, and the text is in {request.language!r}"
            raise MakeError("VOICE_CANNOT_SPEAK", message)
        notices = []
        if name is None:
            message = f"the voice {spoken_by.name!r} speaks in place of {request.voice!r}"
            notices.append(Notice("VOICE_CHANGED", message))
        say = partial(self._service.say, name or self._voice, request.rate)
        cut = partial(passages, limit=_PASSAGE_CHARACTERS)
        return with_notices(
            notices, speak_untimed(request, spoken_by.name, SAMPLE_RATE, say, only_latin=False, cut=cut)
        )


class _Service:
    """Asks for speech, within the time that there is for one scene."""

    def __init__(
        self, client: RemoteClient, provider: Provider, model: str, audio_format: str, *, tells_words: bool
    ) -> None:
        self._client = client
        self._provider = provider
        self._model = model
        self._audio_format = audio_format
        self._tells_words = tells_words
        self._deadline = time.monotonic() + whole_seconds(provider.timeout_seconds)
        self._requests = self._characters = 0

    def usage(self) -> dict[str, int]:
        """What was answered so far."""
        return {"requests": self._requests, "characters": self._characters}

    def say(self, voice: str, rate: float, text: str) -> Said:
        """Raises MakeError."""
        if len(text) > _MAX_CHARACTERS:
            message = f"a passage has {len(text):,} characters as it is read, of {_MAX_CHARACTERS:,} allowed"
            raise MakeError("VOICE_CANNOT_SPEAK", message)
        body: dict[str, Any] = {
            "model": self._model,
            "input": text,
            "voice": voice,
            "response_format": self._audio_format,
        }
        if rate != _ORDINARY_SPEED:  # not all take it
            body["speed"] = rate
        if self._tells_words:
            said = self._say_with_words(body)
            if said is not None:
                return said
        response = self._asked("/audio/speech", body)
        return Said(self._heard(response.content, response))

    def _say_with_words(self, body: dict[str, Any]) -> Said | None:
        """None for a service that has no captioned speech; it is not asked again."""
        try:
            response = self._asked(remote_words.address(self._provider.base_url), {**body, "stream": False})
        except MakeError as error:
            if error.reason != "REMOTE_NOT_FOUND":
                raise
            self._tells_words = False
            return None
        try:
            told = json_of(response)
        except ValueError:
            told = None
        audio = remote_words.audio_of(told)
        if audio is None:
            raise self._no_sound("JSON", response)
        samples = self._heard(audio, response)
        return Said(samples, remote_words.words_of(told, len(samples) / SAMPLE_RATE))

    def _asked(self, path: str, body: dict[str, Any]) -> httpx.Response:
        response = self._client.request(
            "POST",
            path,
            json=body,
            units={"characters": len(body["input"])},
            within=max(1.0, self._deadline - time.monotonic()),
        )
        self._requests += 1
        self._characters += len(body["input"])
        return response

    def _heard(self, audio: bytes, response: httpx.Response) -> Samples:
        media_type = response.headers.get("content-type", "")
        try:
            samples = samples_of(audio, media_type, raw=self._audio_format == "pcm")
        except NoSoundError as error:
            raise self._no_sound(str(error), response) from None
        if not len(voiced_windows(samples, SAMPLE_RATE)):
            seconds = len(samples) / SAMPLE_RATE
            raise MakeError("REMOTE_BAD_REPLY", f"{_NAME} answered {seconds:.1f} s of silence", retryable=True)
        return samples

    def _no_sound(self, found: str, response: httpx.Response) -> MakeError:
        """The error of a reply that says that all is well."""
        is_text = found in {"JSON", "a page", "a text"} and len(response.content) < _MOST_TEXT_BYTES
        detail = cleaned(error_in(response)[1], self._provider.secrets) if is_text else ""
        message = f"{_NAME} answered {found} in place of sound" + (f": {detail}" if detail else "")
        # A service that gives its reason would give it again; what stands before it may be out of order for a moment.
        return MakeError("REMOTE_BAD_REPLY", message, retryable=not (detail and found == "JSON"))
