"""What the kernel knows of the processes below one of ours (Linux)."""

import contextlib
import os
import signal
from collections import defaultdict
from pathlib import Path

_PROC = Path("/proc")
_STATE, _PARENT, _USER, _SYSTEM = 0, 1, 11, 12


def _fields(pid: int) -> list[str]:
    """What follows the name in /proc/<pid>/stat; the name itself may contain anything."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def state(pid: int) -> str:
    """The kernel's letter: "T" for stopped, "Z" for ended and not yet waited for; "" for gone."""
    try:
        return _fields(pid)[_STATE]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def cpu_ticks(pid: int) -> int:
    """The CPU time that a process has used, in the kernel's ticks; 0 for one that is gone."""
    try:
        fields = _fields(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[_USER]) + int(fields[_SYSTEM])


def is_running(pid: int) -> bool:
    return state(pid) not in {"", "Z", "X"}


def descendants(root: int) -> list[int]:
    """Every process below `root`, in the order of their ids."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                children[int(_fields(int(entry.name))[_PARENT])].append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        below = children[waiting.pop()]
        found += below
        waiting += below
    return sorted(found)


def command_line(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def worker_children(root: int) -> list[int]:
    """The processes in which makers run."""
    return [pid for pid in descendants(root) if "multiprocessing-fork" in command_line(pid)]


def send(pid: int, number: signal.Signals) -> bool:
    """Whether there was such a process. Never to a group, nor to whoever started everything."""
    assert pid > 1
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
