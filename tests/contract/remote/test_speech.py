"""Speech from a service on loopback that speaks the real protocol, and has every fault that services have."""

import io
import json
import logging
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from tests.contract.test_speech import PROSE, Sound, Speaker, check_words

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.remote import circuit
from kinescribe_server.speech.protocol import SpeechRequest
from kinescribe_server.speech.remote import make_remote_speech

from .server import Answer, Asked, RemoteServer, Reply, in_turn
from .speech_server import RATE, UNKNOWN_SIZE, SpeechService, silence, streamed_wav, wav

TEXT = "Kinescribe tells you, event by event, how far it is. Nothing waits."


@pytest.fixture(autouse=True)
def closed_circuits() -> Iterator[None]:
    circuit.circuit_of.cache_clear()
    yield
    circuit.circuit_of.cache_clear()


class Remote:
    """A service, and what is said by it."""

    def __init__(self, folder: Path) -> None:
        self.bench = WorkerBench(ArtifactFolder(folder, min_free_bytes=0))

    def say(self, answer: Answer, narration: str = TEXT, rate: float = 1.0, **arguments: str) -> Sound:
        with RemoteServer(answer) as server:
            self.asked = server.asked
            settings = {"model": "tts-1", "voice": "alloy", "timeout_seconds": "5"} | arguments
            speaker = Speaker(
                lambda request, bench: make_remote_speech(request, bench, base_url=f"{server.url}/v1", **settings),
                SpeechRequest(narration, "remote/alloy", "en", rate),
                self.bench,
            )
            return speaker.say(narration)

    def fails(self, answer: Answer, **arguments: str) -> MakeError:
        with pytest.raises(MakeError) as error:
            self.say(answer, TEXT, 1.0, **arguments)
        return error.value


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


def test_a_request_has_what_it_needs_and_nothing_else(remote: Remote) -> None:
    remote.say(SpeechService())
    (asked,) = remote.asked
    assert (asked.method, asked.path) == ("POST", "/v1/audio/speech")
    assert asked.json == {"model": "tts-1", "input": TEXT, "voice": "alloy", "response_format": "wav"}
    remote.say(SpeechService(), rate=1.5)
    assert remote.asked[0].json["speed"] == 1.5


def test_the_voice_of_the_request_speaks(remote: Remote) -> None:
    with RemoteServer(SpeechService()) as server:
        request = SpeechRequest(TEXT, "remote/nova", "en")
        made = make_remote_speech(request, remote.bench, base_url=f"{server.url}/v1", model="tts-1", voice="alloy")
        assert server.asked[0].json["voice"] == "nova"
        assert made.notices == ()
        assert made.details["word_times"] == "estimated"


def test_a_long_narration_is_asked_for_in_passages_and_heard_as_a_whole(remote: Remote) -> None:
    narration = "\n\n".join([" ".join(["Nothing waits for a whole stage here."] * 60), "One more paragraph."])
    sound = remote.say(SpeechService(), narration)
    lengths = [len(asked.json["input"]) for asked in remote.asked]
    assert len(lengths) == 4
    assert max(lengths) <= 1_000
    assert " ".join(asked.json["input"] for asked in remote.asked) == " ".join(narration.split())
    check_words(sound, narration)


def test_kokoro_tells_when_its_words_are_heard(remote: Remote) -> None:
    estimated, measured = (
        remote.say(SpeechService(), PROSE["en"]),
        remote.say(SpeechService(), PROSE["en"], api="kokoro"),
    )
    assert [asked.path for asked in remote.asked] == ["/dev/captioned_speech"] * 2
    assert remote.asked[0].json["stream"] is False
    assert estimated.made.details["word_times"] == "estimated"
    assert measured.made.details["word_times"] == "measured"
    off = [abs(one.start - other.start) for one, other in zip(estimated.words, measured.words, strict=True)]
    assert np.median(off) < 0.1
    assert max(off) < 0.6


def test_a_service_without_captioned_speech_is_asked_for_speech_alone(remote: Remote) -> None:
    sound = remote.say(SpeechService(captions=False), PROSE["en"], api="kokoro")
    paths = [asked.path for asked in remote.asked]
    assert paths == ["/dev/captioned_speech", "/v1/audio/speech", "/v1/audio/speech"]
    assert sound.made.details["word_times"] == "estimated"


@pytest.mark.parametrize(
    "timestamps",
    [
        None,
        [],
        "none",
        [{"word": "Kinescribe"}],
        [{"word": "Kinescribe", "start_time": 3, "end_time": 1}],
        [{"word": "Kinescribe", "start_time": 0, "end_time": 900}],
        [{"word": "Kinescribe", "start_time": 0, "end_time": "NaN"}],
        [{"word": "Kinescribe", "start_time": 0, "end_time": 10**400}],
    ],
    ids=lambda value: str(value)[:70],
)
def test_times_that_make_no_sense_are_not_taken(timestamps: object, remote: Remote) -> None:
    service = SpeechService()

    def answer(asked: Asked) -> Reply:
        reply = service(asked)
        return replace(reply, body={**reply.body, "timestamps": timestamps})

    assert remote.say(answer, api="kokoro").made.details["word_times"] == "estimated"


def _compressed(pcm: bytes, container: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=RATE)
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2")[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    return file.getvalue()


def _as_float(pcm: bytes) -> bytes:
    stereo = np.repeat(np.frombuffer(pcm, "<i2") / np.float32(32768), 2).astype("<f4").tobytes()
    header = struct.pack("<4sI8sIHHIIHH", b"RIFF", 36 + len(stereo), b"WAVEfmt ", 16, 3, 2, RATE, 8 * RATE, 8, 32)
    return header + struct.pack("<4sI", b"data", len(stereo)) + stereo


def _in_three_bytes(pcm: bytes) -> bytes:
    wide = b"".join(b"\0" + pcm[place : place + 2] for place in range(0, len(pcm), 2))
    header = struct.pack("<4sI8sIHHIIHH", b"RIFF", 36, b"WAVEfmt ", 16, 1, 1, RATE, 3 * RATE, 3, 24)
    return header + struct.pack("<4sI", b"data", 0) + wide


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": wav,
    "of unknown size": streamed_wav,
    "of no size": lambda pcm: wav(pcm, 0),
    "of half the size": lambda pcm: wav(pcm, len(pcm) // 4 * 2),
    "of the largest signed size": lambda pcm: wav(pcm, 0x7FFFFFFF),
    "with a note at the end": lambda pcm: wav(pcm) + struct.pack("<4sI4s", b"LIST", 4, b"INFO"),
    "with a note at the beginning": lambda pcm: wav(pcm).replace(b"data", b"LIST\x04\0\0\0INFOdata", 1),
    "cut in the middle of a sample": lambda pcm: wav(pcm, UNKNOWN_SIZE) + b"\0",
    "several in a row": lambda pcm: wav(pcm[:48_000]) + wav(pcm[48_000:]),
    "in floats and stereo": _as_float,
    "in three bytes": _in_three_bytes,
    "flac in place of wav": lambda pcm: _compressed(pcm, "flac", "flac"),
    "mp3 in place of wav": lambda pcm: _compressed(pcm, "mp3", "libmp3lame"),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_sound_is_counted_and_not_believed(encode: Callable[[bytes], bytes], remote: Remote) -> None:
    expected = remote.say(SpeechService(wav))
    sound = remote.say(SpeechService(encode))
    assert sound.seconds == pytest.approx(expected.seconds, abs=0.02)
    check_words(sound, TEXT)


def test_samples_without_a_header_are_understood_at_the_rate_that_is_told(remote: Remote) -> None:
    expected = remote.say(SpeechService())
    assert remote.say(SpeechService(), audio_format="pcm").seconds == pytest.approx(expected.seconds, abs=0.02)

    def slower(asked: Asked) -> Reply:
        reply = SpeechService()(asked)
        half = np.frombuffer(reply.content, "<i2")[::2].tobytes()
        return replace(reply, body=half, headers={"Content-Type": "audio/pcm;rate=12000"})

    assert remote.say(slower, audio_format="pcm").seconds == pytest.approx(expected.seconds, abs=0.05)


@pytest.mark.parametrize(("container", "codec"), [("flac", "flac"), ("mp3", "libmp3lame"), ("adts", "aac")])
def test_a_service_that_compresses_in_place_of_samples_makes_no_noise(
    container: str, codec: str, remote: Remote
) -> None:
    expected = remote.say(SpeechService())

    def compressed(asked: Asked) -> Reply:
        reply = SpeechService()(asked)
        sound = _compressed(reply.content, container, codec)
        return replace(reply, body=sound, headers={"Content-Type": f"audio/{'aac' if codec == 'aac' else 'mpeg'}"})

    assert remote.say(compressed, audio_format="pcm").seconds == pytest.approx(expected.seconds, abs=0.1)


def test_sound_of_another_rate_has_the_same_length(remote: Remote) -> None:
    expected = remote.say(SpeechService())
    doubled = SpeechService(lambda pcm: wav(np.frombuffer(pcm, "<i2").repeat(2).tobytes(), rate=2 * RATE))
    assert remote.say(doubled).seconds == pytest.approx(expected.seconds, abs=0.02)


JSON_ERROR = {"error": {"message": "The engine is out of voices", "type": "server_error", "code": None}}
PAGE = "<!DOCTYPE html><html><head><style>x{}</style></head><body><h1>502 Bad Gateway</h1></body></html>"


@pytest.mark.parametrize(
    ("reply", "message", "retryable"),
    [
        (Reply(JSON_ERROR), "JSON in place of sound: The engine is out of voices", False),
        (Reply(json.dumps(JSON_ERROR), headers={"Content-Type": "audio/wav"}), "The engine is out of voices", False),
        (Reply({"detail": "voice missing"}), "JSON in place of sound: voice missing", False),
        (Reply({"audio": ""}), "JSON in place of sound", True),
        (Reply(PAGE), "a page in place of sound: 502 Bad Gateway", True),
        (Reply("no more voices"), "a text in place of sound: no more voices", True),
        (Reply(b""), "nothing at all in place of sound", True),
        (Reply(silence(3)), "3.0 s of silence", True),
        (Reply(wav(b"")), "0.0 s of silence", True),
        (Reply(b"RIFF\x10\0\0\0WAVE"), "a WAV file without sound in place of sound", True),
        (Reply(b"RIFF"), "a WAV file without sound", True),
        (Reply(wav(b"\1\2" * 9000).replace(b"fmt \x10", b"fmt \x04")), "cut off", True),
        (Reply(wav(bytes(9000)).replace(b"\x10\0\0\0\x01\0", b"\x10\0\0\0\x07\0", 1)), "a WAV file of format 7", True),
        (Reply(b"\x89\xc3\xfe" * 4000), "12,000 bytes of an unknown format", True),
        (Reply(b"ID3\4" + b"\x89\xc3\xfe" * 4000), "compressed sound that cannot be decoded", True),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, str) else "",
)
def test_an_error_that_says_that_all_is_well_is_found(
    reply: Reply, message: str, retryable: bool, remote: Remote
) -> None:
    error = remote.fails(lambda _: reply)
    assert error.reason == "REMOTE_BAD_REPLY"
    assert message in error.message
    assert error.retryable is retryable


@pytest.mark.parametrize("audio", [None, 7, "", "no base64!", "////"], ids=str)
def test_captioned_speech_without_sound_is_an_error(audio: object, remote: Remote) -> None:
    error = remote.fails(lambda _: Reply({"audio": audio, "timestamps": []}), api="kokoro")
    assert error.reason == "REMOTE_BAD_REPLY"


def test_sound_that_cannot_be_what_the_text_says_is_refused(remote: Remote) -> None:
    tone = (np.sin(np.arange(RATE * 60) / 9) * 9000).astype("<i2").tobytes()
    assert remote.fails(lambda _: Reply(wav(tone))).reason == "VOICE_CANNOT_SPEAK"
    assert remote.fails(lambda _: Reply(wav(tone[: RATE // 5]))).reason == "VOICE_CANNOT_SPEAK"


@pytest.mark.parametrize(
    ("arguments", "reason", "words"),
    [
        ({"model": "no-model"}, "REMOTE_NOT_FOUND", "The model 'no-model' does not exist"),
        ({"model": "no-model", "api": "kokoro"}, "REMOTE_NOT_FOUND", "The model 'no-model' does not exist"),
    ],
)
def test_a_wrong_model_is_told_in_the_service_s_words(
    arguments: dict[str, str], reason: str, words: str, remote: Remote
) -> None:
    error = remote.fails(SpeechService(), **arguments)
    assert (error.reason, error.retryable) == (reason, False)
    assert words in error.message


def test_the_key_is_shown_to_the_service_and_to_nobody_else(
    remote: Remote, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SPEECH_API_KEY", "sk-right-key-123456")
    remote.say(SpeechService(key="sk-right-key-123456"))
    error = remote.fails(SpeechService(key="sk-other-key-123456"))
    assert error.reason == "REMOTE_KEY_REFUSED"
    assert "123456" not in error.message + caplog.text
    assert TEXT[:10] not in caplog.text
    told = [getattr(record, "characters", None) for record in caplog.records if record.message == "remote call"]
    assert told == [len(TEXT), None]


def test_a_service_that_stumbles_is_asked_again(remote: Remote) -> None:
    service, stumbles = (
        SpeechService(),
        [Reply("busy", 503, {"Retry-After": "0"}), Reply(drop=100, body=wav(bytes(999)))],
    )

    def answer(asked: Asked) -> Reply:
        return stumbles.pop() if stumbles else service(asked)

    check_words(remote.say(answer), TEXT)
    assert len(remote.asked) == 3


@pytest.mark.parametrize(
    ("reply", "reason", "asked"),
    [
        (Reply({"error": {"message": "quota", "code": "insufficient_quota"}}, 429), "REMOTE_QUOTA_EXHAUSTED", 1),
        (Reply("slow down", 429, {"Retry-After": "0"}), "REMOTE_RATE_LIMITED", 3),
        (Reply("down", 500), "REMOTE_UNAVAILABLE", 3),
        (Reply(drop=0), "REMOTE_UNAVAILABLE", 3),
    ],
    ids=["quota", "rate", "down", "broken off"],
)
def test_a_service_that_fails_is_given_up(reply: Reply, reason: str, asked: int, remote: Remote) -> None:
    error = remote.fails(in_turn(reply))
    assert (error.reason, error.retryable) == (reason, False)
    assert len(remote.asked) == asked


def test_a_service_that_does_not_answer_is_given_up(remote: Remote) -> None:
    error = remote.fails(lambda _: Reply(delay=0.4), timeout_seconds="0.1")
    assert error.reason == "REMOTE_TIMEOUT"


def test_a_lexicon_is_heard_by_the_service_and_written_words_keep_their_times(remote: Remote) -> None:
    with RemoteServer(SpeechService()) as server:
        request = SpeechRequest("Xylo costs $5.", "remote/alloy", "en", lexicon={"Xylo": "zy low", "costs": "/kɒsts/"})
        made = make_remote_speech(
            request, remote.bench, base_url=f"{server.url}/v1", model="kokoro", voice="alloy", api="kokoro"
        )
        assert server.asked[0].json["input"] == "zy low costs 5 dollars."
    assert [notice.reason for notice in made.notices] == ["LEXICON_ENTRY_IGNORED"]
    assert made.details["word_times"] == "measured"


def test_a_passage_that_grows_beyond_what_a_service_takes_is_refused(remote: Remote) -> None:
    with RemoteServer(SpeechService()) as server, pytest.raises(MakeError) as error:
        request = SpeechRequest("x " * 300, "remote/alloy", "en", lexicon={"x": "y" * 39})
        make_remote_speech(request, remote.bench, base_url=f"{server.url}/v1", model="tts-1", voice="alloy")
    assert error.value.reason == "VOICE_CANNOT_SPEAK"
    assert "4,096" in error.value.message
    assert server.asked == []
