"""Visuals that give trouble in chosen ways, for the schedules. They are of the types named in TROUBLES, which the
launcher adds to the service; `source` names a folder of the visual's own."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.jobs.makers import MakerSpec
from kinescribe_server.script.model import OtherVisual, Slide
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.slide import make_slide

_SLOW_SECONDS, _ENDLESS_SECONDS = 1.0, 600.0
_BEAT_SECONDS = 0.02
_BEATS = "beats"
# More than the launcher's memory limit leaves.
_HUNGRY_BYTES = 4 << 30
_MOUTHFUL_BYTES = 64 << 20


def beats(folder: Path) -> Path:
    """The file whose time of change is when a slow visual was last at work."""
    return folder / _BEATS


def flaky(request: VisualRequest, bench: Bench) -> Made:
    """Fails once."""
    once = _folder(request) / "failed"
    if not once.exists():
        once.touch()
        raise MakeError("BUSY", "not yet", retryable=True)
    return _slide(request, bench)


def broken(request: VisualRequest, bench: Bench) -> Made:
    raise ZeroDivisionError


def poison(request: VisualRequest, bench: Bench) -> Made:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


def slow(request: VisualRequest, bench: Bench) -> Made:
    """Takes a second, and leaves a mark of life."""
    return _work_on(request, bench, _SLOW_SECONDS)


def endless(request: VisualRequest, bench: Bench) -> Made:
    """Takes longer than any test waits, and leaves a mark of life."""
    return _work_on(request, bench, _ENDLESS_SECONDS)


def hungry(request: VisualRequest, bench: Bench) -> Made:
    eaten: list[bytes] = []
    while len(eaten) * _MOUTHFUL_BYTES < _HUNGRY_BYTES:
        eaten.append(b"\1" * _MOUTHFUL_BYTES)
    return _slide(request, bench)


TROUBLES = {
    make.__name__: MakerSpec(make.__name__, f"tests.robustness.troubled_makers:{make.__name__}")
    for make in (flaky, broken, poison, slow, endless, hungry)
}


def _work_on(request: VisualRequest, bench: Bench, seconds: float) -> Made:
    mark = beats(_folder(request))
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        mark.touch()
        bench.report(100.0 * (1.0 - left / seconds))
        time.sleep(_BEAT_SECONDS)
    return _slide(request, bench)


def _folder(request: VisualRequest) -> Path:
    assert isinstance(request.visual, OtherVisual)
    folder = Path(request.visual.source)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _slide(request: VisualRequest, bench: Bench) -> Made:
    assert isinstance(request.visual, OtherVisual)
    return make_slide(replace(request, visual=Slide(title=request.visual.title)), bench)
