"""What the speech maker stores."""

import wave

import av
import numpy as np
import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.hibari import make_speech
from kinescribe_server.speech.protocol import SpeechRequest
from kinescribe_server.speech.words import words_from_json

NARRATION = "HTTP/2 carries many requests 🚀 over one connection."


def test_it_stores_a_wav_file_and_the_words(bench: WorkerBench) -> None:
    made = make_speech(SpeechRequest(NARRATION, "heart"), bench)
    audio, words = made.files["audio"], made.files["words"]
    with wave.open(str(bench.artifacts.path(audio.sha256))) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 2, 24_000)
        duration = wav.getnframes() / wav.getframerate()
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
    assert audio.media_type == "audio/wav"
    assert audio.duration == made.details["duration"] == duration
    assert audio.size_bytes == 44 + 2 * len(samples)
    assert 3_000 < np.abs(samples).max() < 32_767
    times = words_from_json(bench.artifacts.read(words.sha256))
    assert [word.text for word in times] == ["HTTP/2", "carries", "many", "requests", "over", "one", "connection."]
    assert times[-1].end <= duration
    assert made.details["word_times"] == "measured"
    assert words.media_type == "application/json"
    assert [notice.reason for notice in made.notices] == ["TEXT_NOT_SPOKEN"]


def test_ffmpeg_reads_the_same_length(bench: WorkerBench) -> None:
    made = make_speech(SpeechRequest("One, two, three.", "heart"), bench)
    with av.open(str(bench.artifacts.path(made.files["audio"].sha256))) as file:
        samples = sum(frame.samples for frame in file.decode(audio=0))
    assert samples / 24_000 == made.details["duration"]


def test_the_same_request_gives_the_same_files(bench: WorkerBench) -> None:
    def make() -> Made:
        return make_speech(SpeechRequest(NARRATION, "heart", rate=1.2, lexicon={"many": "several"}), bench)

    assert make() == make()


def test_progress_is_reported(bench: WorkerBench) -> None:
    reports: list[float] = []
    make_speech(SpeechRequest("Hello.", "heart"), WorkerBench(bench.artifacts, reports.append))
    assert reports
    assert all(0 <= percent <= 100 for percent in reports)


def test_nothing_is_stored_for_what_cannot_be_spoken(bench: WorkerBench) -> None:
    with pytest.raises(MakeError):
        make_speech(SpeechRequest("你好", "heart"), bench)
    assert list(bench.artifacts.scratch().iterdir()) == []
