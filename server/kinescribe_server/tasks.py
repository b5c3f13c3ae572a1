"""Ending asyncio tasks for sure."""

import asyncio
from collections.abc import Iterable

_AGAIN_SECONDS = 0.1


async def end_tasks(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancels tasks, and returns when all have ended, however they did; who is cancelled meanwhile is so afterwards.

    One cancellation is not always enough: where it meets a library in the middle of its own clean-up (redis-py closing
    a connection is one), it can come out as that library's error, and a loop that outlives such errors goes on.
    """
    left = set(tasks)
    interruption: asyncio.CancelledError | None = None
    while left:
        for task in left:
            task.cancel()
        try:
            ended, left = await asyncio.wait(left, timeout=_AGAIN_SECONDS)
        except asyncio.CancelledError as error:
            interruption = error
            continue
        for task in ended:
            if not task.cancelled():
                task.exception()  # seen, so that asyncio does not complain that nobody looked
    if interruption is not None:
        raise interruption
