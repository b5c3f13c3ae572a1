"""WAV files: 16-bit mono, written to the store piece by piece."""

import tempfile
import wave
from collections.abc import Iterable
from pathlib import Path

from kinescribe_server.artifacts.protocol import ArtifactStore, StoredFile

MEDIA_TYPE = "audio/wav"
SAMPLE_BYTES = 2


def store_wav(pieces: Iterable[bytes], sample_rate: int, artifacts: ArtifactStore) -> StoredFile:
    """Stores samples (16-bit, little-endian) as a WAV file with its duration."""
    with tempfile.NamedTemporaryFile(dir=artifacts.scratch(), delete=False) as file:
        path = Path(file.name)
        try:
            with wave.open(file, "wb") as wav:
                wav.setparams((1, SAMPLE_BYTES, sample_rate, 0, "NONE", "not compressed"))
                for piece in pieces:
                    wav.writeframesraw(piece)
                frames = wav.tell()
            file.flush()
            return artifacts.put_file(path, MEDIA_TYPE, duration=frames / sample_rate)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
