"""Music stays behind speech, comes forward where nobody speaks, and leaves the speech where it is."""

from pathlib import Path

import av
import numpy as np
import pytest

from kinescribe_server.engine.protocol import Made
from kinescribe_server.film.decoding import Samples
from kinescribe_server.film.music import IN_PAUSES_LUFS, UNDER_SPEECH_LUFS, music_levels
from kinescribe_server.film.protocol import StatePicture

from .studio import Studio, heard, loudness_and_peak, packets, seen, tone


def piece(seconds: float = 5.0) -> Samples:
    """A chord that does not swell, so that every second of it is as loud as the next."""
    time = np.arange(round(seconds * 48_000)) / 48_000
    chord = np.sum([np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330)], axis=0) / 8
    samples: Samples = chord.astype(np.float32)
    return samples


@pytest.fixture
def parts(studio: Studio) -> list[Made]:
    """Eight seconds of speech, eight of silence, eight of speech."""
    speech = studio.clip(StatePicture(studio.slide(1)), audio=studio.recording(tone(8.0, hertz=900, level=0.3)))
    silence = studio.clip(StatePicture(studio.slide(2)), pause_after=8.0)
    return [speech, silence, speech]


def film(studio: Studio, parts: list[Made], music: str = "") -> Made:
    return studio.film(*(studio.on_timeline(part, "What is said.") for part in parts), music=music)


def added(studio: Studio, parts: list[Made], music: str) -> Samples:
    """What the music adds to the film's sound."""
    without, with_music = (heard(studio.path(film(studio, parts, name), "film.mp4")) for name in ("", music))
    assert len(without) == len(with_music)
    return with_music - without


def test_music_is_quiet_under_speech_and_louder_in_long_pauses(studio: Studio, parts: list[Made]) -> None:
    music = studio.upload(piece(), "mp3", "libmp3lame")
    found = added(studio, parts, music)
    under, pause = found[3 * 48_000 : 7 * 48_000], found[11 * 48_000 : 15 * 48_000]
    assert loudness_and_peak(under)[0] == pytest.approx(UNDER_SPEECH_LUFS, abs=1)
    assert loudness_and_peak(pause)[0] == pytest.approx(IN_PAUSES_LUFS, abs=1)


def test_music_fades_in_and_out_and_is_looped_without_a_gap_or_a_click(studio: Studio, parts: list[Made]) -> None:
    found = added(studio, parts, studio.upload(piece(3.3), "wav", "pcm_s16le"))
    blocks = np.sqrt(np.mean(found[: len(found) // 4_800 * 4_800].reshape(-1, 4_800) ** 2, axis=1))
    assert blocks[0] < 0.1 * blocks[30]
    assert blocks[-1] < 0.1 * blocks[-45]
    pause = blocks[110:150]  # two loops begin here
    assert pause.min() > 0.5 * pause.max()
    # Between two samples a chord of this pitch cannot change by more.
    assert np.abs(np.diff(found[11 * 48_000 : 15 * 48_000])).max() < 0.06 * np.abs(found).max() * 2


def test_pictures_and_packets_of_the_video_are_the_same_with_music(studio: Studio, parts: list[Made]) -> None:
    music = studio.upload(piece(), "flac", "flac")
    without, with_music = (studio.path(film(studio, parts, name), "film.mp4") for name in ("", music))
    assert packets(without, "video") == packets(with_music, "video")
    assert len(packets(without, "audio")) == len(packets(with_music, "audio"))
    assert len(seen(with_music)) == sum(part.details["frames"] for part in parts)
    assert ends(with_music) == ends(without)


def ends(path: Path) -> list[float]:
    with av.open(str(path)) as file:
        streams = (file.streams.video[0], file.streams.audio[0])
        return [float((stream.duration or 0) * (stream.time_base or 0)) for stream in streams]


def test_loud_music_and_speech_together_do_not_clip(studio: Studio) -> None:
    speech = studio.clip(StatePicture(studio.slide(1)), audio=studio.recording(tone(4.0, level=0.77)))
    made = film(studio, [speech], studio.upload(piece() * 2, "wav", "pcm_s16le"))
    assert loudness_and_peak(heard(studio.path(made, "film.mp4")))[1] <= -1.0


def test_the_same_music_gives_the_same_bytes(studio: Studio, parts: list[Made]) -> None:
    music = studio.upload(piece(), "mp3", "libmp3lame")
    assert film(studio, parts, music) == film(studio, parts, music)


def test_a_film_is_not_lost_for_its_music(studio: Studio, parts: list[Made]) -> None:
    store = studio.bench.artifacts
    short, silent = (studio.upload(sound, "flac", "flac") for sound in (piece(0.3), np.zeros(96_000, np.float32)))
    for music in (store.put_bytes(b"not a file", "audio/mpeg").sha256, short, silent):
        made = film(studio, parts, music)
        assert [notice.reason for notice in made.notices] == ["MUSIC_LEFT_OUT"]
        assert made.files["film.mp4"] == film(studio, parts).files["film.mp4"]


def test_short_pauses_do_not_bring_the_music_forward_and_it_never_jumps() -> None:
    spoken = np.zeros(3_000, bool)
    spoken[500:900] = spoken[1_000:1_400] = spoken[2_000:2_400] = True
    levels = music_levels(spoken)
    assert levels[500:1_400] == pytest.approx(UNDER_SPEECH_LUFS)
    assert levels[1_500:1_950] == pytest.approx(IN_PAUSES_LUFS)
    assert np.abs(np.diff(levels[200:2_600])).max() < 0.5
    assert levels[0] < -90
    assert levels[-1] < -60


def test_a_film_in_which_nobody_speaks_has_its_music_too() -> None:
    levels = music_levels(np.zeros(1_000, bool))
    assert levels[200:600] == pytest.approx(IN_PAUSES_LUFS)
    assert len(music_levels(np.zeros(0, bool))) == 0
