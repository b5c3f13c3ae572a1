"""Music is known by its first bytes, and told to be unfit before anything is uploaded."""

from pathlib import Path

import pytest

from kinescribe.cli.sound_files import MAX_BYTES, SoundFile, find_sound

BEGINNINGS = {
    b"RIFF\0\0\0\0WAVEfmt ": "audio/wav",
    b"fLaC\0\0": "audio/flac",
    b"ID3\4\0": "audio/mpeg",
    b"\xff\xfb\x90\0": "audio/mpeg",
    b"OggS\0\2": "audio/ogg",
}


@pytest.mark.parametrize("content", BEGINNINGS)
def test_sound_is_known_whatever_it_is_called(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "music.txt"
    path.write_bytes(content)
    assert find_sound(path) == SoundFile(path, BEGINNINGS[content])
    assert find_sound(path).read() == content


@pytest.mark.parametrize("content", [b"", b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"\xff"])
def test_other_files_are_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "music.mp3"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"music\.mp3 is no sound of a known kind; allowed: WAV, FLAC, MP3 or Ogg"):
        find_sound(path)


def test_files_that_are_too_large_or_not_there_are_told(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    with path.open("wb") as file:
        file.write(b"fLaC")
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ValueError, match=r"has 50\.0 MiB; allowed: .* at most 50 MiB"):
        find_sound(path)
    with pytest.raises(ValueError, match="No such file"):
        find_sound(tmp_path / "none.mp3")
