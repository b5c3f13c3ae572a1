"""The ledger: what the processes of an installation did, one JSON list a line, in the order in which it was done.

Several processes append to one file on one machine, a line at a time, so the order is that of the machine, and the
times (CLOCK_MONOTONIC) can be compared.
"""

import json
import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """`what` is started, made, failed or stopped (a maker's call), stored (a result record), or trapped (a process at
    its named point); `key` is the input key of the result, or the name of the point."""

    at: float
    what: str
    key: str
    detail: str = ""


class Ledger:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, what: str, key: str, detail: str = "") -> None:
        os.write(self._file, json.dumps([time.monotonic(), what, key, detail]).encode() + b"\n")


def read_ledger(path: Path) -> list[Entry]:
    if not path.exists():
        return []
    return [Entry(*json.loads(line)) for line in path.read_text().splitlines()]


def made_again(entries: list[Entry]) -> list[str]:
    """The keys of results that were begun again after their record was there: work that nothing excuses."""
    stored: set[str] = set()
    again = []
    for entry in entries:
        if entry.what == "stored":
            stored.add(entry.key)
        elif entry.what == "started" and entry.key in stored:
            again.append(entry.key)
    return again


def lost_in_hand(entries: list[Entry]) -> int:
    """How many calls of makers were begun beyond the first of their result, but for those that followed a failure: what
    was in hand in a process that was lost or stopped, and had to be done twice."""
    begun = Counter(entry.key for entry in entries if entry.what == "started")
    failed = Counter(entry.key for entry in entries if entry.what == "failed")
    return sum(max(0, count - 1 - failed[key]) for key, count in begun.items())


def child_recoveries(entries: list[Entry], killed_at: list[float]) -> list[float]:
    """For each worker child that was killed with a step in hand: the seconds until the step was begun again."""
    found = []
    for position, lost in enumerate(entries):
        if lost.what == "failed" and lost.detail == "WORKER_LOST":
            kills = [at for at in killed_at if at < lost.at]
            again = next((e for e in entries[position:] if e.what == "started" and e.key == lost.key), None)
            if kills and again is not None and lost.at - kills[-1] < 10.0:
                found.append(again.at - kills[-1])
    return found
