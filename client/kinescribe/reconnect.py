"""How often and how long a broken stream is tried again."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from kinescribe.errors import KinescribeError


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Exponential backoff with jitter; times in seconds."""

    first_delay: float = 0.1
    longest_delay: float = 5.0
    # Without a sign of life for this long the last error is raised. None: never. Two minutes outlast a restart.
    give_up_after: float | None = 120.0

    def delay(self, failures: int, chance: float) -> float:
        """The delay after the n-th failure in a row; `chance` (0 to 1) spreads it over the upper half of its range, so
        that a thousand watchers do not come back in the same instant."""
        ceiling = min(self.longest_delay, self.first_delay * 2.0 ** min(failures - 1, 30))
        return ceiling * (0.5 + chance / 2)


class Retries:
    """Counts the failures in a row and knows when to give up."""

    def __init__(
        self,
        policy: Reconnect,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._chance = chance
        self._alive_at = clock()
        self.failures = 0

    def alive(self) -> None:
        """There was a sign of life: the count starts anew."""
        self._alive_at = self._clock()
        self.failures = 0

    def delay_after(self, error: KinescribeError) -> float:
        """The seconds to wait before the next attempt. Raises `error` if it cannot help or there has been enough."""
        limit = self._policy.give_up_after
        if not error.retryable or (limit is not None and self._clock() - self._alive_at >= limit):
            raise error
        self.failures += 1
        return max(self._policy.delay(self.failures, self._chance()), error.retry_after or 0.0)
