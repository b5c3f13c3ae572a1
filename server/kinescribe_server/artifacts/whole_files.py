"""Files that appear whole: written beside, synced, renamed."""

import os
from pathlib import Path
from typing import BinaryIO

# Below this much free disk nothing is stored, so that the state store can still write how a job ended.
MIN_FREE_BYTES = 512 << 20


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
