"""The hibari engine speaks."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.hibari import HibariEngine
from kinescribe_server.speech.protocol import Speech, SpeechRequest

PROSE = (Path(__file__).parents[2] / "data" / "http2.txt").read_text("utf-8")
MIXED = (
    "On 14 March 2024, gRPC over HTTP/2 was 62% faster: 340 ms, for $5.50. We say 你好 🚀 to 1,200 users — "
    "i.e. half of them. θ ≤ 0.5, and Redis isn't slow.\n\nDr. Smith agrees!"
)


def speak(engine: HibariEngine, narration: str, **options: object) -> Speech:
    return engine.speak(replace(SpeechRequest(narration, "heart"), **options))  # type: ignore[arg-type]


def seconds(speech: Speech) -> float:
    return len(speech.samples) / speech.sample_rate


def check_words(speech: Speech, narration: str) -> None:
    """What every list of word times promises."""
    assert all(narration[word.first : word.last] == word.text for word in speech.words)
    timed = {place for word in speech.words for place in range(word.first, word.last)}
    assert {place for place, sign in enumerate(narration) if sign.isalnum()} <= timed
    edges = [edge for word in speech.words for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= seconds(speech)


def onsets(speech: Speech, pause: float) -> list[float]:
    """Where sound begins after silence of at least `pause` seconds."""
    window = speech.sample_rate // 200
    count = len(speech.samples) // window
    energy = np.sqrt(np.mean(speech.samples[: count * window].reshape(count, window) ** 2, axis=1))
    loud = np.flatnonzero(energy > 0.0015)
    starts = loud[np.diff(loud, prepend=-1_000) * 0.005 > pause]
    return [float(start) * 0.005 for start in starts]


def test_prose_takes_as_long_as_a_speaker_takes(engine: HibariEngine) -> None:
    speech = speak(engine, PROSE)
    check_words(speech, PROSE)
    words_per_minute = len(speech.words) / seconds(speech) * 60
    assert 140 < words_per_minute < 190
    assert all(word.end > word.start for word in speech.words)
    assert max(word.end - word.start for word in speech.words) < 1.5
    assert speech.notices == ()


def test_sentences_begin_when_their_sound_does(engine: HibariEngine) -> None:
    speech = speak(engine, PROSE)
    heard = onsets(speech, pause=0.3)
    starts = [after.start for before, after in itertools.pairwise(speech.words) if after.start - before.end > 0.3]
    assert len(starts) > PROSE.count(". ")
    assert max(min(abs(start - onset) for onset in heard) for start in starts) < 0.06


def test_numbers_dates_units_and_foreign_signs_all_have_their_times(engine: HibariEngine) -> None:
    speech = speak(engine, MIXED)
    check_words(speech, MIXED)
    unheard = [word.text for word in speech.words if word.end == word.start]
    assert unheard == ["你", "好"]
    (notice,) = speech.notices
    assert notice.reason == "TEXT_NOT_SPOKEN"
    assert notice.message.endswith("你好, 🚀")


def test_a_paragraph_s_pause_is_longer_than_a_sentence_s(engine: HibariEngine) -> None:
    sentence = speak(engine, "One thing. Another thing.").words
    paragraph = speak(engine, "One thing.\n\nAnother thing.").words
    assert sentence[2].start - sentence[1].end == pytest.approx(0.6, abs=0.12)
    assert paragraph[2].start - paragraph[1].end == pytest.approx(1.0, abs=0.12)


def test_the_rate_is_honoured(engine: HibariEngine) -> None:
    narration = PROSE.partition("\n\n")[0]
    normal = seconds(speak(engine, narration))
    for rate in (0.5, 0.8, 1.25, 2.0):
        speech = speak(engine, narration, rate=rate)
        check_words(speech, narration)
        assert seconds(speech) == pytest.approx(normal / rate, rel=0.12)


def test_the_same_text_gives_the_same_samples(engine: HibariEngine) -> None:
    one, other = speak(engine, MIXED), speak(HibariEngine(), MIXED)
    assert np.array_equal(one.samples, other.samples)
    assert one.words == other.words


def test_speech_begins_at_once_ends_soon_and_has_no_click(engine: HibariEngine) -> None:
    speech = speak(engine, "Frames are mixed. Then they are put together")
    assert speech.words[0].start < 0.15
    assert seconds(speech) - speech.words[-1].end < 0.2
    assert speech.samples[0] == speech.samples[-1] == 0
    assert np.abs(speech.samples[:120]).max() < 0.01
    assert np.abs(speech.samples[-120:]).max() < 0.01


def test_the_lexicon_changes_what_is_heard_and_not_what_is_written(engine: HibariEngine) -> None:
    narration = "Kinescribe reads Kinescribe's text."
    given = speak(engine, narration, lexicon={"Kinescribe": "kinny scribe in many more words"})
    check_words(given, narration)
    assert given.words[0].end - given.words[0].start > 1
    assert seconds(given) > seconds(speak(engine, narration)) + 1.5


@pytest.mark.parametrize("language", ["en", "en-US", "EN-gb", "en_GB"])
def test_every_english_is_accepted(engine: HibariEngine, language: str) -> None:
    assert speak(engine, "Hello.", language=language).words


@pytest.mark.parametrize(
    ("narration", "options", "found"),
    [
        ("Guten Tag", {"language": "de"}, "'de'"),
        ("Hello", {"language": "zh-Hans"}, "'zh-Hans'"),
        ("Hello", {"rate": 3.0}, "3.0"),
        ("你好，世界", {}, "CJK"),
        ("🚀 …", {}, "no letter or digit"),
    ],
)
def test_what_cannot_be_spoken_is_refused(
    engine: HibariEngine, narration: str, options: dict[str, object], found: str
) -> None:
    with pytest.raises(MakeError, match=found) as error:
        speak(engine, narration, **options)
    assert error.value.reason == "VOICE_CANNOT_SPEAK"
    assert not error.value.retryable


@pytest.mark.parametrize(
    "narration",
    [
        "a" * 5_000,
        "9" * 400,
        "1-" * 200,
        "no stop at all " * 60,
        "Hello\x00world,\x1b[31m this\x07 is\ud800 fine.",
        "See [this](/həlˈO/) and <b>that</b> & `those` at https://example.com/a?b=c.",
        "W",
        "7",
        "½ x²",
    ],
    ids=lambda text: text[:10].encode("ascii", "replace").decode(),
)
def test_odd_input_is_spoken(engine: HibariEngine, narration: str) -> None:
    speech = speak(engine, narration)
    check_words(speech, narration)
    assert all(word.end > word.start for word in speech.words)
    assert np.abs(speech.samples).max() > 0.02


def test_any_text_is_spoken_or_refused(engine: HibariEngine) -> None:
    random = np.random.default_rng(7)
    signs = [*"abcXYZ  0123456789.,:;/-%$£€°'\"!?()[]{}<>#@&*+=_~^|`é½²θ你🚀\x00", " March ", "am", "1:30", "IV"]
    for _ in range(60):
        narration = "".join(random.choice(signs, size=random.integers(1, 40)))
        try:
            speech = speak(engine, narration)
        except MakeError as error:
            assert error.reason == "VOICE_CANNOT_SPEAK"
            continue
        check_words(speech, narration)


@pytest.mark.parametrize("said", ["你", ""])
def test_a_lexicon_that_gives_no_sound_does_not_make_silence(engine: HibariEngine, said: str) -> None:
    with pytest.raises(MakeError) as error:
        speak(engine, "你好", lexicon={"你好": said})
    assert error.value.reason == "VOICE_CANNOT_SPEAK"
