"""Pictures on this machine: a file is read only where a folder may name it, and only if it is a picture."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

# The service's limits of an attachment.
MAX_BYTES = 20 << 20
_ALLOWED = f"PNG, JPEG or WebP, at most {MAX_BYTES >> 20} MiB"

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[\\/]{2}")
# The longest beginning by which a picture is known, that of WebP.
_HEAD_BYTES = 12


class PictureError(Exception):
    """Why a picture cannot be shown."""


class MissingPictureError(PictureError):
    """The file that is meant is not there or cannot be read: whoever named it has to mend that."""


class ForeignPictureError(PictureError):
    """What is named is not beneath the folder, and is left alone."""


class UnfitPictureError(PictureError):
    """The file is not a picture that can be shown."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture that can be uploaded."""

    path: Path
    media_type: str

    def read(self) -> bytes:
        """Raises OSError."""
        with self.path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one more, so that the service refuses what has grown meanwhile


def find(name: str, folder: Path) -> PictureFile:
    """The picture that a text or a settings file in `folder` means by `name`.

    Raises PictureError with what is wrong and what is allowed.
    """
    if _ADDRESS.match(name):
        raise ForeignPictureError(
            "it is an address; pictures are only read from the folder of the file that names them"
        )
    if name.startswith(("/", "\\")):
        raise ForeignPictureError("its path is absolute; allowed are paths relative to the file that names it")
    path = _beneath(name, folder)
    try:
        with path.open("rb") as file:
            head, size = file.read(_HEAD_BYTES), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise MissingPictureError(f"cannot be read: {_reason(error)}") from error
    media_type = _media_type(head)
    if media_type is None:
        raise UnfitPictureError(f"it is no picture of a known kind; allowed: {_ALLOWED}")
    if size > MAX_BYTES:
        raise UnfitPictureError(f"it has {size / (1 << 20):.1f} MiB; allowed: {_ALLOWED}")
    return PictureFile(path, media_type)


def _beneath(name: str, folder: Path) -> Path:
    """The file, links followed, if it is beneath the folder. What follows ? or # is an address's, as in a.png?raw=true,
    unless a file has that very name."""
    try:
        home = folder.resolve()
        for candidate in dict.fromkeys((name, re.split(r"[?#]", name)[0])):
            path = (home / candidate).resolve()
            if not path.is_relative_to(home):
                raise ForeignPictureError(f"it is outside the folder of the file that names it, {folder}")
            if path.is_file():
                return path
    except (OSError, RuntimeError, ValueError) as error:  # a path too long, a loop of links, a NUL
        raise MissingPictureError(f"cannot be found: {_reason(error)}") from error
    raise MissingPictureError("there is no such file")


def _media_type(head: bytes) -> str | None:
    """What a file's first bytes say that it is."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "image/webp"
    return None


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
