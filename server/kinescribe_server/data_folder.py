"""The data folder: one service owns it at a time, and says in `service.json` where it can be reached."""

import fcntl
import json
import os
from pathlib import Path
from typing import Self

from kinescribe_server.artifacts.whole_files import place, write_and_sync


class DataFolderInUseError(Exception):
    """Another service owns the data folder; it can be reached at `address` ("" while it is starting or ending)."""

    def __init__(self, address: str) -> None:
        super().__init__(f"the data folder belongs to the service at {address or 'an address not yet known'}")
        self.address = address


class DataFolder:
    """A context in which this process owns the folder. Raises DataFolderInUseError on entering."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = -1

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise DataFolderInUseError(_address(self.path)) from None
        self._lock = lock
        return self

    def announce(self, address: str) -> None:
        """Tells other commands where the service listens."""
        beside = self.path / "service.json.part"
        with beside.open("wb") as file:
            write_and_sync(file, json.dumps({"address": address, "pid": os.getpid()}).encode())
        place(beside, self.path / "service.json")

    def __exit__(self, *_: object) -> None:
        (self.path / "service.json").unlink(missing_ok=True)
        os.close(self._lock)


def _address(path: Path) -> str:
    try:
        return str(json.loads((path / "service.json").read_bytes())["address"])
    except (FileNotFoundError, ValueError, KeyError):
        return ""
