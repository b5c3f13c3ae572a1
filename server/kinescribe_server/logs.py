"""Structured logs: one JSON object a line, with job_id, segment, step, attempt and trace id where there are any.

User text stays out of messages.
"""

import logging
import re
import secrets
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter

# W3C Trace Context: version, trace id, parent id, flags; later versions may add to it.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace_id>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)

# Shared by a task and the tasks that it begins: what one finds out, the lines of all say.
_FACTS: ContextVar[dict[str, object] | None] = ContextVar("log_facts", default=None)


def set_log_facts(facts: Mapping[str, object]) -> None:
    """What every line of this task, and of those that it begins, says from now on; what was said before is not."""
    _FACTS.set(dict(facts))


def add_log_facts(**facts: object) -> None:
    """What they say besides."""
    known = _FACTS.get()
    if known is None:
        set_log_facts(facts)
    else:
        known.update(facts)


def log_facts() -> Mapping[str, object]:
    return _FACTS.get() or {}


def trace_id_of(traceparent: str = "") -> str:
    """The trace id in a W3C traceparent, or a new one (32 hexadecimal digits)."""
    found = _TRACEPARENT.fullmatch(traceparent)
    return found["trace_id"] if found else secrets.token_hex(16)


def set_up_logs(level: str, file: Path | None = None) -> None:
    """Sends logs to standard output, or to a file."""
    handler: logging.Handler = logging.StreamHandler(sys.stdout)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(
        JsonFormatter(
            "%(levelname)s %(name)s %(message)s",
            timestamp=True,
            rename_fields={"levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )
    )
    handler.addFilter(_with_facts)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses
    logger = logging.getLogger("kinescribe_server")
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False


def _with_facts(record: logging.LogRecord) -> bool:
    for name, value in log_facts().items():
        record.__dict__.setdefault(name, value)
    return True
