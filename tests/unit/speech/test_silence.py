"""Silence that stands in for speech."""

import wave

import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.speech.protocol import SpeechRequest, Word
from kinescribe_server.speech.silence import make_silence
from kinescribe_server.speech.words import words_from_json


def silence(bench: WorkerBench, narration: str, rate: float = 1.0) -> tuple[float, tuple[Word, ...]]:
    made = make_silence(SpeechRequest(narration, "heart", "zh", rate), bench)
    audio = made.files["audio"]
    with wave.open(str(bench.artifacts.path(audio.sha256))) as wav:
        assert not any(wav.readframes(wav.getnframes()))
        assert wav.getnframes() / wav.getframerate() == audio.duration == made.details["duration"]
    (notice,) = made.notices
    assert notice.reason == "SCENE_SILENT"
    assert f"{audio.duration:.1f} s" in notice.message
    words = words_from_json(bench.artifacts.read(made.files["words"].sha256))
    assert all(narration[word.first : word.last] == word.text for word in words)
    return float(made.details["duration"]), words


def test_it_lasts_as_long_as_reading_takes(bench: WorkerBench) -> None:
    duration, words = silence(bench, "Diese zehn Wörter werden hier nur gelesen und nicht gesprochen.")
    assert duration == pytest.approx(10 / 2.5)
    assert [word.start for word in words] == pytest.approx([place * 0.4 for place in range(10)])
    assert words[-1].end == pytest.approx(duration)


def test_characters_of_unspaced_scripts_are_read_faster_than_words(bench: WorkerBench) -> None:
    duration, words = silence(bench, "我们今天讨论网络协议。")
    assert len(words) == 10
    assert duration == pytest.approx(10 / 4)


def test_the_rate_is_honoured(bench: WorkerBench) -> None:
    assert silence(bench, "word " * 20, rate=2.0)[0] == pytest.approx(4.0)


@pytest.mark.parametrize("narration", ["", "🚀", "да", "Two words"])
def test_it_lasts_two_seconds_at_least_and_words_fill_it(bench: WorkerBench, narration: str) -> None:
    duration, words = silence(bench, narration)
    assert duration == 2.0
    assert not words or words[-1].end == pytest.approx(2.0)


def test_a_long_run_of_an_unspaced_script_takes_its_time(bench: WorkerBench) -> None:
    assert silence(bench, "สวัสดีชาวโลก" * 10)[0] == pytest.approx(4, abs=1)
