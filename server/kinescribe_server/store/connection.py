"""Connections to Redis, and what a lost one means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from kinescribe_server.jobs.errors import StateStoreUnavailableError

# For so long a command is tried before the caller is told that the store is away; a restart of Redis takes less, and a
# caller who waits for an answer does not wait longer. The clock counts, not the tries: redis-py tries again to connect
# within each try, and a Redis that hangs takes the whole of every time limit.
_PATIENCE_SECONDS = 2.0
_COMMAND_RETRY = Retry(ExponentialWithJitterBackoff(base=0.05, cap=1.0), 6)
# Half of that, so that a connection which died without a word is found out and another tried.
_SOCKET_TIMEOUT_SECONDS = 1.5
# What a Redis says that is up and cannot serve: by its type, or by a word for which redis-py has none, which is in the
# middle of the text when a script was refused. Redis is BUSY while somebody's script takes long.
_REFUSALS = (ClusterDownError, OutOfMemoryError, ReadOnlyError, TryAgainError)
_WORDS_OF_REFUSAL = ("MISCONF", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "BUSY ")


def connect(url: str) -> redis.Redis:
    """A client whose commands retry for a few seconds."""
    return redis.Redis.from_url(
        url,
        socket_timeout=_SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=_SOCKET_TIMEOUT_SECONDS,
        retry=_COMMAND_RETRY,
        retry_on_error=[BusyLoadingError, RedisConnectionError, RedisTimeoutError],
        decode_responses=True,
    )


def connect_subscriber(url: str) -> redis.Redis:
    """A client for Pub/Sub, which reconnects for ever: each reconnect shows as a new `subscribe` confirmation."""
    return redis.Redis.from_url(
        url,
        socket_timeout=None,
        socket_connect_timeout=_SOCKET_TIMEOUT_SECONDS,
        health_check_interval=5,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=1.0), -1),
        decode_responses=True,
    )


@asynccontextmanager
async def store_errors() -> AsyncIterator[None]:
    """Turns what Redis answers when it cannot serve, and its silence, into StateStoreUnavailableError."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            yield
    except (AuthenticationError, NoPermissionError) as error:
        raise StateStoreUnavailableError(f"the state store refuses this service: {error}") from error
    except (RedisConnectionError, RedisTimeoutError, TimeoutError, BusyLoadingError) as error:
        raise StateStoreUnavailableError("the state store does not answer") from error
    except RedisError as error:
        if isinstance(error, _REFUSALS) or any(word in str(error) for word in _WORDS_OF_REFUSAL):
            raise StateStoreUnavailableError("the state store refuses for now") from error
        if "DB index" in str(error):  # it has no database of that number
            raise StateStoreUnavailableError(f"the state store refuses this service: {error}") from error
        raise


def database_of(client: redis.Redis) -> int:
    """The number of the database that a client talks to; it is part of the names of notifications."""
    return int(client.connection_pool.connection_kwargs.get("db") or 0)


def address_of(client: redis.Redis) -> str:
    """Where a client's server is, for people to read; without its password."""
    options = client.connection_pool.connection_kwargs
    return str(options.get("path") or f"{options.get('host')}:{options.get('port')}")
