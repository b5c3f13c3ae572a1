"""Whether a voice that reads Latin letters can speak a text, and what it would have to leave out."""

import unicodedata

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.readable import is_mark, latin, readable, settled

# Beyond this share of foreign letters the rest makes no sense to a listener.
MAX_FOREIGN_SHARE = 0.2
# Emoji and dingbats. The symbols before them are signs and technical drawing, which nobody expects to hear.
_FIRST_PICTURE = "\u2600"


def check_script(text: str, voice: str) -> None:
    """Raises MakeError VOICE_CANNOT_SPEAK if there is nothing to speak in a text, or if too much of it is foreign."""
    letters = [sign for sign in settled(text) if sign.isalpha()]
    foreign = [sign for sign in letters if _is_foreign(sign)]
    if len(foreign) > MAX_FOREIGN_SHARE * len(letters):
        scripts = sorted({unicodedata.name(sign, "UNNAMED").split()[0] for sign in foreign})
        raise MakeError(
            "VOICE_CANNOT_SPEAK",
            f"the voice {voice!r} reads Latin letters, but {len(foreign)} of {len(letters)} letters of the narration "
            f"are of another script ({', '.join(scripts[:3])}); at most {MAX_FOREIGN_SHARE:.0%} may be",
        )
    if not any(sign.isalnum() or is_mark(sign) for sign in readable(text)):
        message = f"the narration has no letter or digit that the voice {voice!r} can speak"
        raise MakeError("VOICE_CANNOT_SPEAK", message)


def unspeakable(text: str) -> list[str]:
    """The runs of signs in a text that are seen but cannot be spoken: foreign words and emoji."""
    runs: list[str] = []
    run = ""
    for sign in [*settled(text), " "]:
        if _is_foreign(sign) or _is_picture(sign) or (run and _joins(sign)):
            run += sign
        elif run:
            runs.append(run)
            run = ""
    return runs


def _is_foreign(sign: str) -> bool:
    return sign.isalpha() and latin(sign) == " "


def _is_picture(sign: str) -> bool:
    return sign >= _FIRST_PICTURE and unicodedata.category(sign) == "So"


def _joins(sign: str) -> bool:
    """Accents, vowel signs, joiners and skin tones belong to the sign before them."""
    return unicodedata.category(sign) in {"Mn", "Mc", "Me", "Cf", "Sk"}
