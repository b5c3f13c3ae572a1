"""How many calls go to a provider: so many at a time, and so many a minute, in one process."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_MINUTE = 60.0


class Pace:
    """Lets calls through as fast as they may go. Safe to use from several threads."""

    def __init__(self, concurrency: int, per_minute: int = 0, minute: float = _MINUTE) -> None:
        self._slots = threading.BoundedSemaphore(max(1, concurrency))
        self._per_minute = per_minute
        self._minute = minute
        self._starts: deque[float] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def call(self, within: float) -> Iterator[None]:
        """A call, as soon as it may be made. Raises TimeoutError when that is not within so many seconds."""
        deadline = time.monotonic() + within
        if not self._slots.acquire(timeout=max(0.0, within)):
            raise TimeoutError
        try:
            wait = self._take_start(deadline)
            if wait > 0:
                time.sleep(wait)
            yield
        finally:
            self._slots.release()

    def _take_start(self, deadline: float) -> float:
        """Takes the next free start, and says how long it is until then."""
        if not self._per_minute:
            return 0.0
        with self._lock:
            now = time.monotonic()
            while self._starts and self._starts[0] <= now - self._minute:
                self._starts.popleft()
            full = len(self._starts) >= self._per_minute
            start = max(now, self._starts[-self._per_minute] + self._minute) if full else now
            if start > deadline:
                raise TimeoutError
            self._starts.append(start)
            return start - now


@cache
def pace_of(name: str, base_url: str, concurrency: int, per_minute: int) -> Pace:
    """The pace of a provider in this process."""
    return Pace(concurrency, per_minute)
