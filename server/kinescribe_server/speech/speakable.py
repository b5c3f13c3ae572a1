"""Whether a voice that reads Latin letters can speak a text, and what it would have to leave out."""

import unicodedata
from collections.abc import Callable, Sequence

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.marks import is_mark
from kinescribe_server.speech.readable import latin, readable, settled

# Beyond this share of foreign letters the rest makes no sense to a listener.
MAX_FOREIGN_SHARE = 0.2
# Emoji and dingbats. The symbols before them are signs and technical drawing, which nobody expects to hear.
_FIRST_PICTURE = "\u2600"
# More unspoken words than this are not a narration with a few foreign names in it.
_MAX_UNSPOKEN_SHARE = 0.2
# A notice is a sentence, not a list of everything.
_NAMED_WORDS, _NAMED_LETTERS = 10, 40


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
    return _runs(text, lambda sign: _is_foreign(sign) or _is_picture(sign))


def pictures(text: str) -> list[str]:
    """The emoji in a text, which no voice can speak."""
    return _runs(text, _is_picture)


def _runs(text: str, is_wanted: Callable[[str], bool]) -> list[str]:
    runs: list[str] = []
    run = ""
    for sign in [*settled(text), " "]:
        if is_wanted(sign) or (run and _joins(sign)):
            run += sign
        elif run:
            runs.append(run)
            run = ""
    return runs


def check_spoken(voice: str, unspoken: Sequence[str], words: int, *, is_silent: bool) -> None:
    """Raises MakeError VOICE_CANNOT_SPEAK if nothing was spoken of a text, or too little of its words."""
    silent = [text for text in unspoken if any(sign.isalnum() for sign in text)]
    if is_silent or len(silent) > max(1, _MAX_UNSPOKEN_SHARE * words):
        message = f"the voice {voice!r} cannot speak {len(silent)} of {words} words: {_named(silent)}"
        raise MakeError("VOICE_CANNOT_SPEAK", message)


def not_spoken(voice: str, unspoken: Sequence[str]) -> list[Notice]:
    """The notice of what was left out, if anything was."""
    if not unspoken:
        return []
    return [Notice("TEXT_NOT_SPOKEN", f"the voice {voice!r} cannot speak a part of the text: {_named(unspoken)}")]


def _named(texts: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(texts))
    named = ", ".join(text[:_NAMED_LETTERS] for text in distinct[:_NAMED_WORDS])
    return named if len(distinct) <= _NAMED_WORDS else f"{named} and {len(distinct) - _NAMED_WORDS} more"


def _is_foreign(sign: str) -> bool:
    return sign.isalpha() and latin(sign) == " "


def _is_picture(sign: str) -> bool:
    return sign >= _FIRST_PICTURE and unicodedata.category(sign) == "So"


def _joins(sign: str) -> bool:
    """Accents, vowel signs, joiners and skin tones belong to the sign before them."""
    return unicodedata.category(sign) in {"Mn", "Mc", "Me", "Cf", "Sk"}
