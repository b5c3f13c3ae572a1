"""The playlist of a film that is being made (HTTP Live Streaming, RFC 8216): its longest rendered beginning."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from kinescribe_server.artifacts.protocol import ArtifactStore
from kinescribe_server.film.fragments import PART_SECONDS, initialization, part, read_clip
from kinescribe_server.jobs.errors import ArtifactNotFoundError

INITIALIZATION = "init.mp4"


class Playlists:
    """Implements LiveFilm. A film is given as its clips in order, from the first one on; parts are made when they are
    asked for, from the clips."""

    def __init__(self, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts

    def playlist(self, clips: Sequence[str], frame_rate: int, *, ended: bool) -> str:
        cuts = [_cuts(self._artifacts.path(clip), frame_rate) for clip in clips]
        return "".join(f"{line}\n" for line in _lines(cuts, frame_rate, ended))

    def piece(self, clips: Sequence[str], frame_rate: int, name: str) -> bytes:
        if name == INITIALIZATION and clips:
            return initialization(read_clip(self._artifacts.path(clips[0]), frame_rate))
        for segment, clip in enumerate(clips):
            if not name.startswith(f"{segment:04d}-"):
                continue
            path = self._artifacts.path(clip)
            names = [_name(segment, number) for number in range(len(_cuts(path, frame_rate)) - 1)]
            if name in names:
                start = sum(_cuts(self._artifacts.path(before), frame_rate)[-1] for before in clips[:segment])
                return part(read_clip(path, frame_rate), names.index(name), start, frame_rate)
        raise ArtifactNotFoundError(f"the film has no part {name!r} yet")


@lru_cache(maxsize=4096)  # the playlist of a long film is asked for every few seconds, and clips never change
def _cuts(clip: Path, frame_rate: int) -> tuple[int, ...]:
    return read_clip(clip, frame_rate).cuts


def _lines(cuts: Sequence[Sequence[int]], frame_rate: int, ended: bool) -> Iterator[str]:
    yield "#EXTM3U"
    yield "#EXT-X-VERSION:7"
    yield f"#EXT-X-TARGETDURATION:{PART_SECONDS}"
    yield "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES"  # who names the part it waits for is answered when it is there
    yield "#EXT-X-MEDIA-SEQUENCE:0"
    yield "#EXT-X-PLAYLIST-TYPE:EVENT"
    yield "#EXT-X-INDEPENDENT-SEGMENTS"
    yield "#EXT-X-START:TIME-OFFSET=0"  # players begin what has no end three parts before its end
    if cuts:
        yield f'#EXT-X-MAP:URI="{INITIALIZATION}"'
    for segment, of_clip in enumerate(cuts):
        for number, (first, last) in enumerate(pairwise(of_clip)):
            yield f"#EXTINF:{(last - first) / frame_rate:.6f},"
            yield _name(segment, number)
    if ended:
        yield "#EXT-X-ENDLIST"


def _name(segment: int, number: int) -> str:
    return f"{segment:04d}-{number:02d}.m4s"
