"""Artifacts in a folder: `artifacts/ab/<sha256>`, and files in the making under `scratch/`."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.artifacts.whole_files import MIN_FREE_BYTES, disk_errors, place, written_beside
from kinescribe_server.jobs.errors import ArtifactNotFoundError, StorageFullError

_READ_SIZE = 1 << 20


class ArtifactFolder:
    """Implements ArtifactStore below `root`."""

    def __init__(self, root: Path, min_free_bytes: int = MIN_FREE_BYTES) -> None:
        self._files = root / "artifacts"
        self._scratch = root / "scratch"
        self._min_free_bytes = min_free_bytes
        self._files.mkdir(parents=True, exist_ok=True)
        self._scratch.mkdir(parents=True, exist_ok=True)

    def put_bytes(self, data: bytes, media_type: str, duration: float | None = None) -> StoredFile:
        sha256 = hashlib.sha256(data).hexdigest()
        stored = StoredFile(sha256, len(data), media_type, duration)
        if not self.touch(sha256):
            self._check_room(len(data))
            with written_beside(self._scratch, data) as written:
                place(written, self._address(sha256))
        return stored

    def put_file(self, path: Path, media_type: str, duration: float | None = None) -> StoredFile:
        with path.open("rb") as file, disk_errors():
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        stored = StoredFile(sha256, path.stat().st_size, media_type, duration)
        if self.touch(sha256):
            path.unlink()
        else:
            self._check_room(0)
            with disk_errors():
                place(path, self._address(sha256))
        return stored

    def scratch(self) -> Path:
        return self._scratch

    def path(self, sha256: str) -> Path:
        path = self._address(sha256)
        if not path.is_file():
            raise ArtifactNotFoundError(f"there is no stored file {sha256}")
        return path

    def read(self, sha256: str) -> bytes:
        return self.path(sha256).read_bytes()

    def chunks(self, sha256: str, offset: int, size: int = _READ_SIZE) -> Iterator[bytes]:
        with self.path(sha256).open("rb") as file:
            file.seek(offset)
            while chunk := file.read(size):
                yield chunk

    def touch(self, sha256: str) -> bool:
        try:
            os.utime(self._address(sha256))
        except FileNotFoundError:
            return False
        return True

    def discard_damaged(self, sha256: str) -> bool:
        address = self._address(sha256)
        try:
            with address.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                    return False
        except FileNotFoundError:
            return True
        address.unlink(missing_ok=True)
        return True

    def _address(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise ArtifactNotFoundError(f"{sha256!r} is not a SHA-256 in lower-case hexadecimal")
        return self._files / sha256[:2] / sha256

    def _check_room(self, size: int) -> None:
        disk = os.statvfs(self._files)
        free = disk.f_bavail * disk.f_frsize
        if free - size < self._min_free_bytes:
            raise StorageFullError(
                f"the data folder has {free >> 20} MiB free; below {self._min_free_bytes >> 20} MiB nothing is stored"
            )
