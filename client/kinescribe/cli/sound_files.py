"""Music on this machine."""

from dataclasses import dataclass
from pathlib import Path

# The service's limits of an attachment.
MAX_BYTES = 50 << 20
_ALLOWED = f"WAV, FLAC, MP3 or Ogg, at most {MAX_BYTES >> 20} MiB"
_HEAD_BYTES = 12


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A file of sound that can be uploaded."""

    path: Path
    media_type: str

    def read(self) -> bytes:
        """Raises OSError."""
        with self.path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one more, so that the service refuses what has grown meanwhile


def find_sound(path: Path) -> SoundFile:
    """Raises ValueError with what is wrong and what is allowed."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from error
    media_type = _media_type(head)
    if media_type is None:
        raise ValueError(f"{path} is no sound of a known kind; allowed: {_ALLOWED}")
    if size > MAX_BYTES:
        raise ValueError(f"{path} has {size / (1 << 20):.1f} MiB; allowed: {_ALLOWED}")
    return SoundFile(path, media_type)


def _media_type(head: bytes) -> str | None:
    """What a file's first bytes say that it is."""
    if head[:4] == b"RIFF" and head[8:] == b"WAVE":
        return "audio/wav"
    if head.startswith(b"fLaC"):
        return "audio/flac"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    # A tag, or the sync word of a frame of MPEG audio.
    if head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] >= 0xE2):
        return "audio/mpeg"
    return None
