"""What one script may cost: seconds and tokens, of all its requests together."""

import threading
import time
from collections.abc import Mapping

from kinescribe_server.jobs.errors import MakeError


class Budget:
    """Counts what is spent. Safe to use from several threads."""

    def __init__(self, seconds: float, tokens: int) -> None:
        self._seconds = seconds
        self._tokens = tokens
        self._deadline = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._requests = self._tokens_in = self._tokens_out = 0

    def seconds_left(self) -> float:
        """The seconds that are left for a request. Raises MakeError LLM_BUDGET_SPENT when it may not be made."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise MakeError("LLM_BUDGET_SPENT", f"the language model's {self._seconds:g} s for a script are over")
        with self._lock:
            spent = self._tokens_in + self._tokens_out
        if spent >= self._tokens:
            message = f"{spent:,} tokens were spent; the language model may spend {self._tokens:,} on a script"
            raise MakeError("LLM_BUDGET_SPENT", message)
        return left

    def spend(self, tokens_in: int, tokens_out: int) -> None:
        with self._lock:
            self._requests += 1
            self._tokens_in += tokens_in
            self._tokens_out += tokens_out

    def usage(self) -> Mapping[str, int]:
        """What was spent so far."""
        with self._lock:
            return {"requests": self._requests, "tokens_in": self._tokens_in, "tokens_out": self._tokens_out}
