"""The seam of speech."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from kinescribe_server.engine.protocol import Notice

if TYPE_CHECKING:  # whoever lists voices or plans steps reads this file, and needs no arrays
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What is to be said, in which voice and language (BCP 47), how fast (0.5 to 2.0), and the user's pronunciations
    (written word -> how it is said, in plain letters, or in the engine's phonemes between two slashes)."""

    narration: str
    voice: str
    language: str = "en"
    rate: float = 1.0
    lexicon: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is written in the narration: `narration[first:last] == text`. Spoken from `start` to `end`, in
    seconds from the beginning of the audio. Words are in order and do not overlap; a word that is seen but not heard
    lasts no time."""

    text: str
    start: float
    end: float
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono samples in -1 to 1 (shape (n,), float32), their rate in Hz, the times of the words, and what was not
    said."""

    samples: "NDArray[np.float32]"
    sample_rate: int
    words: tuple[Word, ...]
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice's name, the languages that it speaks, and its engine's name."""

    name: str
    languages: tuple[str, ...]
    engine: str


class SpeechEngine(Protocol):
    """Speaks. Raises MakeError for text that it cannot speak; never answers silence for words."""

    def speak(self, request: SpeechRequest) -> Speech: ...


# A speech maker's `Made`: files {"audio": WAV (16-bit mono), "words": JSON, a list of Word objects}, details
# {"duration": seconds}. `words_from_json` in words.py reads the list back.
WordsJson = list[dict[str, Any]]
