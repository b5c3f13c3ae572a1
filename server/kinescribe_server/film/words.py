"""When each word of a clip is spoken: as the speech engine measured it, or estimated from the words' lengths."""

from kinescribe_server.artifacts.protocol import ArtifactStore
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.protocol import Word
from kinescribe_server.speech.words import words_from_json, written_words


def clip_words(words: str, narration: str, start: float, end: float, artifacts: ArtifactStore) -> tuple[Word, ...]:
    """The words of a clip, timed from the clip's start, whose speech lasts from `start` to `end`.

    `words` is the SHA-256 of a words file, or "" where nobody measured them. Raises MakeError for a damaged file.
    """
    if not words:
        found = estimated_words(narration, end - start)
    else:
        try:
            found = words_from_json(artifacts.read(words))
        except ValueError as error:
            raise MakeError("ASSET_DAMAGED", "a list of word times cannot be read", retryable=True) from error
    return tuple(Word(word.text, word.start + start, word.end + start, word.first, word.last) for word in found)


def estimated_words(narration: str, seconds: float) -> tuple[Word, ...]:
    """Words that share `seconds` in proportion to their letters."""
    written = written_words(narration)
    letters = sum(len(word.text) for word in written)
    words: list[Word] = []
    for word in written:
        start = words[-1].end if words else 0.0
        end = start + seconds * len(word.text) / letters
        words.append(Word(word.text, start, end, word.first, word.last))
    return tuple(words)
