"""An MP4 file in the making: whole or not at all, index first, the same bytes for the same input."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import av
from av.container import OutputContainer

from kinescribe_server.artifacts.protocol import ArtifactStore, StoredFile
from kinescribe_server.jobs.errors import StorageFullError

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
