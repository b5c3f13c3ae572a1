"""Where the samples of an MP4 file are: its index as written in the file, without opening a decoder.

Boxes and tables are those of ISO/IEC 14496-12 (the chapters are named below). Only what our own clips have is read:
pictures in the order of their times, and an edit that cuts off the sound's priming.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from typing import BinaryIO

from kinescribe_server.jobs.errors import MakeError

# The index of an hour of film has less than 2 MiB; what says that it is larger is damaged.
_MAX_INDEX_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Track:
    """One track: its time unit, the samples' sizes and places in the file, which of them are key frames, and how many
    units of its beginning are not played. `boxes` has the boxes that describe the track, whole, by their type."""

    handler: str
    timescale: int
    sizes: Sequence[int]
    offsets: Sequence[int]
    key_frames: frozenset[int]
    not_played: int
    boxes: dict[str, bytes]


def read_tracks(file: BinaryIO) -> dict[str, Track]:
    """The tracks of an MP4 file by their handler: "vide" and "soun". Raises MakeError for a damaged file."""
    try:
        index = _index_of(file)
        tracks = [_track(content) for kind, content in _boxes(index) if kind == "trak"]
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise _damaged("its index cannot be read") from error
    return {track.handler: track for track in tracks}


def _index_of(file: BinaryIO) -> bytes:
    """The content of the box `moov` (8.2.1)."""
    file.seek(0)
    while header := file.read(8):
        size, kind = struct.unpack(">I4s", header)
        start = 8
        if size == 1:  # the size did not fit into 32 bits
            (size,), start = struct.unpack(">Q", file.read(8)), 16
        if kind == b"moov":
            if not start <= size <= _MAX_INDEX_BYTES:
                break
            return file.read(size - start)
        if size < start:
            break
        file.seek(size - start, 1)
    raise _damaged("it has no index")


def _boxes(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The boxes that a box contains: type and content (4.2)."""
    place = 0
    while place < len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        if not 8 <= size <= len(content) - place:
            raise ValueError(f"a box of {size} bytes among {len(content) - place}")
        yield kind.decode("latin-1"), content[place + 8 : place + size]
        place += size


def _track(content: bytes) -> Track:
    track = dict(_boxes(content))
    media = dict(_boxes(track["mdia"]))
    information = dict(_boxes(media["minf"]))
    table = dict(_boxes(information["stbl"]))
    if "ctts" in table:
        raise _damaged("its pictures are not in the order of their times")
    sizes = _sizes(table["stsz"])
    (timescale,) = struct.unpack_from(">I", media["mdhd"], 20 if media["mdhd"][0] == 1 else 12)
    key_frames = frozenset(number - 1 for number in _numbers(table["stss"])) if "stss" in table else frozenset[int]()
    handler = media["hdlr"][8:12].decode("latin-1")
    header = {"vide": "vmhd", "soun": "smhd"}[handler]
    described = {"tkhd": track["tkhd"], "hdlr": media["hdlr"], "dinf": information["dinf"], "stsd": table["stsd"]}
    described[header] = information[header]
    return Track(
        handler=handler,
        timescale=timescale,
        sizes=sizes,
        offsets=_offsets(table, sizes),
        key_frames=key_frames,
        not_played=_not_played(track.get("edts", b"")),
        boxes=described,
    )


def _sizes(content: bytes) -> Sequence[int]:
    """Of each sample (8.7.3)."""
    size, count = struct.unpack_from(">4xII", content)
    return [size] * count if size else struct.unpack_from(f">{count}I", content, 12)


def _numbers(content: bytes) -> Sequence[int]:
    """A table of one column (8.6.2, 8.7.5)."""
    (count,) = struct.unpack_from(">4xI", content)
    return struct.unpack_from(f">{count}I", content, 8)


def _offsets(table: dict[str, bytes], sizes: Sequence[int]) -> Sequence[int]:
    """Where each sample is: samples of one chunk follow each other (8.7.4, 8.7.5)."""
    chunks = _numbers(table["stco"]) if "stco" in table else _wide_numbers(table["co64"])
    offsets: list[int] = []
    for chunk, count in zip(chunks, _samples_of_chunks(table["stsc"], len(chunks)), strict=True):
        first = len(offsets)
        offsets.extend(accumulate(sizes[first : first + count - 1], initial=chunk))
    if len(offsets) != len(sizes):
        raise ValueError(f"{len(offsets)} samples have a place, of {len(sizes)}")
    return offsets


def _wide_numbers(content: bytes) -> Sequence[int]:
    (count,) = struct.unpack_from(">4xI", content)
    return struct.unpack_from(f">{count}Q", content, 8)


def _samples_of_chunks(content: bytes, chunks: int) -> Iterator[int]:
    """How many samples each chunk has; the table names the chunks with which that changes."""
    (count,) = struct.unpack_from(">4xI", content)
    changes = [struct.unpack_from(">II", content, 8 + 12 * index) for index in range(count)]
    ends = [first for first, _ in changes[1:]] + [chunks + 1]
    for (first, samples), end in zip(changes, ends, strict=True):
        yield from repeat(samples, end - first)


def _not_played(content: bytes) -> int:
    """Where in the media its first edit begins, in units of the track (8.6.6)."""
    for kind, edits in _boxes(content):
        if kind == "elst":
            (count,) = struct.unpack_from(">4xI", edits)
            time = struct.unpack_from(">Qq" if edits[0] == 1 else ">Ii", edits, 8)[1] if count else 0
            return max(0, time)
    return 0


def _damaged(found: str) -> MakeError:
    return MakeError("ASSET_DAMAGED", f"a clip cannot be read: {found}", retryable=True)
