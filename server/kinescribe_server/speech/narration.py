"""A narration that is spoken piece by piece, and when each of its written words is heard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.alignment import Span, Spoken, align
from kinescribe_server.speech.heard import Samples, Windows
from kinescribe_server.speech.pieces import Piece
from kinescribe_server.speech.protocol import SpeechRequest, Word
from kinescribe_server.speech.recording import Recording
from kinescribe_server.speech.words import written_words

MIN_RATE, MAX_RATE = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """What an engine said at once, the windows of it in which something is heard, and the words in it, timed from its
    first sample."""

    samples: Samples
    loud: Windows
    spoken: Sequence[Spoken]


class Narration:
    """Collects utterances. `as_read` gives a written word as it appears among the words that were spoken."""

    def __init__(
        self, request: SpeechRequest, sample_rate: int, as_read: Callable[[str], str] = lambda word: word
    ) -> None:
        if not MIN_RATE <= request.rate <= MAX_RATE:
            message = f"the speaking rate is {request.rate}; the voices speak at {MIN_RATE} to {MAX_RATE}"
            raise MakeError("VOICE_CANNOT_SPEAK", message)
        self.written = written_words(request.narration)
        self._spans: list[Span | None] = [None] * len(self.written)
        self._recording = Recording(sample_rate, request.rate)
        self._sample_rate = sample_rate
        self._as_read = as_read

    @property
    def is_silent(self) -> bool:
        return not len(self._recording)

    def words_in(self, piece: Piece) -> list[tuple[int, str]]:
        """The words of a piece with their places. A word that is longer than a piece gives its part."""
        return [
            (place, word.text[max(0, piece.first - word.first) : piece.last - word.first])
            for place, word in enumerate(self.written)
            if word.first < piece.last and word.last > piece.first
        ]

    def add(self, piece: Piece, utterances: Sequence[Utterance]) -> None:
        """Adds a piece, and the pause that follows it."""
        spoken: list[Spoken] = []
        for utterance in utterances:
            offset = self._recording.add(utterance.samples, utterance.loud) / self._sample_rate
            spoken += [Spoken(word.text, word.start + offset, word.end + offset) for word in utterance.spoken]
        self._recording.pause(piece.ending)
        if not spoken:
            return
        words = self.words_in(piece)
        for (place, _), span in zip(words, align([self._as_read(text) for _, text in words], spoken), strict=True):
            before = self._spans[place]
            self._spans[place] = span if before is None else (before[0], span[1])

    def samples(self) -> Samples:
        return self._recording.samples()

    def words(self) -> tuple[Word, ...]:
        """The written words with their times. One that nothing is spoken for lasts no time."""
        timed: list[Word] = []
        reached, end = 0.0, len(self._recording) / self._sample_rate
        for word, span in zip(self.written, self._spans, strict=True):
            start, reached = _clipped(span, reached, end)
            timed.append(Word(word.text, start, reached, word.first, word.last))
        return tuple(timed)


def _clipped(span: Span | None, reached: float, end: float) -> Span:
    """A time inside the recording, not before what was said last."""
    if span is None:
        return reached, reached
    start = min(max(span[0], reached), end)
    return start, min(max(span[1], start), end)
