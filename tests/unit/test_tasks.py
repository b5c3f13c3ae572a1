"""Ending tasks, also stubborn ones, also while being ended."""

import asyncio
import gc
from typing import Any

import pytest

from kinescribe_server.tasks import end_tasks

_LONGEST_SECONDS = 10.0


class Stubborn:
    """Work that goes on through a cancellation until it is `let_go`, and then fails."""

    def __init__(self) -> None:
        self.begun, self.cancelled, self.let_go = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work(self) -> None:
        self.begun.set()
        while not self.let_go.is_set():
            try:
                await self.let_go.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
        raise ConnectionError("closed in the middle of its own clean-up")


async def test_a_task_that_goes_on_is_cancelled_until_it_ends() -> None:
    times = 0

    async def work() -> None:
        nonlocal times
        while times < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                times += 1

    task = asyncio.create_task(work())
    await asyncio.sleep(0)  # it has begun
    await end_tasks([task])
    assert (task.done(), times) == (True, 3)


async def test_who_is_cancelled_while_ending_tasks_ends_them_first() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    stubborn = Stubborn()
    task = asyncio.create_task(stubborn.work())
    await stubborn.begun.wait()
    ending = asyncio.create_task(end_tasks([task]))
    async with asyncio.timeout(_LONGEST_SECONDS):
        for _ in range(3):
            await stubborn.cancelled.wait()
            stubborn.cancelled.clear()
            ending.cancel()
        assert not ending.done()
        stubborn.let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await ending
    assert task.done()
    del task
    gc.collect()
    assert complaints == []
