"""The pages of a PDF as pictures of the film's size.

The PDF comes from another machine, so it is read in a process of its own (`presenton_drawing`), with limits on time and
memory, no files to write and none of the environment's secrets.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from kinescribe_server.jobs.errors import MakeError

# Of the processor. To start takes 0.4 s, and a page without photographs 0.05 s at 1920 x 1080, 0.2 s at 3840 x 2160.
_SECONDS, _SECONDS_PER_PAGE = 5, 2
# In front of each picture stands how many bytes it has.
LENGTH_BYTES = 4
_DRAWING = "kinescribe_server.visuals.presenton_drawing"
# What the process needs to find its modules, and nothing else.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")


@dataclass(frozen=True, slots=True)
class PageSize:
    """The size of the pictures in pixels, and the colour (`#rrggbb`) around a page of another shape."""

    width: int
    height: int
    ground: str

    @property
    def name(self) -> str:
        return f"{self.width}x{self.height}{self.ground}"


def check_installed() -> None:
    """Raises MakeError (NOT_INSTALLED) where nothing here reads PDF."""
    if find_spec("pypdfium2") is None:
        raise MakeError("NOT_INSTALLED", "pages of Presenton need pypdfium2; install 'kinescribe[presenton]'")


def render_pages(pdf: bytes, count: int, size: PageSize) -> list[bytes]:
    """One PNG for each page. Raises MakeError: DECK_MISMATCH if there are not `count` pages, DECK_UNREADABLE for what
    is not a PDF or takes too much to draw."""
    cpu_seconds = _SECONDS + _SECONDS_PER_PAGE * count
    limits = [str(number) for number in (cpu_seconds, count, size.width, size.height)]
    command = [sys.executable, "-m", _DRAWING, *limits, size.ground]
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    seconds = 6 * cpu_seconds  # other processes share the machine
    try:
        run = subprocess.run(
            command, input=pdf, capture_output=True, timeout=seconds, check=False, env=environment, cwd="/"
        )
    except subprocess.TimeoutExpired:
        raise MakeError("DECK_UNREADABLE", f"drawing the deck took longer than {seconds} s") from None
    answer, _, rest = run.stdout.partition(b"\n")
    if run.returncode != 0 or not answer:
        raise MakeError("DECK_UNREADABLE", "the deck could not be drawn: its PDF is damaged, or takes too much")
    told = json.loads(answer)
    if told:
        raise MakeError(told["reason"], told["message"])
    return _split(rest)


def _split(data: bytes) -> list[bytes]:
    pictures, start = [], 0
    while start < len(data):
        end = start + LENGTH_BYTES + int.from_bytes(data[start : start + LENGTH_BYTES])
        pictures.append(data[start + LENGTH_BYTES : end])
        start = end
    return pictures
