"""`kinescribe check` says of any film what is wrong with it, and nothing of one that is right."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from av.stream import Stream

from kinescribe_server.film.captions import Caption
from kinescribe_server.film.check.any_film import check_any_film
from kinescribe_server.film.check.container import Chapter, read_container
from kinescribe_server.film.check.file_rules import chapters
from kinescribe_server.film.check.finding import Outcome
from kinescribe_server.film.join import Film, Part, write_film
from kinescribe_server.film.mp4 import store_mp4
from kinescribe_server.film.protocol import StatePicture
from kinescribe_server.jobs.errors import MakeError

from .spoilt import foreign, spoilt
from .studio import Studio, tone

if TYPE_CHECKING:
    from av import Packet


def failed(film: Path, *, full: bool = False) -> dict[str, str]:
    """The checks that fail, with what they measured."""
    return {one.check: one.measured for one in check_any_film(film, full=full) if one.outcome is Outcome.FAILED}


@pytest.fixture
def film(studio: Studio) -> Path:
    """A right film of two clips."""
    clips = [
        studio.clip(
            StatePicture(studio.slide(number)),
            StatePicture(studio.slide(number + 1)),
            audio=studio.recording(tone(2.5, level=0.33)),
            narration="Nobody knows how this came to be said at all.",
        )
        for number in (1, 2)
    ]
    return studio.path(studio.film(*(studio.on_timeline(clip, title="One") for clip in clips)), "film.mp4")


def test_films_that_are_right_pass(film: Path, tmp_path: Path) -> None:
    for one in (film, foreign(tmp_path / "foreign.mp4")):
        assert failed(one) == {}
        assert failed(one, full=True) == {}


def test_sound_that_is_late_is_told(film: Path, tmp_path: Path) -> None:
    def late(packet: "Packet[Stream]", _: int) -> "Packet[Stream]":
        if packet.stream.type == "audio" and packet.pts is not None and packet.time_base is not None:
            packet.pts = packet.dts = packet.pts + int(Fraction(1, 5) / packet.time_base)
        return packet

    findings = {one.check: one for one in check_any_film(spoilt(film, tmp_path / "late.mp4", late), full=False)}
    assert findings["sound and picture"].outcome is Outcome.FAILED
    assert findings["sound and picture"].values["end_seconds"] == pytest.approx(0.2, abs=0.002)


def test_pictures_that_were_dropped_are_told(film: Path, tmp_path: Path) -> None:
    def dropped(packet: "Packet[Stream]", number: int) -> "Packet[Stream] | None":
        return None if packet.stream.type == "video" and number in range(20, 25) else packet

    found = failed(spoilt(film, tmp_path / "dropped.mp4", dropped))
    assert found["frame rate"] == "30.000 frames a second, 1 exception"


def test_sound_that_was_dropped_is_told(film: Path, tmp_path: Path) -> None:
    def dropped(packet: "Packet[Stream]", number: int) -> "Packet[Stream] | None":
        return None if packet.stream.type == "audio" and number == 40 else packet

    found = failed(spoilt(film, tmp_path / "dropped.mp4", dropped))
    assert found["timestamps"].endswith(", 1 fault")


def test_damaged_pictures_are_told_when_every_frame_is_decoded(film: Path, tmp_path: Path) -> None:
    with av.open(str(film)) as file:
        second_key = [entry for entry in file.streams.video[0].index_entries if entry.is_keyframe][1]
    data = bytearray(film.read_bytes())
    middle = second_key.pos + second_key.size // 2
    data[middle : middle + 60] = b"\x55" * 60
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    assert "decoding" in failed(damaged, full=True)


def test_black_frames_are_told(tmp_path: Path) -> None:
    film = foreign(tmp_path / "black.mp4", pictures=lambda number: 0 if 25 <= number < 40 else 60 + number)
    findings = {one.check: one for one in check_any_film(film, full=True)}
    assert findings["black"].outcome is Outcome.FAILED
    assert findings["black"].places == ("1.00 to 1.60 s",)
    assert "black" in failed(film)


def test_a_picture_that_stays_for_more_than_a_minute_is_told(studio: Studio) -> None:
    clip = studio.clip(StatePicture(studio.slide(1)), pause_after=65)
    film = studio.path(studio.film(studio.on_timeline(clip, title="One")), "film.mp4")
    for full in (False, True):
        findings = {one.check: one for one in check_any_film(film, full=full)}
        assert findings["frozen"].places == ("0.00 to 65.07 s",)


def test_silence_is_told_unless_nothing_is_to_be_heard(studio: Studio, tmp_path: Path) -> None:
    gap = np.concatenate((tone(2, rate=48_000), np.zeros(4 * 48_000, np.float32), tone(2, rate=48_000)))
    findings = {
        one.check: one for one in check_any_film(foreign(tmp_path / "gap.mp4", sound=gap, seconds=8), full=False)
    }
    assert findings["silence"].outcome is Outcome.FAILED
    clips = [
        studio.clip(StatePicture(studio.slide(1)), audio=studio.recording(tone(1.5))),
        studio.clip(StatePicture(studio.slide(2))),
    ]
    parts = [studio.on_timeline(clips[0], "Is said once."), studio.on_timeline(clips[1])]
    captioned = studio.path(studio.film(*parts), "film.mp4")
    assert "silence" not in failed(captioned)


def test_loud_and_clipped_sound_is_told(tmp_path: Path) -> None:
    clipped = np.clip(tone(3, rate=48_000, level=4.0), -1, 1)
    found = failed(foreign(tmp_path / "clipped.mp4", sound=clipped))
    assert set(found) == {"loudness", "true peak"}


def test_wrong_colours_pixels_key_frames_titles_and_a_late_index_are_told(tmp_path: Path) -> None:
    film = foreign(tmp_path / "wrong.mp4", tagged=False, key_frame_distance=150, seconds=4, title="", options={})
    assert failed(film) == {
        "colours": "primaries unknown, transfer unknown, matrix unknown, range unknown",
        "key frames": "1 key frame, at most 4.000 s apart",
        "fast start": "the index comes after the media",
        "metadata": "title '', language eng",
    }
    assert "streams" in failed(foreign(tmp_path / "444.mp4", pixel_format="yuv444p"))


def test_chapters_that_are_not_in_order_in_the_film_and_titled_are_told(film: Path) -> None:
    container = read_container(film)
    assert chapters(container).outcome is Outcome.OK
    wrong = ([(0, 2, "One"), (1, 3, "Two")], [(0, 99, "One")], [(0, 2, "")])
    for spans in wrong:
        found = chapters(replace(container, chapters=[Chapter(title, start, end) for start, end, title in spans]))
        assert (found.outcome, len(found.places)) == (Outcome.FAILED, 1)


def test_captions_that_cannot_be_read_in_time_are_told(studio: Studio, tmp_path: Path) -> None:
    clip = studio.clip(StatePicture(studio.slide(1)), audio=studio.recording(tone(4, level=0.33)))
    hasty = Caption(0.2, 1.2, ("Nobody can read as many words as these", "in a second, however hard they try it"))
    part = Part(studio.path(clip, "clip"), clip.details["frames"], captions=[hasty])
    whole = Film([part], 320, 180, 30, "Title", "eng", studio.bench.artifacts.path(studio.slide(1)))
    stored = store_mp4(
        studio.bench.artifacts, whole.duration, lambda file: write_film(whole, file, studio.bench.report)
    )
    assert "captions" in failed(studio.bench.artifacts.path(stored.sha256))
    film = foreign(tmp_path / "foreign.mp4")
    beside = film.with_suffix(".vtt")
    beside.write_text("WEBVTT\n\n00:00:00.000 --> 00:00:00.300\nToo short.\n")
    assert set(failed(film)) == {"captions"}
    beside.write_text("no captions")
    assert failed(film)["captions"].startswith("the file beside the film cannot be read")


def test_a_codec_that_nobody_knows_is_told(tmp_path: Path) -> None:
    data = foreign(tmp_path / "known.mp4").read_bytes()
    film = tmp_path / "unknown.mp4"
    film.write_bytes(data.replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz"))
    assert {"streams", "sound"} <= failed(film).keys()
    film.write_bytes(data.replace(b"avc1", b"zzzz").replace(b"avcC", b"zzzz"))
    with pytest.raises(MakeError, match="its pictures are coded in a way that is not known here"):
        check_any_film(film, full=False)


def test_captions_in_a_form_that_is_not_read_are_none(studio: Studio, tmp_path: Path) -> None:
    clip = studio.clip(StatePicture(studio.slide(1)), audio=studio.recording(tone(2.5, level=0.33)))
    film = studio.path(studio.film(studio.on_timeline(clip, "Is said once.", title="One")), "film.mp4")
    other = tmp_path / "ttml.mp4"
    other.write_bytes(film.read_bytes().replace(b"tx3g", b"stpp"))
    assert read_container(film).captions is not None
    assert read_container(other).captions is None


def test_a_title_in_an_old_encoding_is_a_title(tmp_path: Path) -> None:
    film = foreign(tmp_path / "film.mp4", title="Cafe")
    film.write_bytes(film.read_bytes().replace(b"Cafe", "Café".encode("latin-1")))
    for full in (False, True):
        assert failed(film, full=full) == {}
    assert read_container(film).title == "Caf\ufffd"


def test_a_film_without_sound_and_what_is_no_film_are_told(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no film")
    with pytest.raises(MakeError, match="cannot be read as an MP4 file"):
        check_any_film(text, full=False)
    with pytest.raises(MakeError, match="No such file"):
        check_any_film(tmp_path / "gone.mp4", full=False)
