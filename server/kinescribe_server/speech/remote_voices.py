"""The voices of a speech service, as the settings name them. Importing this loads no engine."""

import re

from kinescribe_server.remote.addresses import base_url as cleaned_base_url
from kinescribe_server.speech.protocol import ANY_LANGUAGE, VoiceEngine, VoiceInfo

ENGINE = "remote"
_PREFIX = "remote/"
APIS = ("openai", "kokoro")
FORMATS = ("wav", "pcm")
_ENDINGS = ("/audio/speech", "/dev/captioned_speech", "/audio/voices", "/models")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
# Kokoro mixes voices: "af_bella(2)+af_sky(1)".
_VOICE = re.compile(r"[\w.:()+/ -]{1,100}")
# How many times as long as one reply all of a scene may take.
_REPLIES = 5


def remote_engine(
    base_url: str,
    model: str,
    voices: str,
    languages: str = "",
    *,
    api: str = APIS[0],
    audio_format: str = FORMATS[0],
    timeout_seconds: float = 60.0,
    per_minute: int = 0,
) -> VoiceEngine:
    """The engine of a service with an OpenAI-compatible `/audio/speech`. `voices` ("alloy,nova") are in the order of
    preference, `languages` ("en,de") are those that they speak; any where it is empty. `timeout_seconds` is for one
    request, `per_minute` (0: no limit) for one worker. Raises ValueError, which says what was given and what is
    allowed."""
    names = _parts(voices)
    tags = _parts(languages) or [ANY_LANGUAGE]
    if not names or not all(_VOICE.fullmatch(name) for name in names):
        raise ValueError(f"the voices are {voices!r}; expected names with commas between them, for example alloy,nova")
    if not all(_TAG.fullmatch(tag) for tag in tags):
        raise ValueError(f"the languages are {languages!r}; expected tags with commas between them, for example en,de")
    if not model.strip():
        raise ValueError("the model is empty; expected its name, for example tts-1")
    for name, value, allowed in (("API", api, APIS), ("format", audio_format, FORMATS)):
        if value not in allowed:
            raise ValueError(f"the {name} is {value!r}; expected {' or '.join(allowed)}")
    arguments = {
        "base_url": cleaned_base_url(base_url, _ENDINGS),
        "model": model.strip(),
        "voice": names[0],
        "languages": ",".join(tags),
        "api": api,
        "audio_format": audio_format,
        "timeout_seconds": f"{timeout_seconds:g}",
        "per_minute": str(per_minute),
    }
    return VoiceEngine(
        (ENGINE, "kinescribe_server.speech.remote:make_remote_speech", ("kinescribe", "httpx", "av", "numpy")),
        tuple(VoiceInfo(_PREFIX + name, tuple(tags), ENGINE) for name in names),
        tuple(arguments.items()),
        whole_seconds(timeout_seconds),
    )


def service_voice(name: str) -> str | None:
    """What the service calls a voice; None for a voice of another engine."""
    return name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else None


def voice_info(voice: str, languages: str) -> VoiceInfo:
    return VoiceInfo(_PREFIX + voice, tuple(_parts(languages)) or (ANY_LANGUAGE,), ENGINE)


def whole_seconds(timeout_seconds: float) -> float:
    """How long all replies for one scene may take."""
    return _REPLIES * timeout_seconds


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
