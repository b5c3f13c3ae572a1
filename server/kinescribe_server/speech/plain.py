"""A text for an engine that reads a language's own script and its own signs: only what no engine should see is gone."""

import re
import unicodedata

from kinescribe_server.speech.marks import is_mark

# The engines take these for markup, commands or the names of phonemes.
_BRACKETS = str.maketrans("[]{}<>", "()()  ")
# A word of 300 letters without a space takes Pico more than ten minutes.
_LONG_RUN = re.compile(r"\S{40}(?=\S)")
_FIRST_PICTURE = "\u2600"


def plain_text(text: str) -> str:
    """The text on one line, without control characters, lone surrogates, pictures and markup."""
    shown = "".join(map(_kept, unicodedata.normalize("NFC", text).translate(_BRACKETS)))
    return broken(" ".join(shown.split()))


def broken(text: str) -> str:
    """The text with spaces in what stands too long without one."""
    return _LONG_RUN.sub(r"\g<0> ", text)


def _kept(sign: str) -> str:
    if is_mark(sign):
        return sign
    category = unicodedata.category(sign)
    if category in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} or (category == "So" and sign >= _FIRST_PICTURE):
        return " "
    return "" if category in {"Cf", "Me", "Sk"} and sign not in "\u200c\u200d" else sign
