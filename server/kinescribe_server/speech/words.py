"""The words of a narration as they are written, and lists of word times as JSON."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

from kinescribe_server.speech.protocol import Word, WordsJson

_WORDS: TypeAdapter[tuple[Word, ...]] = TypeAdapter(tuple[Word, ...])

# Kana and Chinese characters: scripts without spaces, where each character is a word of its own.
_UNSPACED_SIGNS = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af"
# Control characters, and surrogates without their other half, which JSON cannot carry.
_NEVER = "\x00-\x1f\x7f-\x9f\ud800-\udfff"
_DASHES = "—–"
# A word keeps its punctuation, so that the words of a caption read as they were written. A dash ends a word.
_WRITTEN = re.compile(
    rf"[{_UNSPACED_SIGNS}][^\w\s{_NEVER}]*|[^\s{_NEVER}{_UNSPACED_SIGNS}{_DASHES}]+[{_DASHES}]*",
)
_UNSPACED = re.compile(f"[{_UNSPACED_SIGNS}]")


@dataclass(frozen=True, slots=True)
class Written:
    """A word of a text: `text[first:last]`. It has a letter or a digit, and no white space."""

    text: str
    first: int
    last: int


def written_words(text: str) -> list[Written]:
    """The words of a text in order. Signs without a letter or digit (a dash, an emoji) are no words."""
    return [
        Written(match.group(), match.start(), match.end())
        for match in _WRITTEN.finditer(text)
        if any(sign.isalnum() for sign in match.group())
    ]


def is_unspaced(word: str) -> bool:
    """Whether a word is a character of a script that is written without spaces."""
    return _UNSPACED.match(word) is not None


def words_to_json(words: Iterable[Word]) -> bytes:
    """Times are rounded to milliseconds."""
    rows: WordsJson = [asdict(word) | {"start": round(word.start, 3), "end": round(word.end, 3)} for word in words]
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()


def words_from_json(data: bytes) -> tuple[Word, ...]:
    """The reverse of words_to_json. Raises ValueError for anything else."""
    return _WORDS.validate_json(data)
