"""What this installation can make, and who makes it."""

from kinescribe_server.config import SOFTWARE_ENCODER, Settings
from kinescribe_server.jobs.errors import SettingError
from kinescribe_server.jobs.makers import MakerSpec, MakerTable, Speaker
from kinescribe_server.jobs.model import Resource
from kinescribe_server.remote.addresses import base_url
from kinescribe_server.speech.catalog import HIBARI, makers_for, voice_for
from kinescribe_server.visuals.catalog import PLACEHOLDER, VISUAL_MAKERS, visual_makers

_WRITERS = {
    "offline": MakerSpec(
        "offline",
        "kinescribe_server.script.maker:make_script",
        ("kinescribe", "markdown-it-py", "mdit-py-plugins", "mathra", "py3langid", "sentencex", "pygments"),
    )
}
_SILENCE = MakerSpec("silence", "kinescribe_server.speech.silence:make_silence", ("kinescribe",))
_RECORDING = MakerSpec("recording", "kinescribe_server.film.recording:make_recording", ("kinescribe", "av", "numpy"))
_CLIP = "kinescribe_server.film.clip:make_clip"
_FILM = MakerSpec("film", "kinescribe_server.film.maker:make_film", ("kinescribe", "av", "numpy"), revision=2)

# What people copy along with the address of a service.
_ENDINGS = (
    *("/chat/completions", "/audio/speech", "/dev/captioned_speech", "/audio/voices", "/models"),
    *("/api/v1/ppt/presentation", "/api/v1/ppt", "/api/v1", "/api/v3", "/api"),
)

# What a worker of each resource makes ready before its first step.
WARM = {
    Resource.SCRIPT: (_WRITERS["offline"].target,),
    Resource.SPEECH: (HIBARI.maker[1],),
    Resource.VISUAL: (VISUAL_MAKERS["slide"][0][1],),
    Resource.RENDER: (_CLIP, _FILM.target),
}


def maker_table(settings: Settings) -> MakerTable:
    """The makers of an installation."""
    return MakerTable(
        writers=_WRITERS,
        speaker_for=_speaker_for,
        silence=_SILENCE,
        recording=_RECORDING,
        visuals=_visual_makers(settings),
        placeholder=MakerSpec(*PLACEHOLDER),
        clips=_clip_makers(settings),
        film=_FILM,
        slides_are_a_deck=bool(settings.presenton_url),
    )


def _speaker_for(language: str, wanted: str, named: bool) -> Speaker:
    choice = voice_for(language, wanted, named)
    makers = tuple(MakerSpec(*maker) for maker in makers_for(language, choice.voice))
    return Speaker(choice.voice, makers, choice.notice)


def _visual_makers(settings: Settings) -> dict[str, tuple[MakerSpec, ...]]:
    """Those that come with the service, after those that were chosen in their place."""
    makers = {name: tuple(MakerSpec(*maker) for maker in entries) for name, entries in visual_makers().items()}
    if settings.presenton_url:
        makers["slide"] = (_presenton(settings), *makers["slide"])
    return makers


def _presenton(settings: Settings) -> MakerSpec:
    arguments = {
        "base_url": _address(settings.presenton_url, "PRESENTON_URL"),
        "api": settings.presenton_api,
        "template": settings.presenton_template,
        "auth": settings.presenton_auth,
    }
    target = "kinescribe_server.visuals.presenton:make_slide_with_presenton"
    distributions = (*VISUAL_MAKERS["slide"][0][2], "pypdfium2")
    return MakerSpec("presenton", target, distributions, arguments=tuple(arguments.items()), patience=2040.0)


def _address(url: str, variable: str) -> str:
    try:
        return base_url(url, _ENDINGS)
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
