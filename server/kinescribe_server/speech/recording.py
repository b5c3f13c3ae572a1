"""A narration in the making: what an engine says, one utterance after the other, with a speaker's pauses between."""

import numpy as np

from kinescribe_server.speech.heard import Samples, Windows, window_samples
from kinescribe_server.speech.pieces import Ending

# Engines leave up to 0.5 s of silence before and after what they say, however that ends. The silence is cut off, so
# that speech begins at once and pauses tell where a thought ends. In seconds, at rate 1.
_PAUSES = {
    Ending.PARAGRAPH: 0.9,
    Ending.SENTENCE: 0.5,
    Ending.CLAUSE: 0.2,
    Ending.WORD: 0.0,
}
_KEPT_BEFORE_SECONDS, _KEPT_AFTER_SECONDS = 0.03, 0.08
_FADE_SECONDS = 0.005


class Recording:
    """Speech at one sample rate and speaking rate."""

    def __init__(self, sample_rate: int, rate: float) -> None:
        self._sample_rate = sample_rate
        self._rate = rate
        # Grows in place: a list of arrays that is joined at the end would need the memory twice.
        self._bytes = bytearray()
        self._pause = 0.0

    def add(self, samples: Samples, loud: Windows) -> int:
        """Adds an utterance without the silence at its ends. Answers where its first sample would be in the recording
        (before the beginning of it, where that sample was cut off)."""
        window = window_samples(self._sample_rate)
        heard, silent_from = (int(loud[0]) * window, (int(loud[-1]) + 1) * window) if len(loud) else (0, 0)
        first = max(0, heard - round(_KEPT_BEFORE_SECONDS * self._sample_rate))
        last = min(len(samples), silent_from + round(_KEPT_AFTER_SECONDS * self._sample_rate))
        if self._bytes:
            pause = round(self._pause / self._rate * self._sample_rate)
            self._bytes += bytes(pause * np.dtype(np.float32).itemsize)
        self._pause = 0.0
        place = len(self) - first
        self._bytes += self._faded(samples[first:last]).tobytes()
        return place

    def pause(self, ending: Ending) -> None:
        """A pause before what is added next: of pauses in a row the longest."""
        self._pause = max(self._pause, _PAUSES[ending])

    def __len__(self) -> int:
        return len(self._bytes) // np.dtype(np.float32).itemsize

    def samples(self) -> Samples:
        """All that was said, without a copy: nothing can be added while the array is in use."""
        return np.frombuffer(self._bytes, np.float32)

    def _faded(self, samples: Samples) -> Samples:
        """Samples that begin and end at zero: what was cut off is silent, but not quite."""
        size = min(round(_FADE_SECONDS * self._sample_rate), len(samples))
        rise = np.linspace(0, 1, size, dtype=np.float32)
        faded = samples.copy()
        faded[:size] *= rise
        faded[len(faded) - size :] *= rise[::-1]
        return faded
