"""Structured logs: one JSON object a line, with job_id, segment, step and attempt where there are any.

User text stays out of messages.
"""

import logging
import sys
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter


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
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses
    logger = logging.getLogger("kinescribe_server")
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
