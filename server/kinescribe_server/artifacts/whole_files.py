"""Files that appear whole: written beside, synced, renamed."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from kinescribe_server.jobs.errors import StorageFullError

# Below this much free disk nothing is stored, so that the state store can still write how a job ended.
MIN_FREE_BYTES = 512 << 20


@contextlib.contextmanager
def written_beside(scratch: Path, data: bytes) -> Iterator[Path]:
    """A finished, synced file that waits to be given its name, and is gone afterwards if it got none. Raises
    StorageFullError, also for what has no room in the block."""
    with disk_errors():
        handle, name = tempfile.mkstemp(dir=scratch)
        try:
            with os.fdopen(handle, "wb") as file:
                write_and_sync(file, data)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Raises StorageFullError where the disk has no room."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFullError("the disk of the data folder is full") from error
        raise


def write_and_sync(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def place(written: Path, final: Path) -> None:
    """Gives a finished, synced file its final name, and syncs the folder that holds the name."""
    final.parent.mkdir(parents=True, exist_ok=True)
    written.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
