"""What processes cost, as the kernel counts it (Linux): CPU seconds and peak memory of a process and all below it."""

import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# What is read is a high-water mark, so a process need only be seen once after its peak; more often would cost the
# measured ones more of the machine.
_LOOKS_PER_SECOND = 5
# What a worker has loaded says what it is for. The first that is found counts: captions in the picture are Typst's too.
_LOADED = (
    ("onnxruntime", "speech"),
    ("libavcodec", "render"),
    ("typst", "visual"),
    ("sentencex", "script"),
    ("valkey", "state store"),
)
_ENDED = "ended workers"
_SERVICE = "service"


Figures = dict[str, float]


@dataclass(slots=True)
class Cost:
    """Seconds on the clock, CPU seconds in all and by what the processes are for, and the peak memory of each kind in
    MiB."""

    wall: float = 0.0
    cpu: float = 0.0
    cpu_by_role: Figures = field(default_factory=dict)
    peak_by_role: Figures = field(default_factory=dict)

    @property
    def peak(self) -> float:
        """Of the largest process, not of all together."""
        return max(self.peak_by_role.values(), default=0.0)


@contextmanager
def cost_of_tree(root: int) -> Iterator[Cost]:
    """Fills the cost in on leaving the block: of what the process and its descendants did in it. Peaks count from the
    start of each process."""
    cost, done = Cost(), threading.Event()
    peaks: Figures = defaultdict(float)

    def watch() -> None:
        roles: dict[int, str] = {}
        while not done.wait(1 / _LOOKS_PER_SECOND):
            _note_peaks(root, roles, peaks)

    before, started = _cpu(root), time.perf_counter()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield cost
    finally:
        cost.wall = time.perf_counter() - started
        after = _cpu(root)
        done.set()
        watcher.join()
        _note_peaks(root, {}, peaks)
        spent = {role: seconds - before.get(role, 0.0) for role, seconds in after.items()}
        # What a worker that ended had spent before counts against what its kind has now: the sum is right all the same.
        cost.cpu = sum(spent.values())
        cost.cpu_by_role = {role: seconds for role, seconds in spent.items() if seconds > 0}
        cost.peak_by_role = dict(peaks)


def cost_of_command(command: Sequence[str], log: Path) -> Cost:
    """Runs a program to its end. Raises CalledProcessError, with what it printed, if it fails."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    with cost_of_tree(process.pid) as cost:
        # Not waited for before its last look at /proc: its CPU time, with that of its children, is told by wait4.
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = log.read_text(errors="replace")[-2000:]
        raise subprocess.CalledProcessError(process.returncode, command, said)
    cost.cpu = usage.ru_utime + usage.ru_stime
    return cost


def _note_peaks(root: int, roles: dict[int, str], peaks: Figures) -> None:
    for pid in _tree(root):
        if roles.get(pid, "") in {"", _SERVICE}:  # a worker shows what it is for once it has loaded it
            roles[pid] = _role(pid, root)
        peaks[roles[pid]] = max(peaks[roles[pid]], _high_water(pid))


def _cpu(root: int) -> Figures:
    """CPU seconds so far, with those of children that have ended."""
    seconds: Figures = defaultdict(float)
    for pid in _tree(root):
        fields = _stat(pid)
        if not fields:
            continue
        own, of_ended = (sum(int(fields[index]) for index in pair) / _TICKS for pair in ((11, 12), (13, 14)))
        role = _role(pid, root)
        seconds[role] += own
        seconds[_ENDED if pid == root else role] += of_ended
    return seconds


def _tree(root: int) -> list[int]:
    parents = {int(name): _parent(int(name)) for name in os.listdir("/proc") if name.isdigit()}  # noqa: PTH208
    found = [root] if root in parents else []
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _stat(pid: int) -> list[str]:
    """The fields of proc_pid_stat(5) from the third on; none for a process that is gone."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _high_water(pid: int) -> float:
    _, _, after = _read(pid, "status").partition("VmHWM:")
    return int(after.split()[0]) / 1024 if after else 0.0


def _role(pid: int, root: int) -> str:
    if pid == root:
        return _SERVICE
    loaded = _read(pid, "maps")
    return next((role for mark, role in _LOADED if mark in loaded), _SERVICE)


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:  # it has ended
        return ""
