"""The voices of espeak-ng, which is a program of its own (GPL-3) and speaks only where somebody has installed it."""

import shutil

from kinescribe_server.speech.protocol import VoiceEngine, VoiceInfo

PROGRAM = "espeak-ng"

# Languages that espeak-ng reads in their own script: the tag, which is also its name for the voice, and the language's
# English name. It has voices for more, but reads Japanese characters and Thai words by guessing.
_LANGUAGES = (
    "af:Afrikaans am:Amharic ar:Arabic az:Azerbaijani be:Belarusian bg:Bulgarian bn:Bengali bs:Bosnian ca:Catalan "
    "cs:Czech cy:Welsh da:Danish de:German el:Greek en:English eo:Esperanto es:Spanish et:Estonian eu:Basque "
    "fa:Persian fi:Finnish fr:French ga:Irish gu:Gujarati he:Hebrew hi:Hindi hr:Croatian hu:Hungarian hy:Armenian "
    "id:Indonesian is:Icelandic it:Italian ka:Georgian kk:Kazakh kn:Kannada ko:Korean la:Latin lt:Lithuanian "
    "lv:Latvian mk:Macedonian ml:Malayalam mr:Marathi ms:Malay mt:Maltese nb:Norwegian ne:Nepali nl:Dutch "
    "no:Norwegian pa:Punjabi pl:Polish pt-BR:Portuguese pt-PT:Portuguese ro:Romanian ru:Russian sk:Slovak "
    "sl:Slovenian sq:Albanian sr:Serbian sv:Swedish sw:Swahili ta:Tamil te:Telugu tr:Turkish uk:Ukrainian ur:Urdu "
    "uz:Uzbek vi:Vietnamese yue:Cantonese zh:Chinese"
)
_NAMES = dict(pair.split(":") for pair in _LANGUAGES.split())
# What espeak-ng calls a few of them.
_PROGRAM_NAMES = {"en": "en-us", "fr": "fr-fr", "no": "nb", "zh": "cmn"}

# The English names of the languages by their primary subtags.
ESPEAK_LANGUAGES = {tag.split("-")[0]: name for tag, name in _NAMES.items()}
ESPEAK = VoiceEngine(
    ("espeak-ng", "kinescribe_server.speech.espeak:make_speech", ("kinescribe",)),
    tuple(VoiceInfo(f"espeak-{tag.lower()}", (tag,), "espeak-ng") for tag in _NAMES),
)


def is_installed() -> bool:
    return shutil.which(PROGRAM) is not None


def program_voice(tag: str) -> str:
    """What espeak-ng calls the voice for a language of the table."""
    return _PROGRAM_NAMES.get(tag, tag.lower())
