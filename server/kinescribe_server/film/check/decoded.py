"""What is seen of any film: its key frames, or each of its frames, as a player decodes them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import av
import numpy as np
from av.error import FFmpegError
from av.stream import Disposition
from numpy.typing import NDArray

from kinescribe_server.film.check.container import OPTIONS, Container
from kinescribe_server.film.check.finding import Finding, counted, judged
from kinescribe_server.film.check.pictures import Luma, is_black, is_same, luma_of

# A lecture may stay with a picture for long; after a minute in which nothing changes people look whether it still runs.
FROZEN_SECONDS = 60.0
# A picture of 1080p in which nothing is coded has 67 to 200 bytes, by encoder; a blinking cursor has more.
_STILL_BYTES, _STILL_BYTES_EACH = 100, 1 / 40
# Damage that a decoder would paint over.
_STRICT = {"err_detect": "crccheck+bitstream+buffer+explode"}


@dataclass(slots=True)
class Seen:
    """How many frames were decoded and how many packets could not be; the stretches that are black, and those in which
    nothing changes, in seconds."""

    frames: int = 0
    damaged: list[float] = field(default_factory=list)
    black: list[tuple[float, float]] = field(default_factory=list)
    frozen: list[tuple[float, float]] = field(default_factory=list)


def seen(film: Container, *, full: bool) -> Seen:
    """Decodes every frame, or only key frames; between these, small packets say that nothing changes."""
    found = Seen()
    moving = _moving(film) if not full else np.zeros(0)
    end = film.video.end if film.video else film.seconds
    since, black_since, before = 0.0, -1.0, None
    for time, luma in _pictures(film, found, full=full):
        found.frames += 1
        black = is_black(luma)
        if black_since >= 0 and not black:
            found.black.append((black_since, time))
        black_since = (time if black_since < 0 else black_since) if black else -1.0
        since = _moved(found, moving, since, time)
        if before is None or not is_same(before, luma):
            _keep_if_long(found, since, time)
            since, before = time, luma
    if black_since >= 0:
        found.black.append((black_since, end))
    _keep_if_long(found, _moved(found, moving, since, end), end)
    return found


def _moved(found: Seen, moving: NDArray[np.float64], since: float, time: float) -> float:
    """When something changed last before a time: nothing did from `since` on but at the times in `moving`."""
    first, after = np.searchsorted(moving, (since, time), side="right")
    if first == after:
        return since
    _keep_if_long(found, since, float(moving[first]))
    return float(moving[after - 1])


def decoding(film: Container, found: Seen, *, full: bool) -> Finding:
    """Whether everything that was looked at can be decoded."""
    expected = 0
    if film.video:
        expected = len(film.video.pts) if full else int(film.video.keys.sum())
    measured = f"{found.frames} of {expected} {'frames' if full else 'key frames'} decoded"
    places = [f"at {time:.3f} s" for time in found.damaged]
    fine = found.frames == expected and not found.damaged
    values = {"expected": expected, "decoded": found.frames, "damaged": len(found.damaged)}
    return judged("decoding", fine, measured, "all of them", values, places=places)


def black(found: Seen) -> Finding:
    return _none_of("black", "none", found.black)


def frozen(found: Seen) -> Finding:
    return _none_of("frozen", f"something changes every {FROZEN_SECONDS:g} s", found.frozen)


def _none_of(check: str, limit: str, stretches: list[tuple[float, float]]) -> Finding:
    places = [f"{start:.2f} to {end:.2f} s" for start, end in stretches]
    return judged(
        check,
        not places,
        counted(len(places), f"{check} stretch", f"{check} stretches"),
        limit,
        {"stretches": len(places)},
        places=places,
    )


def _keep_if_long(found: Seen, start: float, end: float) -> None:
    if end - start > FROZEN_SECONDS:
        found.frozen.append((start, end))


def _pictures(film: Container, found: Seen, *, full: bool) -> Iterator[tuple[float, Luma]]:
    with av.open(str(film.path), options=OPTIONS, metadata_errors="replace") as file:
        stream = next(s for s in file.streams.video if Disposition.attached_pic not in s.disposition)
        context = stream.codec_context
        context.options = _STRICT
        context.thread_type = "AUTO"
        if not full:
            context.skip_frame = "NONKEY"
        for packet in file.demux(stream):
            try:
                frames = packet.decode()
            except FFmpegError:
                found.damaged.append(float((packet.pts or 0) * packet.time_base))
                continue
            for frame in frames:
                if frame.is_corrupt:
                    found.damaged.append(frame.time or 0.0)
                yield frame.time or 0.0, luma_of(frame)


def _moving(film: Container) -> NDArray[np.float64]:
    """When something changes between key frames, by the sizes of packets: a picture that is as the one before takes a
    few bytes for each row of macroblocks."""
    if film.video is None or film.picture is None:
        return np.zeros(0)
    macroblocks = film.picture.width * film.picture.height / 256
    large = (film.video.sizes > _STILL_BYTES + macroblocks * _STILL_BYTES_EACH) & ~film.video.keys
    return np.array(sorted(film.video.pts[large] * float(film.video.time_base)), np.float64)
