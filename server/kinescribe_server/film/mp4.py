"""An MP4 file in the making: whole or not at all, index first, the same bytes for the same input."""

import contextlib
import errno
import heapq
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import av
from av import Packet
from av.container import OutputContainer
from av.stream import Stream

from kinescribe_server.artifacts.protocol import ArtifactStore, StoredFile
from kinescribe_server.jobs.errors import StorageFullError

Packets: TypeAlias = "Iterator[Packet[Stream]]"

_OPTIONS = {
    # The index in front, so that a film plays while it is still being fetched.
    "movflags": "+faststart",
    # No names or versions of libraries in the file.
    "fflags": "+bitexact",
    # Lengths are told in samples; the default is milliseconds.
    "movie_timescale": "48000",
}


def store_mp4(store: ArtifactStore, duration: float, write: Callable[[OutputContainer], None]) -> StoredFile:
    """Stores what `write` writes. Raises StorageFullError, and leaves nothing behind when anything fails."""
    handle, name = tempfile.mkstemp(dir=store.scratch(), suffix=".mp4")
    os.close(handle)
    try:
        with av.open(name, "w", format="mp4", options=_OPTIONS) as file:
            write(file)
        return store.put_file(Path(name), "video/mp4", duration)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFullError("the disk filled up while a video was written") from error
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()


def of_stream(stream: Stream, packets: "Iterable[Packet[Stream]]") -> Packets:
    for packet in packets:
        packet.stream = stream
        yield packet


def interleaved(*streams: "Iterable[Packet[Stream]]") -> Packets:
    """Packets in the order of their times, so that what is played together stands together."""
    return heapq.merge(*streams, key=seconds_of)


def seconds_of(packet: "Packet[Stream]") -> float:
    """Equal times are equal numbers, whatever their time bases: the quotient of integers is rounded once."""
    base = packet.time_base
    return (packet.pts or 0) * base.numerator / base.denominator
