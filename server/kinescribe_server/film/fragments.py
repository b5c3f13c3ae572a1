"""A clip's packets as parts of the film that can be played before the film is there: fragmented MP4.

Nothing is encoded and no decoder is opened: a part is a new index (`moof`) before bytes that are in the clip. Times are
those of the film, so parts of all clips follow each other as the packets of the finished film do; the sound's priming,
of which the film has one packet, is left out, since clips begin in silence.

Boxes are those of ISO/IEC 14496-12, 8.8.
"""

import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from kinescribe_server.film.sample_tables import Track, read_tracks
from kinescribe_server.film.timing import AAC_FRAME, SOUND_RATE, aac_frame_at, samples_per_frame
from kinescribe_server.jobs.errors import MakeError

# The longest part; no part is cut but at a key frame, and those are at most so far apart. Players look for new parts as
# often as a part is long, so a film that is watched while it is made waits that much longer than it has to. An index
# has about a kilobyte.
PART_SECONDS = 2

_PICTURE_TRACK, _SOUND_TRACK = 1, 2
# Sample flags (8.8.3.1): a key frame or a sound packet depends on no other, another picture does.
_INDEPENDENT, _DEPENDENT = 0x0200_0000, 0x0101_0000
# Which fields `tfhd` has: duration and flags of samples that do not tell theirs; places count from `moof`.
_DEFAULTS = 0x02_0000 | 0x08 | 0x20
# Which fields `trun` has: where the data begins, and each sample's size, or its size and flags.
_SIZES, _SIZES_AND_FLAGS = 0x1 | 0x200, 0x1 | 0x200 | 0x400


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip of which parts are made. `cuts` are the frames with which its parts begin, and the number of its frames;
    `first_sound` is its first sound packet that is heard."""

    path: Path
    picture: Track
    sound: Track
    cuts: tuple[int, ...]

    @property
    def frames(self) -> int:
        return self.cuts[-1]

    @property
    def first_sound(self) -> int:
        return self.sound.not_played // AAC_FRAME


@lru_cache(maxsize=16)  # the parts of a clip are asked for one after the other; its index has 300 KB a minute
def read_clip(path: Path, frame_rate: int) -> Clip:
    """Raises MakeError for a damaged clip."""
    with path.open("rb") as file:
        tracks = read_tracks(file)
    if not {"vide", "soun"} <= tracks.keys() or tracks["soun"].timescale != SOUND_RATE:
        raise MakeError("ASSET_DAMAGED", "a clip has no pictures or no sound at 48 kHz", retryable=True)
    picture = tracks["vide"]
    return Clip(path, picture, tracks["soun"], _cuts(picture, PART_SECONDS * frame_rate))


def _cuts(picture: Track, longest: int) -> tuple[int, ...]:
    """As few parts as key frames allow of which none has more than `longest` frames."""
    frames = len(picture.sizes)
    cuts = [0]
    for frame, following in pairwise([*sorted(picture.key_frames - {0}), frames]):
        if following - cuts[-1] > longest:
            cuts.append(frame)
    return (*cuts, frames)


def initialization(clip: Clip) -> bytes:
    """What a player has to know before the first part: the tracks, without samples."""
    tracks = [(_PICTURE_TRACK, clip.picture, "vmhd"), (_SOUND_TRACK, clip.sound, "smhd")]
    described = [_track_box(number, track, header) for number, track, header in tracks]
    defaults = [_box("trex", struct.pack(">IIIIII", 0, number, 1, 0, 0, 0)) for number, _, _ in tracks]
    movie = struct.pack(">IIIIIIH10x", 0, 0, 0, SOUND_RATE, 0, 0x1_0000, 0x100) + _UNTURNED + struct.pack(">24xI", 3)
    brands = b"iso6" + struct.pack(">I", 0) + b"iso6mp41"
    return _box("ftyp", brands) + _box("moov", _box("mvhd", movie), *described, _box("mvex", *defaults))


def part(clip: Clip, number: int, start: int, frame_rate: int) -> bytes:
    """A part of a clip that begins with the film's frame `start`: an index and the packets that it names.

    Raises MakeError for a damaged clip.
    """
    first, last = clip.cuts[number], clip.cuts[number + 1]
    sound_start = aac_frame_at(start, frame_rate)
    heard = [aac_frame_at(start + frame, frame_rate) for frame in (first, last)]
    packets = [clip.first_sound + heard_at - sound_start for heard_at in heard]
    if packets[1] > len(clip.sound.sizes):
        raise MakeError("ASSET_DAMAGED", "a clip has less sound than pictures", retryable=True)
    pictures, sounds = range(first, last), range(*packets)
    with clip.path.open("rb") as file:
        data = [_bytes_of(clip.picture, pictures, file), _bytes_of(clip.sound, sounds, file)]
    flags = [_INDEPENDENT if frame in clip.picture.key_frames else _DEPENDENT for frame in pictures]
    picture_run = _Run(_PICTURE_TRACK, [clip.picture.sizes[index] for index in pictures], flags)
    sound_run = _Run(_SOUND_TRACK, [clip.sound.sizes[index] for index in sounds], [])
    frame_time = samples_per_frame(frame_rate)
    runs = [(picture_run, (start + first) * frame_time, frame_time), (sound_run, heard[0] * AAC_FRAME, AAC_FRAME)]
    # Numbers have to grow from part to part, and a part knows only where in the film it is.
    return _fragment(start + first + 1, runs, data)


@dataclass(frozen=True, slots=True)
class _Run:
    """Samples of one track, of which each tells its size, and its flags if there are any."""

    track: int
    sizes: Sequence[int]
    flags: Sequence[int]


def _fragment(number: int, runs: Sequence[tuple[_Run, int, int]], data: Sequence[bytes]) -> bytes:
    """An index, with the time at which each run begins and how long each of its samples lasts, and its data."""
    empty = _index(number, runs, [0] * len(runs))  # as long as the index that knows where the data begins
    places = [len(empty) + 8 + sum(map(len, data[:index])) for index in range(len(runs))]
    return _index(number, runs, places) + _box("mdat", *data)


def _index(number: int, runs: Sequence[tuple[_Run, int, int]], places: Sequence[int]) -> bytes:
    tracks = [
        _box(
            "traf",
            _box("tfhd", struct.pack(">IIII", _DEFAULTS, run.track, duration, _INDEPENDENT)),
            _box("tfdt", struct.pack(">IQ", 1 << 24, time)),
            _run_box(run, place),
        )
        for (run, time, duration), place in zip(runs, places, strict=True)
    ]
    return _box("moof", _box("mfhd", struct.pack(">II", 0, number)), *tracks)


def _run_box(run: _Run, place: int) -> bytes:
    samples: Iterable[int] = run.sizes
    if run.flags:
        samples = (value for sample in zip(run.sizes, run.flags, strict=True) for value in sample)
    fields = _SIZES_AND_FLAGS if run.flags else _SIZES
    table = list(samples)
    return _box("trun", struct.pack(f">IIi{len(table)}I", fields, len(run.sizes), place, *table))


def _bytes_of(track: Track, samples: range, file: BinaryIO) -> bytes:
    """The samples' bytes, which are in the clip in pieces, since sound and pictures take turns there."""
    end = os.fstat(file.fileno()).st_size
    pieces = []
    for index in samples:
        if track.offsets[index] + track.sizes[index] > end:
            raise MakeError("ASSET_DAMAGED", "a clip is cut short", retryable=True)
        file.seek(track.offsets[index])  # the file is buffered: samples that follow each other are read at once
        pieces.append(file.read(track.sizes[index]))
    return b"".join(pieces)


_UNTURNED = struct.pack(">9I", 0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000)


def _track_box(number: int, track: Track, header: str) -> bytes:
    """A track as the clip has it, in units of a sample of sound, without samples and without length."""
    shape = track.boxes["tkhd"][-48:]  # volume, matrix, width and height, which end each version of the box
    presence = struct.pack(">IIIIII8xHH", 3, 0, 0, number, 0, 0, 0, 0) + shape
    no_samples = [_box(kind, struct.pack(">II", 0, 0)) for kind in ("stts", "stsc", "stco")]
    table = _box("stbl", _box("stsd", track.boxes["stsd"]), *no_samples, _box("stsz", struct.pack(">III", 0, 0, 0)))
    information = _box("minf", _box(header, track.boxes[header]), _box("dinf", track.boxes["dinf"]), table)
    undetermined = 0x55C4  # "und" as three letters of five bits
    media = _box("mdhd", struct.pack(">IIIIIHH", 0, 0, 0, SOUND_RATE, 0, undetermined, 0))
    return _box("trak", _box("tkhd", presence), _box("mdia", media, _box("hdlr", track.boxes["hdlr"]), information))


def _box(kind: str, *content: bytes) -> bytes:
    size = 8 + sum(map(len, content))
    return b"".join((struct.pack(">I4s", size, kind.encode()), *content))
