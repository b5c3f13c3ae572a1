"""A circuit for each provider and process: after repeated failures it opens, and calls fail at once instead of waiting
for somebody who does not answer."""

import threading
import time
from functools import cache

# Two calls with three attempts each, less one.
_FAILURES = 5
# How long nobody asks; then one call tries.
_OPEN_SECONDS = 30.0


class Circuit:
    """Counts failures in a row. Safe to use from several threads."""

    def __init__(self, failures: int = _FAILURES, open_seconds: float = _OPEN_SECONDS) -> None:
        self._most = failures
        self._open_seconds = open_seconds
        self._failures = 0
        self._closed_until = 0.0
        self._trial = 0
        self._lock = threading.Lock()

    def admits(self) -> bool:
        """Whether this thread may make a call. Of an open circuit's calls, one is let through when its time is over;
        its thread must end it by `left`."""
        with self._lock:
            if self._failures < self._most:
                return True
            if self._trial or time.monotonic() < self._closed_until:
                return False
            self._trial = threading.get_ident()
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._most:
                self._closed_until = time.monotonic() + self._open_seconds

    def left(self) -> None:
        """This thread's call is over."""
        with self._lock:
            if self._trial == threading.get_ident():
                self._trial = 0


@cache
def circuit_of(name: str, base_url: str) -> Circuit:
    """The circuit of a provider in this process."""
    return Circuit()
