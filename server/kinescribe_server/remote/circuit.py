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
        self._trying = False
        self._lock = threading.Lock()

    def admits(self) -> bool:
        """Whether a call may be made. Of an open circuit's calls, one is let through when its time is over; it must
        end in `succeeded`, `failed` or `left`."""
        with self._lock:
            if self._failures < self._most:
                return True
            if self._trying or time.monotonic() < self._closed_until:
                return False
            self._trying = True
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._trying = 0, False

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._trying = False
            if self._failures >= self._most:
                self._closed_until = time.monotonic() + self._open_seconds

    def left(self) -> None:
        """A call ended without saying anything of the provider's health."""
        with self._lock:
            self._trying = False


@cache
def circuit_of(name: str, base_url: str) -> Circuit:
    """The circuit of a provider in this process."""
    return Circuit()
