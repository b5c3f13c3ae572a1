"""Words whose pronunciation is given: by the house lexicon, and by the user's on top of it."""

import functools
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kinescribe_server.speech.marks import FIRST_MARK, LAST_MARK, is_mark

# A word begins and ends at any sign that is no letter or digit, and inside an identifier: "parse_json", "parseJSON".
_BEGINS = r"(?:(?<![^\W_])|(?<=[a-z])(?=[A-Z]))"
_ENDS = r"(?:(?![^\W_])|(?<=[a-z])(?=[A-Z]))"
_PLURAL = r"(?P<ending>['’]s|s)?"


@dataclass(frozen=True, slots=True)
class Saying:
    """A word as it is written (with "s" or "'s", if it has that), and how the word without the ending is said."""

    written: str
    said: str
    ending: bool


@dataclass(frozen=True, slots=True)
class Marked:
    """A text in which the n-th word of a lexicon is replaced by a mark, the n-th private-use character."""

    text: str
    sayings: tuple[Saying, ...]

    def saying(self, mark: str) -> Saying:
        return self.sayings[ord(mark) - ord(FIRST_MARK)]


class Lexicon:
    """Written words and how they are said. A word in capitals matches only as written, any other in any case."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        written = {_key(word): said for word, said in entries.items() if _key(word)}
        self._exact = written
        self._any_case = {word.casefold(): said for word, said in written.items() if not _is_capitals(word)}
        self._pattern = _pattern(written)

    def mark(self, text: str) -> Marked:
        """Marks the words in a piece of text that the lexicon knows: as many as there are marks."""
        sayings: list[Saying] = []

        def replace(match: re.Match[str]) -> str:
            word = _key(match.group("word"))
            said = self._exact.get(word) or self._any_case.get(word.casefold())
            if said is None or len(sayings) > ord(LAST_MARK) - ord(FIRST_MARK):
                return match.group()
            sayings.append(Saying(match.group(), said, match.group("ending") is not None))
            return chr(ord(FIRST_MARK) + len(sayings) - 1)

        plain = "".join(" " if is_mark(sign) else sign for sign in unicodedata.normalize("NFC", text))
        return Marked(self._pattern.sub(replace, plain), tuple(sayings))


def lexicon_with(user: Mapping[str, str]) -> Lexicon:
    """The house lexicon with the user's entries, which are stronger."""
    words = {_key(word).casefold() for word in user}
    house = {word: said for word, said in _house().items() if word.casefold() not in words}
    return Lexicon(house | dict(user))


def with_plural(phonemes: str) -> str:
    """Phonemes with the ending of a plural or a possessive, as English pronounces it after the last sound."""
    if phonemes[-1:] in "szʃʒʧʤ":
        return phonemes + "ᵻz"
    return phonemes + ("s" if phonemes[-1:] in "ptkfθ" else "z")


@functools.cache
def _house() -> Mapping[str, str]:
    return {str(word): str(said) for word, said in tomllib.loads(_HOUSE_FILE.read_text("utf-8")).items()}


_HOUSE_FILE = Path(__file__).with_name("lexicon.toml")


def _key(word: str) -> str:
    return " ".join(unicodedata.normalize("NFC", word).split())


def _is_capitals(word: str) -> bool:
    return word == word.upper()


def _pattern(words: Mapping[str, str]) -> re.Pattern[str]:
    """Finds the longest word first, and none inside another word."""
    exact = [word for word in words if _is_capitals(word)]
    any_case = [word for word in words if not _is_capitals(word)]
    parts = [part for part in (_alternatives(exact), f"(?i:{_alternatives(any_case)})" if any_case else "") if part]
    if not parts:
        return re.compile(r"(?!)")
    return re.compile(rf"{_BEGINS}(?P<word>{'|'.join(parts)}){_PLURAL}{_ENDS}")


def _alternatives(words: list[str]) -> str:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return "|".join(r"\s+".join(re.escape(part) for part in word.split()) for word in longest_first)
