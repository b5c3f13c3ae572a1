"""What this installation can make, and who makes it."""

from collections.abc import Sequence
from functools import lru_cache, partial
from importlib.util import find_spec

from kinescribe_server.config import SOFTWARE_ENCODER, Settings
from kinescribe_server.jobs.errors import SettingError
from kinescribe_server.jobs.makers import MakerSpec, MakerTable, Speaker
from kinescribe_server.jobs.model import Resource
from kinescribe_server.remote.addresses import base_url
from kinescribe_server.speech.catalog import HIBARI, engines, engines_for, voice_for
from kinescribe_server.speech.protocol import VoiceEngine
from kinescribe_server.speech.remote_voices import ENGINE as REMOTE
from kinescribe_server.speech.remote_voices import remote_engine
from kinescribe_server.visuals.catalog import PLACEHOLDER, VISUAL_MAKERS, visual_makers
from kinescribe_server.visuals.tex_program import program_versions

# For whoever set the service up: a film without the voice or the model that it was bought for would hide them.
_FATAL = frozenset({"REMOTE_KEY_REFUSED", "REMOTE_NOT_FOUND"})

_OFFLINE = MakerSpec(
    "offline",
    "kinescribe_server.script.maker:make_script",
    ("kinescribe", "markdown-it-py", "mdit-py-plugins", "mathra", "py3langid", "sentencex", "pygments"),
    revision=3,
)
_SILENCE = MakerSpec("silence", "kinescribe_server.speech.silence:make_silence", ("kinescribe",))
_RECORDING = MakerSpec("recording", "kinescribe_server.film.recording:make_recording", ("kinescribe", "av", "numpy"))
_CLIP = "kinescribe_server.film.clip:make_clip"
_FILM = MakerSpec("film", "kinescribe_server.film.maker:make_film", ("kinescribe", "av", "numpy"), revision=3)

# A wait for another worker that dies, and then a deck.
_DECK_SECONDS = 2040.0

# What people copy along with the address of a service. A model's own address may end in /api/v1 (OpenRouter).
_LLM_ENDINGS = ("/chat/completions", "/models")
_PRESENTON_ENDINGS = ("/api/v1/ppt/presentation", "/api/v1/ppt", "/api/v1", "/api/v3", "/api")

# Settings of somebody else's service that change no result.
_LIMITS = frozenset({"budget_seconds", "budget_tokens", "timeout_seconds", "concurrency", "per_minute"})

# What a worker of each resource makes ready before its first step.
WARM = {
    Resource.SCRIPT: (_OFFLINE.target,),
    Resource.SPEECH: (HIBARI.maker[1],),
    Resource.VISUAL: (VISUAL_MAKERS["slide"][0][1],),
    Resource.RENDER: (_CLIP, _FILM.target),
}


def maker_table(settings: Settings) -> MakerTable:
    """The makers of an installation."""
    return MakerTable(
        writers=_writers(settings),
        translators=_translators(settings),
        translator=_llm("translator", "make_translation", settings) if settings.llm_base_url else None,
        speaker_for=lru_cache(partial(_speaker_for, known_engines(settings))),
        silence=_SILENCE,
        recording=_RECORDING,
        visuals=_visual_makers(settings),
        placeholder=MakerSpec(*PLACEHOLDER),
        clips=_clip_makers(settings),
        film=_FILM,
        slides_are_a_deck=bool(settings.presenton_url),
    )


def known_engines(settings: Settings) -> tuple[VoiceEngine, ...]:
    """The voices that were added come first."""
    if not settings.speech_base_url:
        return engines()
    try:
        remote = remote_engine(
            settings.speech_base_url,
            settings.speech_model,
            settings.speech_voices,
            settings.speech_languages,
            api=settings.speech_api,
            audio_format=settings.speech_format,
            timeout_seconds=settings.speech_timeout_seconds,
            per_minute=settings.speech_requests_per_minute,
        )
    except ValueError as error:
        raise SettingError(f"SPEECH_…: {error}") from error
    return remote, *engines()


def _speaker_for(among: Sequence[VoiceEngine], language: str, wanted: str, named: bool) -> Speaker:
    choice = voice_for(language, wanted, named, among)
    makers = tuple(
        MakerSpec(
            *engine.maker,
            revision=2,
            arguments=engine.arguments,
            patience=engine.patience,
            fatal=_FATAL,
            chosen=engine.maker[0] == REMOTE,
            limits=_LIMITS,
        )
        for engine in engines_for(language, choice.voice, among)
    )
    return Speaker(choice.voice, makers, choice.notice)


def _writers(settings: Settings) -> dict[str, tuple[MakerSpec, ...]]:
    """By their names; the first is the default."""
    if not settings.llm_base_url:
        return {"offline": (_OFFLINE,)}
    llm = _llm("llm", "make_script_with_llm", settings)
    return {"llm": (llm, _OFFLINE), "offline": (_OFFLINE,)}


def _translators(settings: Settings) -> dict[str, tuple[MakerSpec, ...]]:
    """The language model's writer translates as it writes; after the other, it is asked."""
    if not settings.llm_base_url:
        return {}
    return {"offline": (_llm("translated", "make_translated_script", settings),)}


def _llm(name: str, function: str, settings: Settings) -> MakerSpec:
    if not settings.llm_model.strip():
        raise SettingError("LLM_BASE_URL is set and LLM_MODEL is empty; expected the model's name, for example gpt-4o")
    arguments = {
        "base_url": _address(settings.llm_base_url, "LLM_BASE_URL", _LLM_ENDINGS),
        "model": settings.llm_model.strip(),
        "budget_seconds": f"{settings.llm_budget_seconds:g}",
        "budget_tokens": str(settings.llm_budget_tokens),
        "reply_tokens": str(settings.llm_reply_tokens),
        "timeout_seconds": f"{settings.llm_timeout_seconds:g}",
        "concurrency": str(settings.llm_concurrency),
        "per_minute": str(settings.llm_per_minute),
    }
    return MakerSpec(
        name,
        f"kinescribe_server.script.llm.maker:{function}",
        _OFFLINE.distributions,
        arguments=tuple(arguments.items()),
        patience=2 * settings.llm_budget_seconds,
        fatal=_FATAL,
        chosen=True,
        limits=_LIMITS,
    )


def _visual_makers(settings: Settings) -> dict[str, tuple[MakerSpec, ...]]:
    """Those that come with the service, after those that were chosen in their place."""
    makers = {name: tuple(MakerSpec(*maker) for maker in entries) for name, entries in visual_makers().items()}
    if settings.presenton_url:
        makers["slide"] = (_presenton(settings), *makers["slide"])
    if settings.formula_renderer == "tex":
        target = "kinescribe_server.visuals.tex:make_formula_with_tex"
        tex = MakerSpec("tex", target, makers["formula"][0].distributions, chosen=True, programs=program_versions())
        makers["formula"] = (tex, *makers["formula"])
    return makers


def _presenton(settings: Settings) -> MakerSpec:
    if find_spec("pypdfium2") is None:
        raise SettingError("PRESENTON_URL is set and pypdfium2 is not installed; pip install 'kinescribe[presenton]'")
    arguments = {
        "base_url": _address(settings.presenton_url, "PRESENTON_URL", _PRESENTON_ENDINGS),
        "api": settings.presenton_api,
        "template": settings.presenton_template,
        "auth": settings.presenton_auth,
    }
    return MakerSpec(
        "presenton",
        "kinescribe_server.visuals.presenton:make_slide_with_presenton",
        (*VISUAL_MAKERS["slide"][0][2], "pypdfium2"),
        arguments=tuple(arguments.items()),
        patience=_DECK_SECONDS,
        fatal=frozenset({"REMOTE_KEY_REFUSED"}),  # a task that was forgotten, a file that is gone: not found, too
        chosen=True,
    )


def _address(url: str, variable: str, endings: Sequence[str]) -> str:
    try:
        return base_url(url, endings)
    except ValueError as error:
        raise SettingError(f"{variable}: {error}") from error


def _clip_makers(settings: Settings) -> tuple[MakerSpec, ...]:
    """The encoder that was chosen, and the one that is always there."""
    encoders = dict.fromkeys((settings.kinescribe_encoder, SOFTWARE_ENCODER))
    return tuple(
        MakerSpec(
            encoder,
            _CLIP,
            ("kinescribe", "av", "numpy"),
            revision=2,
            arguments=(("encoder", encoder), ("hold", settings.kinescribe_hold)),
        )
        for encoder in encoders
    )
