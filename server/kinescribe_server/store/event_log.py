"""Reading a job's event log."""

from typing import cast

import redis.asyncio as redis

from kinescribe_server.jobs.errors import JobNotFoundError, LogForkedError
from kinescribe_server.jobs.events import EVENT, LogEntry
from kinescribe_server.jobs.model import Counts
from kinescribe_server.store.connection import store_errors
from kinescribe_server.store.keys import JobKeys


async def read_after(client: redis.Redis, job_id: str, sequence: int = 0, chain: str = "") -> list[LogEntry]:
    """The events after the one of this number and chain, in order; 0 for all.

    Raises JobNotFoundError, and LogForkedError if that event is gone, or is another one: Redis lost writes.
    """
    keys = JobKeys(job_id)
    async with store_errors():
        found = cast("list[tuple[str, dict[str, str]]]", await client.xrange(keys.events, min=f"{sequence}-0"))
        if not found and not await client.exists(keys.job):
            raise JobNotFoundError(job_id)
    if not sequence:
        return [_entry(job_id, entry_id, fields) for entry_id, fields in found]
    if not found or found[0][1]["chain"] != chain:
        raise LogForkedError(sequence)
    return [_entry(job_id, entry_id, fields) for entry_id, fields in found[1:]]


def _entry(job_id: str, entry_id: str, fields: dict[str, str]) -> LogEntry:
    return LogEntry(
        job_id=job_id,
        sequence=int(entry_id.partition("-")[0]),
        chain=fields["chain"],
        time_ms=int(fields["time"]),
        counts=Counts(*(int(count) for count in fields["progress"].split())),
        event=EVENT.validate_json(fields["body"]),
    )
