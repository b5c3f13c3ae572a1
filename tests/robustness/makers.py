"""Makers that fail in chosen ways. They run in real worker processes; a visual's title names the folder where they
count their calls."""

import logging
import os
import signal
import time
from pathlib import Path

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.film.clip import make_clip
from kinescribe_server.film.protocol import RenderRequest
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Slide
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.slide import make_slide


def calls(folder: Path) -> int:
    """How often a maker was called."""
    return len(list(folder.iterdir()))


def _count_call(request: VisualRequest) -> int:
    assert isinstance(request.visual, Slide)
    folder = Path(request.visual.title)
    (folder / str(time.monotonic_ns())).touch()
    return calls(folder)


def fails_twice(request: VisualRequest, bench: Bench) -> Made:
    if _count_call(request) <= 2:
        raise MakeError("BUSY", "not yet", retryable=True)
    return make_slide(request, bench)


def always_breaks(request: VisualRequest, bench: Bench) -> Made:
    _count_call(request)
    raise ZeroDivisionError


def kills_its_worker(request: VisualRequest, bench: Bench) -> Made:
    _count_call(request)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


def never_ends(request: VisualRequest, bench: Bench) -> Made:
    _count_call(request)
    signal.pause()
    raise AssertionError("nothing wakes it")


def refuses_several_states(request: RenderRequest, bench: Bench) -> Made:
    """A clip maker that cannot show what appears bit by bit."""
    if len(request.states) > 1:
        raise MakeError("NO_STATES", "only still pictures, please")
    return make_clip(request, bench)


def dies_of_sound(request: RenderRequest, bench: Bench) -> Made:
    """A clip maker that any sound ends."""
    if request.audio:
        os.kill(os.getpid(), signal.SIGKILL)
    return make_clip(request, bench)


def says_so(request: VisualRequest, bench: Bench) -> Made:
    """A slide maker that leaves a line in the log."""
    logging.getLogger("kinescribe_server.makers").info("a slide is drawn")
    return make_slide(request, bench)
