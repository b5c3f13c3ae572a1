"""The playlist of a film that is being made grows at its end and changes nowhere else."""

from itertools import pairwise

import pytest

from kinescribe_server.film.playlist import Playlists
from kinescribe_server.jobs.errors import ArtifactNotFoundError

from .studio import Studio
from .test_fragments import clips_of, names_of


def seconds_of(playlist: str) -> list[float]:
    return [float(line[8:-1]) for line in playlist.splitlines() if line.startswith("#EXTINF:")]


def test_a_playlist_grows_by_whole_clips_and_ends_when_nothing_more_will_come(studio: Studio) -> None:
    clips = clips_of(studio, 3)
    sums = [clip.files["clip"].sha256 for clip in clips]
    live = Playlists(studio.bench.artifacts)
    grown = [live.playlist(sums[:count], 30, ended=False) for count in range(4)]
    assert names_of(grown[0]) == []
    for before, after in pairwise(grown[1:]):
        assert after.startswith(before)
    assert live.playlist(sums, 30, ended=True) == grown[3] + "#EXT-X-ENDLIST\n"
    for count, playlist in enumerate(grown):
        wanted = sum(clip.details["duration"] for clip in clips[:count])
        assert sum(seconds_of(playlist)) == pytest.approx(wanted, abs=1e-4)


def test_a_playlist_says_what_players_need_to_know_and_no_part_is_longer_than_it_says(studio: Studio) -> None:
    sums = [clip.files["clip"].sha256 for clip in clips_of(studio, 3, frame_rate=25)]
    playlist = Playlists(studio.bench.artifacts).playlist(sums, 25, ended=False)
    lines = playlist.splitlines()
    assert lines[0] == "#EXTM3U"
    for line in ("#EXT-X-VERSION:7", "#EXT-X-PLAYLIST-TYPE:EVENT", "#EXT-X-INDEPENDENT-SEGMENTS"):
        assert lines.count(line) == 1
    assert lines.count('#EXT-X-MAP:URI="init.mp4"') == 1
    target = next(int(line.partition(":")[2]) for line in lines if line.startswith("#EXT-X-TARGETDURATION:"))
    assert max(seconds_of(playlist)) <= target <= 6
    assert len(set(names_of(playlist))) == len(seconds_of(playlist))


@pytest.mark.parametrize("name", ["0001-00.m4s", "0000-99.m4s", "0000-0.m4s", "../film.mp4", "", "init.mp4 "])
def test_only_what_a_playlist_names_is_there(studio: Studio, name: str) -> None:
    sums = [clip.files["clip"].sha256 for clip in clips_of(studio, 1)]
    with pytest.raises(ArtifactNotFoundError):
        Playlists(studio.bench.artifacts).piece(sums, 30, name)
    with pytest.raises(ArtifactNotFoundError):
        Playlists(studio.bench.artifacts).piece([], 30, "init.mp4")
