"""Who works on the queues: each worker says how many steps of each resource it can run at a time, and says it again
before that expires."""

import json
from collections import Counter
from collections.abc import Awaitable, Mapping
from typing import cast

import redis.asyncio as redis

from kinescribe_server.jobs.model import Resource
from kinescribe_server.store.connection import store_errors

_KEY = "ks:workers"
_LASTS_SECONDS = 15.0


class RedisWorkforce:
    """Implements Workforce, for workers on any machine."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    async def announce(self, worker: str, slots: Mapping[Resource, int]) -> None:
        async with store_errors():
            until = await self._now() + _LASTS_SECONDS
            said = json.dumps({"until": until, "slots": dict(slots)})
            await self._redis.hset(_KEY, worker, said)

    async def leave(self, worker: str) -> None:
        async with store_errors():
            await self._redis.hdel(_KEY, worker)

    async def slots(self) -> Mapping[Resource, int]:
        async with store_errors():
            now = await self._now()
            said = await cast("Awaitable[dict[str, str]]", self._redis.hgetall(_KEY))
            total: Counter[Resource] = Counter()
            for worker, words in said.items():
                known = json.loads(words)
                if known["until"] < now:
                    await self._redis.hdel(_KEY, worker)
                else:
                    # A worker of another version may know other resources.
                    total.update({each: known["slots"][each] for each in Resource if each in known["slots"]})
        return total

    async def _now(self) -> float:
        seconds, microseconds = await self._redis.time()
        return float(seconds) + float(microseconds) / 1e6
