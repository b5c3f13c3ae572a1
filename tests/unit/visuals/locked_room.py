"""A process in which one maker meets one hostile request: how long it took, how much memory, and what it touched.

Run as `python -m tests.unit.visuals.locked_room FOLDER TARGET`, with a pickled request on standard input; answers a
line of JSON.
"""

import contextlib
import json
import pickle
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NoReturn

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script import model
from kinescribe_server.visuals.protocol import VisualRequest

_REPOSITORY = Path(__file__).parents[3]
_GIB = 2**30
# Of addresses, of which libraries reserve more than they use.
_ADDRESS_SPACE = 3 * _GIB
# What has been imported and warmed up in a worker before a stranger's request comes.
_HARMLESS: dict[type, model.Visual] = {
    model.Diagram: model.Diagram("flowchart LR\n A --> B"),
    model.Formula: model.Formula("x"),
    model.Code: model.Code("x = 1", "python"),
    model.Chart: model.Chart("bar", "", ("a",), (model.ChartSeries("", (1.0,)),)),
    model.Slide: model.Slide("x"),
    model.Image: model.Slide("x"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: the reason of its refusal ("" if it was drawn), seconds, bytes, and what it touched."""

    reason: str
    message: str
    seconds: float
    peak_bytes: int
    touched: tuple[str, ...]


def locked_up(target: str, request: VisualRequest, folder: Path) -> Outcome:
    """Runs a maker in a fresh process. Raises subprocess.TimeoutExpired after 20 s."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.unit.visuals.locked_room", str(folder), target],
        input=pickle.dumps(request),
        capture_output=True,
        timeout=20,
        cwd=_REPOSITORY,
        check=False,
    )
    if answer.returncode:
        raise AssertionError(f"the process died ({answer.returncode}): {answer.stderr.decode()[-2000:]}")
    found = json.loads(answer.stdout)
    return Outcome(**{**found, "touched": tuple(found["touched"])})


def _watched(folder: Path) -> list[str]:
    """Starts to record files that are opened outside of the program and the folder, and every use of the network."""
    inside = tuple(str(path) for path in (folder, _REPOSITORY / "server", sys.prefix, sys.base_prefix, *sys.path[1:]))
    touched: list[str] = []

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes):
            path = arguments[0] if isinstance(arguments[0], str) else arguments[0].decode(errors="replace")
            if not path.startswith(inside):
                touched.append(f"open {path}")
        elif event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "urllib.")):
            touched.append(event)
            _refuse()

    sys.addaudithook(look)
    return touched


def _refuse() -> NoReturn:
    raise PermissionError("a maker works without the network and without other programs")


def main() -> None:
    folder, target = Path(sys.argv[1]), sys.argv[2]
    request: VisualRequest = pickle.load(sys.stdin.buffer)  # noqa: S301 - the test wrote it
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    bench = WorkerBench(ArtifactFolder(folder, min_free_bytes=0))
    make = resolve_name(target)
    with contextlib.suppress(MakeError):  # a maker of pictures has none to warm up with
        make(VisualRequest(_HARMLESS[type(request.visual)]), bench)
    touched = _watched(folder)
    started = time.monotonic()
    reason, message = "", ""
    try:
        make(request, bench)
    except MakeError as refusal:
        reason, message = refusal.reason, refusal.message
    seconds = time.monotonic() - started
    touched = list(touched)  # what follows is not the maker's
    peak = peak_bytes()
    print(  # noqa: T201
        json.dumps({"reason": reason, "message": message, "seconds": seconds, "peak_bytes": peak, "touched": touched})
    )


def peak_bytes() -> int:
    """The peak of this program's own memory: `ru_maxrss` begins with that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    main()
