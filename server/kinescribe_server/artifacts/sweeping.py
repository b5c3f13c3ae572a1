"""Removing what nobody needs: stored files that no job refers to, records of results whose files are gone, and what was
left in the making by processes that died.

A file may come into use while it is looked at. Whoever uses a stored file touches it first, so a file is moved aside,
looked at once more, and moved back if somebody touched it meanwhile; who came too late finds it missing, and makes it
again.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kinescribe_server.engine.protocol import Made

_MADE: TypeAdapter[Made] = TypeAdapter(Made)


@dataclass(frozen=True, slots=True)
class SweepRules:
    """Files that nobody refers to stay for `grace_seconds` after their last use, unless all of them together have more
    than `cache_bytes`: then the oldest go, but none that was used in the last `in_use_seconds`."""

    grace_seconds: float = 3600.0
    cache_bytes: int = 4 << 30
    in_use_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed."""

    files: int = 0
    bytes: int = 0
    records: int = 0


def sweep(root: Path, referenced: frozenset[str], rules: SweepRules, now: float | None = None) -> Swept:
    """Sweeps a data folder. `referenced` are the SHA-256 of all files that jobs refer to. Blocks for long."""
    now = time.time() if now is None else now
    files = bytes_ = 0
    for path, size in _unneeded(root / "artifacts", referenced, rules, now):
        if _remove(path, root / "scratch", now - rules.in_use_seconds):
            files, bytes_ = files + 1, bytes_ + size
    records = _remove_empty_records(root, now - rules.grace_seconds)
    for path in _files(root / "scratch"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < now - rules.grace_seconds:
                path.unlink()
    return Swept(files, bytes_, records)


def _unneeded(artifacts: Path, referenced: frozenset[str], rules: SweepRules, now: float) -> Iterator[tuple[Path, int]]:
    """The files to be removed, with their sizes; the oldest first."""
    cached = []
    for path in _files(artifacts):
        if path.name not in referenced:
            with suppress(FileNotFoundError):
                status = path.stat()
                cached.append((status.st_mtime, status.st_size, path))
    excess = sum(size for _, size, _ in cached) - rules.cache_bytes
    for used, size, path in sorted(cached):
        if used < now - rules.grace_seconds or (excess > 0 and used < now - rules.in_use_seconds):
            excess -= size
            yield path, size


def _remove(path: Path, scratch: Path, used_before: float) -> bool:
    aside = scratch / f"swept-{path.name}"
    try:
        path.rename(aside)
    except FileNotFoundError:
        return False
    if aside.stat().st_mtime >= used_before:
        aside.rename(path)
        return False
    aside.unlink()
    return True


def _remove_empty_records(root: Path, made_before: float) -> int:
    removed = 0
    for record in _files(root / "results"):
        with suppress(FileNotFoundError):
            if record.stat().st_mtime < made_before and not _files_are_there(record, root / "artifacts"):
                record.unlink()
                removed += 1
    return removed


def _files_are_there(record: Path, artifacts: Path) -> bool:
    try:
        made = _MADE.validate_json(record.read_bytes())
    except ValidationError:
        return False
    return all((artifacts / file.sha256[:2] / file.sha256).is_file() for file in made.files.values())


def _files(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place) / name for name in names)
