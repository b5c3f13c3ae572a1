"""Keyspace notifications: the doorbell that says a stream has grown. Whether it rings is a setting of the server."""

import asyncio
import logging

import redis.asyncio as redis
from redis.exceptions import RedisError

from kinescribe_server.store.connection import store_errors

_LOG = logging.getLogger(__name__)
_PROBE_KEY = "ks:probe"
_PROBE_SECONDS = 1.0


def keyspace_channel(database: int, key: str) -> str:
    return f"__keyspace@{database}__:{key}"


async def switch_on(client: redis.Redis, database: int) -> bool:
    """Sees to it that stream writes are notified. False if they are not and cannot be: CONFIG is often forbidden on
    managed Redis, so where it is, a probe tells whether somebody else switched them on."""
    async with store_errors():
        try:
            current = (await client.config_get("notify-keyspace-events"))["notify-keyspace-events"] or ""
            if not _rings_for_streams(current):
                await client.config_set("notify-keyspace-events", current + "Kt")
            return True
        except RedisError as error:
            if await _probe(client, database):
                return True
            _LOG.warning(
                "keyspace notifications are off and cannot be switched on; set notify-keyspace-events to Kt. "
                "Until then the event logs are polled",
                extra={"reason": type(error).__name__},
            )
            return False


def _rings_for_streams(flags: str) -> bool:
    return "K" in flags and ("t" in flags or "A" in flags)


async def _probe(client: redis.Redis, database: int) -> bool:
    async with client.pubsub() as probe:
        await probe.subscribe(keyspace_channel(database, _PROBE_KEY))
        await client.xadd(_PROBE_KEY, {"probe": "1"}, maxlen=1)
        deadline = asyncio.get_running_loop().time() + _PROBE_SECONDS
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            message = await probe.get_message(ignore_subscribe_messages=True, timeout=left)
            if message is not None:
                return True
    return False
