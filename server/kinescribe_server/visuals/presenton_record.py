"""How far a deck is: a record for each deck in the store's scratch folder, and a lock beside it.

The lock belongs to the kernel, which takes it back from a worker that dies. Records appear whole.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.artifacts.whole_files import place, written_beside
from kinescribe_server.jobs.errors import MakeError

_KEPT_SECONDS = 2 * 24 * 3600.0
_LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Record:
    """`orders` is how often the deck was ordered. `known` are the tasks that were there before (None where there is no
    list), `task` is the one that makes the deck. `pdf` is the stored deck, `pages` its pictures by the name of their
    size. `failure` is a reason and a message, `failed_at` its time in seconds since the epoch."""

    orders: int = 0
    known: tuple[str, ...] | None = None
    task: str = ""
    pdf: str = ""
    pages: Mapping[str, tuple[StoredFile, ...]] = field(default_factory=dict)
    failure: tuple[str, str] | None = None
    failed_at: float = 0.0


_RECORD: TypeAdapter[Record] = TypeAdapter(Record)


@dataclass(frozen=True, slots=True)
class DeckRecords:
    """The record and the lock of the deck `name`, below `scratch`."""

    scratch: Path
    name: str

    def read(self) -> Record | None:
        try:
            return _RECORD.validate_json(self._path(".json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def write(self, record: Record) -> Record:
        with written_beside(self.scratch, _RECORD.dump_json(record)) as written:
            place(written, self._path(".json"))
        return record

    @contextmanager
    def locked(self, wait_seconds: float) -> Iterator[None]:
        """Raises MakeError (REMOTE_TIMEOUT) if another worker holds the lock for so long."""
        path, end = self._path(".lock"), time.monotonic() + wait_seconds
        path.parent.mkdir(exist_ok=True)
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if _is_taken(handle, path):
                    yield
                    return
            finally:
                os.close(handle)
            if time.monotonic() >= end:
                message = f"the worker of another slide has been making the deck for more than {wait_seconds:.0f} s"
                raise MakeError("REMOTE_TIMEOUT", message)
            time.sleep(_LOOK_AGAIN_SECONDS)

    def tidy(self) -> None:
        """Removes what decks of other days left."""
        oldest = time.time() - _KEPT_SECONDS
        for path in self._path("").parent.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _path(self, ending: str) -> Path:
        return self.scratch / "presenton" / f"{self.name}{ending}"


def _is_taken(handle: int, path: Path) -> bool:
    """Takes the lock if it is free, and says whether it is ours and still that of the file with this name."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.utime(handle)  # locks that are in use are not tidied away
        return os.path.samestat(os.fstat(handle), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
