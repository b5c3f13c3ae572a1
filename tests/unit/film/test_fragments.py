"""Parts of a film that is being made: what they show and say is what the finished film does."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from kinescribe_server.engine.protocol import Made
from kinescribe_server.film.fragments import PART_SECONDS
from kinescribe_server.film.playlist import Playlists
from kinescribe_server.film.protocol import StatePicture
from kinescribe_server.jobs.errors import MakeError

from .studio import Studio, heard, seen, tone


def clips_of(studio: Studio, count: int, frame_rate: int = 30) -> list[Made]:
    """Clips of 2 to 12 seconds, of two pictures each."""
    return [
        studio.clip(
            StatePicture(studio.slide(number)),
            StatePicture(studio.slide(number + 1), "again"),
            narration="once and again",
            audio=studio.recording(tone(1.1 + 3.3 * number, 300 + 40 * number)),
            frame_rate=frame_rate,
        )
        for number in range(count)
    ]


def names_of(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if not line.startswith("#")]


def played(studio: Studio, clips: Sequence[Made], frame_rate: int, path: Path) -> Path:
    """Everything that a playlist of the clips names, one after the other, as players feed it to a decoder."""
    live, sums = Playlists(studio.bench.artifacts), [clip.files["clip"].sha256 for clip in clips]
    names = names_of(live.playlist(sums, frame_rate, ended=True))
    path.write_bytes(b"".join(live.piece(sums, frame_rate, name) for name in ["init.mp4", *names]))
    return path


def timed(path: Path, kind: str) -> list[tuple[Fraction, Fraction, bytes]]:
    """The packets that are played, with their times and lengths in seconds."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0] if kind == "video" else file.streams.audio[0]
        packets = [packet for packet in file.demux(stream) if packet.pts is not None and packet.pts >= 0]
        return [
            (packet.pts * packet.time_base, (packet.duration or 0) * packet.time_base, bytes(packet))
            for packet in packets
            if packet.pts is not None
        ]


@pytest.mark.parametrize("frame_rate", [24, 30, 60])
def test_the_parts_of_all_clips_are_the_film(studio: Studio, frame_rate: int, tmp_path: Path) -> None:
    clips = clips_of(studio, 3, frame_rate)
    film = studio.film(*(studio.on_timeline(clip, "once and again") for clip in clips), frame_rate=frame_rate)
    parts, whole = played(studio, clips, frame_rate, tmp_path / "parts.mp4"), studio.path(film, "film.mp4")
    assert seen(parts) == seen(whole)
    assert np.array_equal(heard(parts), heard(whole))
    for kind in ("video", "audio"):
        assert timed(parts, kind) == timed(whole, kind)


def test_each_part_can_be_decoded_alone_and_has_its_place_in_the_film(studio: Studio, tmp_path: Path) -> None:
    clips = clips_of(studio, 2)
    live, sums = Playlists(studio.bench.artifacts), [clip.files["clip"].sha256 for clip in clips]
    pictures = seen(played(studio, clips, 30, tmp_path / "all.mp4"))
    initialization, frame = live.piece(sums, 30, "init.mp4"), 0
    for name in names_of(live.playlist(sums, 30, ended=False)):
        alone = tmp_path / name
        alone.write_bytes(initialization + live.piece(sums, 30, name))
        found, times = seen(alone), timed(alone, "video")
        assert found == pictures[frame : frame + len(found)]
        assert times[0][0] == Fraction(frame, 30)
        assert 0 < len(found) <= PART_SECONDS * 30
        frame += len(found)
    assert frame == len(pictures)


def test_a_part_is_the_same_bytes_however_many_clips_there_are(studio: Studio) -> None:
    sums = [clip.files["clip"].sha256 for clip in clips_of(studio, 3)]
    early, late = Playlists(studio.bench.artifacts), Playlists(studio.bench.artifacts)
    for name in ["init.mp4", *names_of(early.playlist(sums[:2], 30, ended=False))]:
        assert early.piece(sums[:2], 30, name) == late.piece(sums, 30, name)


def test_damaged_clips_are_told(studio: Studio) -> None:
    store = studio.bench.artifacts
    good = studio.path(clips_of(studio, 1)[0], "clip").read_bytes()
    index = good.index(b"moov")
    other_boxes = [good.replace(kind, b"xxxx") for kind in (b"stsz", b"smhd")]
    damaged = [b"", good[:6], good[: index + 400], good[: index - 4], *other_boxes, b"\0" * 4_000]
    for data in damaged:
        clip = store.put_bytes(data, "video/mp4").sha256
        with pytest.raises(MakeError, match="a clip"):
            Playlists(store).playlist([clip], 30, ended=False)
    cut_short = store.put_bytes(good[: len(good) // 2], "video/mp4").sha256
    last = names_of(Playlists(store).playlist([cut_short], 30, ended=False))[-1]
    with pytest.raises(MakeError, match="a clip is cut short"):
        Playlists(store).piece([cut_short], 30, last)
