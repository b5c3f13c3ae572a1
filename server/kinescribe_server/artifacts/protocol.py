"""The seam of artifact storage."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A stored file: the SHA-256 of its bytes (lower-case hexadecimal), size in bytes, media type, and how long it
    plays in seconds (None for what does not play)."""

    sha256: str
    size_bytes: int
    media_type: str
    duration: float | None = None


class ArtifactStore(Protocol):
    """Files addressed by their content. Files appear whole; storing the same bytes twice is one file."""

    def put_bytes(self, data: bytes, media_type: str, duration: float | None = None) -> StoredFile:
        """Stores bytes. Raises StorageFullError when the disk has no room."""
        ...

    def put_file(self, path: Path, media_type: str, duration: float | None = None) -> StoredFile:
        """Moves a finished file from `scratch()` into the store."""
        ...

    def scratch(self) -> Path:
        """A folder on the same file system, where `put_file`'s files are written under names that are never read."""
        ...

    def path(self, sha256: str) -> Path:
        """Where a stored file can be read. Raises ArtifactNotFoundError."""
        ...

    def read(self, sha256: str) -> bytes:
        """The bytes of a stored file. Raises ArtifactNotFoundError."""
        ...

    def chunks(self, sha256: str, offset: int, size: int) -> Iterator[bytes]:
        """The bytes from `offset` on in pieces of `size`. Raises ArtifactNotFoundError."""
        ...

    def touch(self, sha256: str) -> bool:
        """Says that a stored file is in use, so that it is not swept for now; False if it is not stored."""
        ...

    def discard_damaged(self, sha256: str) -> bool:
        """Whether a stored file is missing, or has other bytes than its address says and was removed for that."""
        ...
