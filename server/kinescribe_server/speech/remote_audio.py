"""Bytes that are said to be sound -> samples.

What servers say of their sound is not to be relied on: a header that is written before the sound is known says that it
has 0 or 4,294,967,295 bytes, or as many as the first piece; one file may be several in a row; and an error may come as
a page. So the bytes are looked at, and counted.
"""

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np

from kinescribe_server.speech.heard import Samples

# What OpenAI's and Kokoro's voices have; others are brought to it.
SAMPLE_RATE = 24_000
# Far more than a passage takes at half speed; nothing else that is decoded grows without bound.
_MOST_SECONDS = 600
_RATES = range(4_000, 192_001)
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_NUMBERS = {(_PCM, 8): "u1", (_PCM, 16): "<i2", (_PCM, 32): "<i4", (_FLOAT, 32): "<f4", (_FLOAT, 64): "<f8"}
_COMPRESSED = re.compile(rb"ID3|fLaC|OggS|\x1aE\xdf\xa3|.{4}ftyp", re.DOTALL)
# So may samples without a header begin, too.
_MPEG, _MPEG_TYPE = re.compile(rb"\xff[\xe0-\xff]"), re.compile(r"mpeg|mp3|aac", re.IGNORECASE)
_AFTER_SOUND = {
    b"RIFF",
    b"LIST",
    b"fact",
    b"PEAK",
    b"id3 ",
    b"ID3 ",
    b"bext",
    b"cue ",
    b"JUNK",
    b"junk",
    b"smpl",
    b"iXML",
}
_RATE_PARAMETER = re.compile(r"rate\s*=\s*(\d{4,6})", re.IGNORECASE)


class NoSoundError(ValueError):
    """Bytes that are no sound; says what they are."""


@dataclass(frozen=True, slots=True)
class _Format:
    kind: str
    bytes_each: int
    channels: int
    rate: int


def samples_of(data: bytes, media_type: str = "", raw: bool = False) -> Samples:
    """Mono samples at SAMPLE_RATE of a WAV file or a compressed one; with `raw`, of samples without a header (16 bits,
    little-endian, mono), whose rate the media type may tell. Raises NoSoundError."""
    if data[:4] == b"RIFF":
        return _of_wav(data)
    if not data:
        raise NoSoundError("nothing at all")
    is_mpeg = _MPEG.match(data) and (not raw or _MPEG_TYPE.search(media_type))
    if is_mpeg or _COMPRESSED.match(data):
        return _of_compressed(data)
    if (kind := _kind_of_text(data)) or not raw:
        raise NoSoundError(kind or f"{len(data):,} bytes of an unknown format")
    told = _RATE_PARAMETER.search(media_type)
    rate = int(told[1]) if told and int(told[1]) in _RATES else SAMPLE_RATE
    return _at_one_rate(np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768), rate)


def _kind_of_text(data: bytes) -> str:
    """What a text is; "" for bytes that are none."""
    beginning = data[:2_000].lstrip().lower()
    if beginning.startswith((b"{", b"[")) and beginning[1:].lstrip()[:1] in {b'"', b"{", b"}", b"]"}:
        return "JSON"
    if beginning.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "a page"
    if beginning.startswith((b"data:", b"event:")):
        return "a stream of events"
    return "a text" if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in data[:200]) else ""


def _of_wav(data: bytes) -> Samples:
    """The sound of one WAV file, or of several in a row."""
    parts: list[Samples] = []
    place = 0
    while data[place : place + 4] == b"RIFF":
        found: _Format | None = None
        place += 12
        for name, first, last in _chunks(data, place):
            place = last + (last - first) % 2
            if name == b"fmt ":
                found = _format(data[first:last])
            elif name == b"data" and found:
                parts.append(_at_one_rate(_decoded(data[first:last], found), found.rate))
                break
        else:
            break
        place = _after_notes(data, place)
    if not parts:
        raise NoSoundError("a WAV file without sound")
    return np.concatenate(parts)


def _chunks(data: bytes, place: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, beginning and end of each chunk. Sound whose size cannot be right goes on to the end of the data."""
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        first, last = place + 8, place + 8 + size
        if name == b"data" and not (size and last <= len(data) and _ends_sound(data, last + size % 2)):
            last = len(data)
        yield name, first, min(last, len(data))
        place = last + size % 2


def _ends_sound(data: bytes, place: int) -> bool:
    """Whether the data ends here, or goes on with a note or another file."""
    return place >= len(data) or data[place : place + 4] in _AFTER_SOUND


def _after_notes(data: bytes, place: int) -> int:
    """Where the next file begins, behind the chunks that follow the sound."""
    while place + 8 <= len(data) and data[place : place + 4] != b"RIFF":
        size = struct.unpack_from("<I", data, place + 4)[0]
        place += 8 + size + size % 2
    return place


def _format(chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise NoSoundError("a WAV file that is cut off")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == _EXTENSIBLE and len(chunk) >= 26:
        kind = struct.unpack_from("<H", chunk, 24)[0]
    numbers = _NUMBERS.get((kind, bits), "<i3" if (kind, bits) == (_PCM, 24) else "")
    if not numbers or not 1 <= channels <= 8 or rate not in _RATES:
        raise NoSoundError(f"a WAV file of format {kind} with {bits} bits, {channels} channels and {rate} Hz")
    return _Format(numbers, bits // 8, channels, rate)


def _decoded(data: bytes, found: _Format) -> Samples:
    frame = found.bytes_each * found.channels
    data = data[: len(data) // frame * frame]
    if found.kind == "<i3":  # numpy has no such number: it becomes the upper part of a larger one
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        numbers = wide.view("<i4").ravel() / 2.0**31
    elif found.kind == "u1":
        numbers = np.frombuffer(data, np.uint8) / 128.0 - 1.0
    else:
        given = np.frombuffer(data, found.kind)
        scale = 1.0 if found.kind.startswith("<f") else 2.0 ** (8 * found.bytes_each - 1)
        numbers = np.nan_to_num(given / scale, posinf=0.0, neginf=0.0)
    mono: Samples = np.clip(numbers.reshape(-1, found.channels).mean(axis=1), -1, 1).astype(np.float32)
    return mono


def _of_compressed(data: bytes) -> Samples:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    parts: list[Samples] = []
    seconds = 0.0
    try:
        with av.open(io.BytesIO(data), "r", metadata_errors="replace") as file:
            for frame in file.decode(audio=0):
                parts += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
                seconds += frame.samples / frame.sample_rate
                if seconds > _MOST_SECONDS:
                    raise NoSoundError(f"more than {_MOST_SECONDS} s of sound")
            parts += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except (av.FFmpegError, IndexError):
        raise NoSoundError("compressed sound that cannot be decoded") from None
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _at_one_rate(samples: Samples, rate: int) -> Samples:
    if len(samples) > _MOST_SECONDS * rate:
        raise NoSoundError(f"more than {_MOST_SECONDS} s of sound")
    if rate == SAMPLE_RATE or not len(samples):
        return samples
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts = rate, 0
    return np.concatenate([piece.to_ndarray()[0] for given in (frame, None) for piece in resampler.resample(given)])
