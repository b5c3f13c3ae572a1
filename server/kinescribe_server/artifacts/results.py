"""Result records: what was made of an input, created if absent.

A record's key is the SHA-256 of its step's owner, its maker's name and version, and its canonical input. The first
record of a key wins, so two attempts that differ can never overwrite each other.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kinescribe_server.artifacts.protocol import ArtifactStore
from kinescribe_server.artifacts.whole_files import written_beside
from kinescribe_server.engine.protocol import Made

_MADE: TypeAdapter[Made] = TypeAdapter(Made)


def input_key(owner: str, maker: str, version: str, request: Mapping[str, Any]) -> str:
    """The key of a result: equal inputs to equal makers for one owner have equal keys."""
    canonical = json.dumps([owner, maker, version, request], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class ResultFolder:
    """Result records in a folder: `results/ab/<key>.json`."""

    def __init__(self, root: Path, artifacts: ArtifactStore) -> None:
        self._records = root / "results"
        self._records.mkdir(parents=True, exist_ok=True)
        self._artifacts = artifacts

    def get(self, key: str) -> Made | None:
        """The record, if it is there and whole and so are all of its files, which are then in use."""
        try:
            made = _MADE.validate_json(self._address(key).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return made if all(self._artifacts.touch(file.sha256) for file in made.files.values()) else None

    def put_if_absent(self, key: str, made: Made) -> Made:
        """Stores a record unless there is one already; answers the one that is stored."""
        address = self._address(key)
        with written_beside(self._artifacts.scratch(), _MADE.dump_json(made)) as written:
            address.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(written, address)  # fails if the record is there, and never shows half of one
            except FileExistsError:
                stored = self.get(key)
                if stored is not None:
                    return stored
                written.replace(address)  # a record that is damaged, or whose files are gone, is replaced
        return made

    def _address(self, key: str) -> Path:
        return self._records / key[:2] / f"{key}.json"
