"""Checking a film that is there already."""

from pathlib import Path
from typing import Any


def check_film(path: Path, *, full: bool) -> list[dict[str, Any]]:
    """What is found in any MP4 file, check by check as in film/report.schema.json: with `full` by every frame, without
    by its key frames. Raises MakeError FILM_UNREADABLE."""
    # Imported here: a server does not decode films itself.
    from kinescribe_server.film.check.any_film import check_any_film  # noqa: PLC0415

    return [finding.as_json() for finding in check_any_film(path, full=full)]
