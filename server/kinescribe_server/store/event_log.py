"""Reading a job's event log."""

from typing import cast

import redis.asyncio as redis

from kinescribe_server.jobs.events import EVENT, LogEntry
from kinescribe_server.jobs.model import Counts
from kinescribe_server.store.connection import store_errors
from kinescribe_server.store.keys import JobKeys


async def read_after(client: redis.Redis, job_id: str, sequence: int) -> list[LogEntry]:
    """The events after `sequence`, in order."""
    async with store_errors():
        found = cast(
            "list[tuple[str, dict[str, str]]]", await client.xrange(JobKeys(job_id).events, min=f"({sequence}-0")
        )
    return [_entry(job_id, entry_id, fields) for entry_id, fields in found]


def _entry(job_id: str, entry_id: str, fields: dict[str, str]) -> LogEntry:
    return LogEntry(
        job_id=job_id,
        sequence=int(entry_id.partition("-")[0]),
        chain=fields["chain"],
        time_ms=int(fields["time"]),
        counts=Counts(*(int(count) for count in fields["progress"].split())),
        event=EVENT.validate_json(fields["body"]),
    )
