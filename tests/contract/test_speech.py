"""What every engine of speech promises, whoever wrote it: each that is installed speaks here."""

import resource
import time
import wave
from dataclasses import dataclass, replace
from pathlib import Path
from pkgutil import resolve_name

import av
import numpy as np
import pytest
from av.filter import Graph
from numpy.typing import NDArray

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made, MakerFunction
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.catalog import engines
from kinescribe_server.speech.protocol import SpeechRequest, VoiceEngine, Word
from kinescribe_server.speech.words import words_from_json

PROSE = {
    "en": "The change is in the framing. On 14 March 2024, HTTP/2 was 62% faster: 340 ms, for $5!\n\nIsn't it so?",
    "de": "Der Rahmen ist neu. Am 14. März 2024 war HTTP/2 um 62 % schneller: 340 ms, für 5,50 €!\n\nNicht wahr?",
    "es": "El cambio está en las tramas. En marzo de 2024, HTTP/2 fue un 62 % más rápido.\n\n¿No es así?",
    "fr": "Le changement est dans les trames. En mars 2024, HTTP/2 était 62 % plus rapide.\n\nN'est-ce pas ?",
    "it": "Il cambiamento è nei pacchetti. Nel marzo 2024, HTTP/2 era più veloce del 62%.\n\nNon è vero?",
    "fi": "Muutos on kehyksissä. Vuonna 2024 se oli 62 % nopeampi, ja kaikki näkivät sen.\n\nEikö niin?",
}


@dataclass(frozen=True)
class Sound:
    """Samples in -1 to 1, their rate, and the words."""

    samples: NDArray[np.float64]
    rate: int
    words: tuple[Word, ...]
    made: Made

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class Speaker:
    make: MakerFunction
    request: SpeechRequest
    bench: WorkerBench

    def say(self, narration: str, **changes: object) -> Sound:
        made = self.make(replace(self.request, narration=narration, **changes), self.bench)  # type: ignore[arg-type]
        with wave.open(str(self.bench.artifacts.path(made.files["audio"].sha256))) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
            words = words_from_json(self.bench.artifacts.read(made.files["words"].sha256))
            return Sound(samples, file.getframerate(), words, made)


def _cases() -> list[tuple[VoiceEngine, str]]:
    """Every engine with the first voice for each language that there is a text for."""
    found: dict[tuple[str, str], tuple[VoiceEngine, str]] = {}
    for engine in engines():
        for voice in engine.voices:
            for tag in voice.languages:
                if tag.split("-")[0] in PROSE:
                    found.setdefault((engine.maker[0], tag), (engine, voice.name))
    return list(found.values())


@pytest.fixture(params=_cases(), ids=lambda case: case[1])
def speaker(request: pytest.FixtureRequest, tmp_path: Path) -> Speaker:
    """A voice of each engine for each language."""
    used, name = request.param
    return _speaker(used, name, tmp_path)


@pytest.fixture(params=[(engine, engine.voices[0].name) for engine in engines()], ids=lambda case: case[1])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Speaker:
    """One voice of each engine."""
    used, name = request.param
    return _speaker(used, name, tmp_path)


def _speaker(engine: VoiceEngine, name: str, tmp_path: Path) -> Speaker:
    voice = next(voice for voice in engine.voices if voice.name == name)
    wanted = SpeechRequest(PROSE.get(voice.languages[0].split("-")[0], ""), name, voice.languages[0])
    return Speaker(resolve_name(engine.maker[1]), wanted, WorkerBench(ArtifactFolder(tmp_path, min_free_bytes=0)))


def check_words(sound: Sound, narration: str) -> None:
    """Words are those of the text, in order, without overlap, inside the sound."""
    assert all(narration[word.first : word.last] == word.text for word in sound.words)
    covered = {place for word in sound.words for place in range(word.first, word.last)}
    assert {place for place, sign in enumerate(narration) if sign.isalnum()} <= covered
    edges = [edge for word in sound.words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= sound.seconds + 0.001


def loudness_and_true_peak(sound: Sound) -> tuple[float, float]:
    """In LUFS and dBTP, by the meter of FFmpeg (EBU R128)."""
    graph = Graph()
    source = graph.add_abuffer(sample_rate=sound.rate, format="flt", layout="mono")
    meter, sink = graph.add("ebur128", "peak=true:metadata=1:framelog=quiet"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    # The meter tells nothing of a last block shorter than 0.1 s.
    padded = np.append(sound.samples, np.zeros(sound.rate)).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(padded[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts = sound.rate, 0
    graph.push(frame)
    graph.push(None)
    loudness, peak = -99.0, 0.0
    while True:
        try:
            told = graph.pull().metadata
        except (BlockingIOError, EOFError):
            return loudness, float(20 * np.log10(peak))
        loudness = float(told.get("lavfi.r128.I", loudness))
        peak = max(peak, float(told.get("lavfi.r128.true_peaks_ch0", 0)))


def test_it_says_every_word_in_order_and_in_the_time_that_it_takes(speaker: Speaker) -> None:
    sound = speaker.say(speaker.request.narration)
    check_words(sound, speaker.request.narration)
    assert all(word.end > word.start for word in sound.words)
    assert sound.made.details["word_times"] in {"measured", "estimated"}
    assert sound.made.details["duration"] == pytest.approx(sound.seconds)
    assert sound.made.notices == ()
    # 60 to 160 ms a letter, where a digit is said with a whole word.
    letters = sum(5 if sign.isdigit() else 1 for sign in speaker.request.narration if sign.isalnum())
    assert 0.05 < sound.seconds / letters < 0.16


def test_it_is_as_loud_as_every_other_engine_and_does_not_clip(speaker: Speaker) -> None:
    loudness, peak = loudness_and_true_peak(speaker.say(speaker.request.narration))
    assert loudness == pytest.approx(-16, abs=1)
    assert peak <= -1


def test_it_begins_and_ends_without_a_click(speaker: Speaker) -> None:
    samples = np.abs(speaker.say(speaker.request.narration).samples)
    assert samples[0] <= 1 / 32768
    assert samples[-1] <= 1 / 32768
    assert samples[:40].max() < 0.03
    assert samples[-40:].max() < 0.03


def test_words_after_a_pause_begin_where_their_sound_does(speaker: Speaker) -> None:
    sound = speaker.say(speaker.request.narration)
    window = sound.rate // 200
    frames = sound.samples[: len(sound.samples) // window * window].reshape(-1, window)
    loud = np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > 0.008)
    onsets = loud[np.diff(loud, prepend=-1000) * 0.005 >= 0.3] * 0.005
    starts = np.array([word.start for word in sound.words])
    assert len(onsets) >= 3  # the beginning, the sentence's end, the paragraph's end
    assert max(np.abs(starts - onset).min() for onset in onsets) < 0.15


def test_the_same_request_gives_the_same_bytes(speaker: Speaker) -> None:
    first = speaker.say(speaker.request.narration).made
    speaker.say("12 345")
    assert speaker.say(speaker.request.narration).made == first


def test_the_rate_is_honoured(speaker: Speaker) -> None:
    normal = speaker.say(speaker.request.narration)
    fast, slow = (speaker.say(speaker.request.narration, rate=rate).seconds for rate in (1.5, 0.75))
    assert fast == pytest.approx(normal.seconds / 1.5, rel=0.15)
    assert slow == pytest.approx(normal.seconds / 0.75, rel=0.15)


def test_the_user_s_lexicon_changes_what_is_heard(engine: Speaker) -> None:
    narration = "Xylo 7."
    short = engine.say(narration)
    long = engine.say(narration, lexicon={"Xylo": "la la la la la la la la la la la la"})
    check_words(long, narration)
    assert long.words[0].end - long.words[0].start > short.words[0].end - short.words[0].start + 0.5


@pytest.mark.parametrize("narration", ["", " \n", "🚀🚀", "… — !!!", "\x00\ud800", "✨ 👍🏽"])
def test_what_has_no_words_is_an_error_and_never_silence(engine: Speaker, narration: str) -> None:
    with pytest.raises(MakeError) as error:
        engine.say(narration)
    assert error.value.reason == "VOICE_CANNOT_SPEAK"
    assert not error.value.retryable


@pytest.mark.parametrize("changes", [{"language": "tlh"}, {"language": "ja"}, {"rate": 3.0}], ids=str)
def test_what_it_cannot_speak_is_an_error_with_its_reason(engine: Speaker, changes: dict[str, object]) -> None:
    with pytest.raises(MakeError) as error:
        engine.say(engine.request.narration, **changes)
    assert error.value.reason == "VOICE_CANNOT_SPEAK"
    assert not error.value.retryable


def test_another_engine_s_voice_is_spoken_for_and_told(engine: Speaker) -> None:
    sound = engine.say("12 345", voice="somebody-else")
    assert [notice.reason for notice in sound.made.notices] == ["VOICE_CHANGED"]


@pytest.mark.parametrize(
    "narration",
    [
        "a" * 5_000,
        "7 " * 400,
        "1-" * 300,
        "no stop at all " * 100,
        "Hello\x00world,\x1b[31m this\x07 is\ud800 fine.",
        "<speed level='20'>Hello</speed> [[h@'loU]] <b>there</b> &amp; \\pau=9000\\ $(id) `id` -v --help",
        "½ x²",
        "W",
    ],
    ids=lambda text: text[:10].encode("ascii", "replace").decode(),
)
def test_odd_text_is_spoken_in_bounded_time_and_memory(engine: Speaker, narration: str) -> None:
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sound = engine.say(narration)
    check_words(sound, narration)
    assert time.process_time() - began < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250 * 1024
    assert np.abs(sound.samples).max() > 0.02
    assert sound.seconds < 0.5 * len(narration) + 10


def test_any_text_is_spoken_or_refused(engine: Speaker) -> None:
    random = np.random.default_rng(7)
    signs = [
        *"abcXYZ  0123456789.,:;/-%$£€°'\"!?()[]{}<>#@&*+=_~^|`é½²θ你🚀\x00\\",
        " March ",
        "am",
        "1:30",
        "IV",
        "a.b()",
    ]
    for _ in range(20):
        narration = "".join(random.choice(signs, size=random.integers(1, 40)))
        try:
            sound = engine.say(narration)
        except MakeError as error:
            assert error.reason == "VOICE_CANNOT_SPEAK"
            continue
        check_words(sound, narration)
