"""How loud speech is made."""

import av
import numpy as np
import pytest
from av.filter import Graph
from numpy.typing import NDArray

from kinescribe_server.speech.hibari import HibariEngine
from kinescribe_server.speech.level import LOUDNESS_LUFS, loudness_of
from kinescribe_server.speech.level import leveled as leveled_blocks
from kinescribe_server.speech.protocol import SpeechRequest

RATE = 24_000
Samples = NDArray[np.float32]


def leveled(samples: Samples, sample_rate: int) -> Samples:
    blocks = list(leveled_blocks(samples, sample_rate))
    return np.concatenate(blocks) if blocks else samples[:0]


def true_peak_db(samples: Samples) -> float:
    """The true peak in dBTP, by the meter of FFmpeg."""
    graph = Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="flt", layout="mono")
    meter, sink = graph.add("ebur128", "peak=true:metadata=1:framelog=quiet"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    # The meter tells nothing of a last block shorter than 0.1 s.
    frame = av.AudioFrame.from_ndarray(
        np.append(samples, np.zeros(RATE, np.float32))[None], format="flt", layout="mono"
    )
    frame.sample_rate, frame.pts = RATE, 0
    graph.push(frame)
    graph.push(None)
    peak = 0.0
    while True:
        try:
            peak = max(peak, float(graph.pull().metadata.get("lavfi.r128.true_peaks_ch0", 0)))
        except (BlockingIOError, EOFError):
            return float(20 * np.log10(peak))


def tone(seconds: float, amplitude: float) -> Samples:
    return (amplitude * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize(
    "narration",
    [
        "Yes.",
        "Stop!",
        "The change is in the framing.",
        "HTTP/2 cuts every message into small binary frames and stamps each frame with the number of its stream.",
    ],
)
def test_speech_is_equally_loud_however_long_and_never_clips(engine: HibariEngine, narration: str) -> None:
    samples = leveled(engine.speak(SpeechRequest(narration, "heart")).samples, RATE)
    assert loudness_of(samples, RATE) == pytest.approx(LOUDNESS_LUFS, abs=0.3)
    assert true_peak_db(samples) <= -1.5


def test_a_peak_is_taken_down_and_its_surroundings_stay() -> None:
    quiet = tone(6, 0.1)
    peaked = quiet.copy()
    peaked[3 * RATE : 3 * RATE + 240] *= 8
    found = leveled(peaked, RATE)
    assert np.abs(found).max() <= 10 ** (-2.2 / 20) + 1e-6
    far = slice(0, 2 * RATE)
    assert np.allclose(found[far] / found[far].max(), quiet[far] / quiet[far].max(), atol=1e-3)


def test_a_voice_of_many_peaks_is_as_loud_as_any_other() -> None:
    """Ten milliseconds in every half second are eight times as loud as the rest."""
    burst = np.arange(4 * RATE) % (RATE // 2) < RATE // 100
    samples = np.where(burst, tone(4, 0.9), tone(4, 0.11)).astype(np.float32)
    found = leveled(samples, RATE)
    assert loudness_of(found, RATE) == pytest.approx(LOUDNESS_LUFS, abs=0.1)
    assert true_peak_db(found) <= -1.5


def test_loudness_is_that_of_the_standard() -> None:
    # ITU-R BS.1770: a sine of 0 dBFS at 997 Hz in one channel reads -3.01 LKFS; at 440 Hz the weighting differs little.
    assert loudness_of(tone(5, 1.0), RATE) == pytest.approx(-3.7, abs=0.5)
    assert loudness_of(tone(5, 0.1), RATE) == pytest.approx(-23.7, abs=0.5)


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(100, np.float32), np.zeros(RATE, np.float32)])
def test_silence_stays_silence(samples: Samples) -> None:
    assert loudness_of(samples, RATE) is None
    assert np.array_equal(leveled(samples, RATE), samples)


def test_the_input_is_left_alone() -> None:
    samples = tone(1, 0.9)
    before = samples.copy()
    leveled(samples, RATE)
    assert np.array_equal(samples, before)
