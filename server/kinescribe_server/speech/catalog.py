"""Which voices there are, who speaks with them, and which of them speaks a scene. Importing this loads no engine.

A voice covers a language by its primary subtag: one for "en" also speaks "en-GB", and one for "en-GB" also "en-US".
`among` are the engines to choose from where settings add to those that are installed.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.speech.espeak_voices import ESPEAK, ESPEAK_LANGUAGES, is_installed
from kinescribe_server.speech.protocol import ANY_LANGUAGE, VoiceEngine, VoiceInfo

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


def voice_for(language: str, wanted: str, explicit: bool, among: Sequence[VoiceEngine] | None = None) -> VoiceChoice:
    """The wanted voice if it speaks a language (BCP 47), else the first that does. `explicit` says whether the user
    named the wanted voice: only then is it told that another one speaks."""
    able = _voices_for(language, among)
    if any(voice.name == wanted for voice in able):
        return VoiceChoice(wanted)
    if not able:
        return VoiceChoice("", Notice("VOICE_CANNOT_SPEAK", _no_voice(language, among)))
    if not explicit:
        return VoiceChoice(able[0].name)
    languages = next((", ".join(voice.languages) for voice in voices(among) if voice.name == wanted), "")
    speaks = f"speaks {languages}" if languages else "is not installed here"
    message = f"the voice {wanted!r} {speaks}, and the scene is in {language!r}; {able[0].name!r} speaks it instead"
    return VoiceChoice(able[0].name, Notice("VOICE_CHANGED", message))


def engines_for(language: str, wanted: str, among: Sequence[VoiceEngine] | None = None) -> tuple[VoiceEngine, ...]:
    """The engines that can speak a language, in the order in which they are tried: the wanted voice's own first. One
    that is given another engine's voice speaks with its own."""
    names = {voice.name for voice in _voices_for(language, among)}
    able = [engine for engine in _known(among) if any(voice.name in names for voice in engine.voices)]
    return tuple(sorted(able, key=lambda engine: all(voice.name != wanted for voice in engine.voices)))


def own_voice(engine: str, language: str, wanted: str) -> VoiceInfo | None:
    """The voice with which an installed engine speaks a language: the wanted one if it is its own, else its first."""
    own = [voice for voice in _voices_for(language) if voice.engine == engine]
    return next((voice for voice in own if voice.name == wanted), own[0] if own else None)


def voices(among: Sequence[VoiceEngine] | None = None) -> tuple[VoiceInfo, ...]:
    """Every voice of this installation in the order of preference; the first is the default."""
    return tuple(voice for engine in _known(among) for voice in engine.voices)


def speaks(voice: VoiceInfo, language: str) -> bool:
    return ANY_LANGUAGE in voice.languages or _primary(language) in map(_primary, voice.languages)


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


def _known(among: Sequence[VoiceEngine] | None) -> Sequence[VoiceEngine]:
    return engines() if among is None else among


def _voices_for(language: str, among: Sequence[VoiceEngine] | None = None) -> list[VoiceInfo]:
    """The voices for a language, each engine's for its very region first."""
    able: list[VoiceInfo] = []
    for engine in _known(among):
        own = [voice for voice in engine.voices if speaks(voice, language)]
        able += sorted(own, key=lambda voice: _tag(language) not in map(_tag, voice.languages))
    return able


def _no_voice(language: str, among: Sequence[VoiceEngine] | None) -> str:
    spoken = ", ".join(dict.fromkeys(_primary(tag) for voice in voices(among) for tag in voice.languages))
    found = f"no voice here speaks {language!r}; there are voices for {spoken}"
    name = ESPEAK_LANGUAGES.get(_primary(language))
    return f"{found}; espeak-ng, when installed, speaks {name}" if name else found


def _tag(language: str) -> str:
    return language.replace("_", "-").lower()


def _primary(language: str) -> str:
    return _tag(language).split("-")[0]
