"""Which voices there are, who speaks with them, and which of them speaks a scene. Importing this loads no engine.

A voice covers a language by its primary subtag: one for "en" also speaks "en-GB", and one for "en-GB" also "en-US".
"""

import functools
from dataclasses import dataclass
from importlib import metadata

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.speech.espeak_voices import ESPEAK, ESPEAK_LANGUAGES, is_installed
from kinescribe_server.speech.protocol import MakerEntry, VoiceEngine, VoiceInfo

# Third parties add engines here: an entry point that loads a VoiceEngine.
ENTRY_POINT_GROUP = "kinescribe.speech"

_HERE = "kinescribe_server.speech"

HIBARI = VoiceEngine(
    ("hibari", f"{_HERE}.hibari:make_speech", ("kinescribe", "hibari-tts")),
    (VoiceInfo("heart", ("en",), "hibari"),),
)
PICO = VoiceEngine(
    ("pico", f"{_HERE}.pico:make_speech", ("kinescribe", "py-nanotts")),
    tuple(
        VoiceInfo(f"pico-{tag.lower()}", (tag,), "pico")
        for tag in ("en-US", "en-GB", "de-DE", "es-ES", "fr-FR", "it-IT")
    ),
)


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """The voice for a scene ("" where none can speak its language), and what the user should know of the choice: that
    it is not the voice that they named (VOICE_CHANGED), or that there is none (VOICE_CANNOT_SPEAK)."""

    voice: str
    notice: Notice | None = None


def voice_for(language: str, wanted: str, explicit: bool) -> VoiceChoice:
    """The wanted voice if it speaks a language (BCP 47), else the first that does. `explicit` says whether the user
    named the wanted voice: only then is it told that another one speaks."""
    able = _voices_for(language)
    if any(voice.name == wanted for voice in able):
        return VoiceChoice(wanted)
    if not able:
        return VoiceChoice("", Notice("VOICE_CANNOT_SPEAK", _no_voice(language)))
    if not explicit:
        return VoiceChoice(able[0].name)
    languages = next((", ".join(voice.languages) for voice in voices() if voice.name == wanted), "")
    speaks = f"speaks {languages}" if languages else "is not installed here"
    message = f"the voice {wanted!r} {speaks}, and the scene is in {language!r}; {able[0].name!r} speaks it instead"
    return VoiceChoice(able[0].name, Notice("VOICE_CHANGED", message))


def makers_for(language: str, wanted: str) -> tuple[MakerEntry, ...]:
    """The makers that can speak a language, in the order in which they are tried: the wanted voice's own first. One
    that is given another maker's voice speaks with its own."""
    names = {voice.name for voice in _voices_for(language)}
    able = [engine for engine in engines() if any(voice.name in names for voice in engine.voices)]
    own_first = sorted(able, key=lambda engine: all(voice.name != wanted for voice in engine.voices))
    return tuple(engine.maker for engine in own_first)


def own_voice(engine: str, language: str, wanted: str) -> VoiceInfo | None:
    """The voice with which an engine speaks a language: the wanted one if it is its own, else its first."""
    own = [voice for voice in _voices_for(language) if voice.engine == engine]
    return next((voice for voice in own if voice.name == wanted), own[0] if own else None)


def voices() -> tuple[VoiceInfo, ...]:
    """Every voice of this installation in the order of preference; the first is the default."""
    return tuple(voice for engine in engines() for voice in engine.voices)


@functools.cache
def engines() -> tuple[VoiceEngine, ...]:
    """The engines in the order of preference: ours, those of third parties, and the one that speaks almost all."""
    ours = [engine for engine in (HIBARI, PICO) if all(map(_has_distribution, engine.maker[2]))]
    return (*ours, *_third_parties(), *([ESPEAK] if is_installed() else []))


def _third_parties() -> list[VoiceEngine]:
    points = metadata.entry_points(group=ENTRY_POINT_GROUP)
    return [point.load() for point in sorted(points, key=lambda point: point.name)]


def _has_distribution(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _voices_for(language: str) -> list[VoiceInfo]:
    """The voices for a language, each engine's for its very region first."""
    able: list[VoiceInfo] = []
    for engine in engines():
        own = [voice for voice in engine.voices if _primary(language) in map(_primary, voice.languages)]
        able += sorted(own, key=lambda voice: _tag(language) not in map(_tag, voice.languages))
    return able


def _no_voice(language: str) -> str:
    spoken = ", ".join(dict.fromkeys(_primary(tag) for voice in voices() for tag in voice.languages))
    found = f"no voice here speaks {language!r}; there are voices for {spoken}"
    name = ESPEAK_LANGUAGES.get(_primary(language))
    return f"{found}; espeak-ng, when installed, speaks {name}" if name else found


def _tag(language: str) -> str:
    return language.replace("_", "-").lower()


def _primary(language: str) -> str:
    return _tag(language).split("-")[0]
