"""The seam of speech."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

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


# Whether word times are the engine's own, or follow from where it is silent and how long the words are.
WordTimes = Literal["measured", "estimated"]


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono samples in -1 to 1 (shape (n,), float32), their rate in Hz, the times of the words, where those come from,
    and what the user should know."""

    samples: "NDArray[np.float32]"
    sample_rate: int
    words: tuple[Word, ...]
    word_times: WordTimes = "measured"
    notices: tuple[Notice, ...] = ()


# Several languages (ISO 639-2): of whoever may speak any.
ANY_LANGUAGE = "mul"


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice's name, the languages that it speaks (ANY_LANGUAGE for one that nobody knows the limits of), and its
    engine's name."""

    name: str
    languages: tuple[str, ...]
    engine: str


# A maker's name, where its function is ("package.module:function"), and the distributions whose versions decide what it
# makes (they are part of a result's key).
MakerEntry = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class VoiceEngine:
    """An engine as the catalogue knows it: its maker, its voices in the order of preference, the settings that its
    maker is given by keyword (part of a result's key, so no secrets), and how many seconds longer than others it may
    take."""

    maker: MakerEntry
    voices: tuple[VoiceInfo, ...]
    arguments: tuple[tuple[str, str], ...] = ()
    patience: float = 0.0


class SpeechEngine(Protocol):
    """Speaks. Raises MakeError for text that it cannot speak; never answers silence for words."""

    def speak(self, request: SpeechRequest) -> Speech: ...


# A speech maker's `Made`: files {"audio": WAV (16-bit mono), "words": JSON, a list of Word objects}, details
# {"duration": seconds, "word_times": WordTimes}. `words_from_json` in words.py reads the list back.
WordsJson = list[dict[str, Any]]
