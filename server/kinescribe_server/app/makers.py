"""What this installation can make, and who makes it."""

from kinescribe_server.config import SOFTWARE_ENCODER, Settings
from kinescribe_server.jobs.makers import MakerSpec, MakerTable, Speaker
from kinescribe_server.jobs.model import Resource
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
_FILM = MakerSpec("film", "kinescribe_server.film.maker:make_film", ("kinescribe", "av"))

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
        visuals={name: tuple(MakerSpec(*maker) for maker in makers) for name, makers in visual_makers().items()},
        placeholder=MakerSpec(*PLACEHOLDER),
        clips=_clip_makers(settings),
        film=_FILM,
    )


def _speaker_for(language: str, wanted: str, named: bool) -> Speaker:
    choice = voice_for(language, wanted, named)
    makers = tuple(MakerSpec(*maker) for maker in makers_for(language, choice.voice))
    return Speaker(choice.voice, makers, choice.notice)


def _clip_makers(settings: Settings) -> tuple[MakerSpec, ...]:
    """The encoder that was chosen, and the one that is always there."""
    encoders = dict.fromkeys((settings.kinescribe_encoder, SOFTWARE_ENCODER))
    return tuple(
        MakerSpec(
            encoder, _CLIP, ("kinescribe", "av"), arguments=(("encoder", encoder), ("hold", settings.kinescribe_hold))
        )
        for encoder in encoders
    )
