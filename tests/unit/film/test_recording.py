"""A user's recording is heard as loud as speech, whatever its format, and is captioned with what is said in it."""

import json
import wave

import numpy as np
import pytest

from kinescribe_server.engine.protocol import Made
from kinescribe_server.film.decoding import Samples, decoded
from kinescribe_server.film.protocol import RecordingRequest
from kinescribe_server.film.recording import make_recording
from kinescribe_server.jobs.errors import MakeError

from .studio import Studio, loudness_and_peak, tone

FORMATS = {
    "wav": ("wav", "pcm_s16le", 44_100, "stereo"),
    "wav of 24 bits": ("wav", "pcm_s24le", 48_000, "mono"),
    "telephone": ("wav", "pcm_s16le", 8_000, "mono"),
    "flac": ("flac", "flac", 48_000, "stereo"),
    "mp3": ("mp3", "libmp3lame", 44_100, "stereo"),
    "opus": ("ogg", "libopus", 48_000, "mono"),
}
NARRATION = "First sentence here. And then a second."


def spoken() -> Samples:
    """Two phrases of noise like that of a voice, and a pause of half a second."""
    noise = np.random.default_rng(1).standard_normal(48_000 * 2).astype(np.float32)
    envelope = tone(2.0, hertz=3, rate=48_000, level=1.0)
    phrase = noise * np.abs(envelope) * 0.02 + tone(2.0, rate=48_000, level=0.02)
    return np.concatenate([np.zeros(24_000), phrase, np.zeros(24_000), phrase[:72_000], np.zeros(9_600)]).astype("f4")


def heard(studio: Studio, made: Made) -> Samples:
    return np.concatenate(list(decoded(studio.path(made, "audio"))))


@pytest.mark.parametrize("form", FORMATS)
def test_recordings_of_all_formats_become_as_loud_as_speech(studio: Studio, form: str) -> None:
    upload = studio.upload(spoken(), *FORMATS[form])
    made = make_recording(RecordingRequest(upload, NARRATION), studio.bench)
    loudness, peak = loudness_and_peak(heard(studio, made))
    assert loudness == pytest.approx(-16, abs=0.5)
    assert peak <= -1.5
    assert made.details["duration"] == pytest.approx(len(spoken()) / 48_000, abs=0.06)
    assert made.notices == ()
    words = json.loads(studio.bench.artifacts.read(made.files["words"].sha256))
    assert [word["text"] for word in words] == NARRATION.split()
    assert words[0]["start"] == pytest.approx(0.5, abs=0.1)
    assert words[3]["start"] == pytest.approx(3.0, abs=0.1)


def test_peaks_that_would_be_too_high_are_held_and_the_loudness_stays(studio: Studio) -> None:
    sound = spoken() * 0.3
    sound[::9_600] = 0.9
    made = make_recording(RecordingRequest(studio.upload(sound, "flac", "flac"), NARRATION), studio.bench)
    loudness, peak = loudness_and_peak(heard(studio, made))
    assert loudness == pytest.approx(-16, abs=1)
    assert peak <= -1.0


def test_a_recording_without_text_has_no_captions_and_says_so(studio: Studio) -> None:
    made = make_recording(RecordingRequest(studio.upload(spoken(), "flac", "flac"), "  "), studio.bench)
    assert studio.bench.artifacts.read(made.files["words"].sha256) == b"[]"
    assert [notice.reason for notice in made.notices] == ["RECORDING_WITHOUT_TEXT"]


def test_the_same_recording_gives_the_same_bytes(studio: Studio) -> None:
    request = RecordingRequest(studio.upload(spoken(), "mp3", "libmp3lame"), NARRATION)
    assert make_recording(request, studio.bench) == make_recording(request, studio.bench)


def test_what_is_no_recording_is_told_and_leaves_nothing_behind(studio: Studio) -> None:
    store = studio.bench.artifacts
    good = store.read(studio.upload(spoken(), "flac", "flac"))
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n/etc/hostname\n#EXT-X-ENDLIST\n"
    silent = store.read(studio.upload(np.zeros(96_000, np.float32), "wav", "pcm_s16le"))
    for data in [b"", b"not a file", good[:100], playlist, b"ffconcat version 1.0\nfile /etc/hostname\n", silent]:
        with pytest.raises(MakeError) as caught:
            make_recording(RecordingRequest(store.put_bytes(data, "audio/flac").sha256, NARRATION), studio.bench)
        assert (caught.value.reason, caught.value.retryable) == ("AUDIO_INVALID", False)
        assert str(store.scratch().parent) not in caught.value.message
    assert list(store.scratch().iterdir()) == []


def test_files_that_are_cut_off_or_carry_scraps_are_played_as_far_as_they_go(studio: Studio) -> None:
    store = studio.bench.artifacts
    mp3, flac = (store.read(studio.upload(spoken(), *FORMATS[form])) for form in ("mp3", "flac"))
    whole = len(spoken())
    for data, length in ((mp3 + b"TAG" + bytes(125), whole), (mp3 + b"\0junk" * 300, whole), (flac[:-2_000], whole)):
        found = sum(map(len, decoded(store.path(store.put_bytes(data, "audio/*").sha256))))
        assert found == pytest.approx(length, rel=0.1)


def test_tags_in_an_old_encoding_and_codecs_that_nobody_knows_are_no_surprise(studio: Studio) -> None:
    store = studio.bench.artifacts
    wav = store.read(studio.upload(spoken(), "wav", "pcm_s16le"))
    tags = b"LIST\x10\0\0\0INFOINAM\x04\0\0\0" + "Café".encode("latin-1")
    tagged = store.path(store.put_bytes(wav[:12] + tags + wav[12:], "audio/wav").sha256)
    assert sum(map(len, decoded(tagged))) == len(spoken())
    mp4 = store.read(studio.upload(spoken(), "mp4", "aac")).replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz")
    with pytest.raises(MakeError, match="cannot be used"):
        list(decoded(store.path(store.put_bytes(mp4, "audio/mp4").sha256)))


def test_half_an_hour_is_the_most_and_is_told_before_it_is_read_to_the_end(studio: Studio) -> None:
    upload = studio.bench.artifacts.path(studio.upload(spoken(), "flac", "flac"))
    with pytest.raises(MakeError, match=r"longer than 0\.05 minutes"):
        list(decoded(upload, longest=3.0))


def test_a_rate_that_would_fill_the_memory_is_refused(studio: Studio) -> None:
    path = studio.bench.artifacts.scratch() / "slow.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 2, 0, "NONE", "not compressed"))
        file.writeframes(bytes(200_000))
    with pytest.raises(MakeError, match="at 2 Hz"):
        list(decoded(path))
