"""Brokers of a test's own: each runs below one folder, listens on the loopback alone, can be killed and started again,
and leaves no process behind. A test that wants one which is not installed is skipped."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
import redis.asyncio as redis
from kombu.connection import Connection
from redis.exceptions import RedisError
from tests.robustness import processes
from tests.robustness.installation import free_port
from tests.robustness.own_redis import OwnRedis

_START_SECONDS = 45.0
_POLL_SECONDS = 0.05
_RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # Debian's wrapper in PATH wants the system's own user
_PRIMARY = "films"


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            with contextlib.suppress(RedisError, OSError):
                if await condition():
                    return
            await asyncio.sleep(_POLL_SECONDS)


async def _is_linked(replica: redis.Redis) -> bool:
    return bool((await replica.info("replication"))["master_link_status"] == "up")


async def _are_gone(pids: Sequence[int]) -> bool:
    return not any(processes.is_running(pid) for pid in pids)


class OwnBroker(Protocol):
    @property
    def settings(self) -> Mapping[str, str]:
        """How a service and its workers find it."""
        ...

    async def start(self) -> None: ...

    async def kill(self) -> None:
        """kill -9: whatever was not on the disk is lost."""
        ...

    async def recover(self) -> None:
        """Returns when there is a broker again, on what the killed one left."""
        ...

    async def aclose(self) -> None: ...


class RedisBroker:
    def __init__(self, folder: Path) -> None:
        if shutil.which("redis-server") is None:
            pytest.skip("redis-server is not installed")
        self._redis = OwnRedis(folder / "redis", free_port())

    @property
    def settings(self) -> Mapping[str, str]:
        return {"CELERY_BROKER_URL": f"redis://127.0.0.1:{self._redis.port}/0"}

    async def start(self) -> None:
        await self._redis.start()

    async def kill(self) -> None:
        await self._redis.kill()

    async def recover(self) -> None:
        await self._redis.start()

    async def aclose(self) -> None:
        await self._redis.aclose()


class SentinelBroker:
    """A primary and its replica, and a sentinel that lets the replica take over; another sentinel is not there."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("redis-sentinel") is None:
            pytest.skip("redis-sentinel is not installed")
        self._folder = folder
        self._primary = OwnRedis(folder / "primary", free_port())
        self._replica = OwnRedis(folder / "replica", free_port())
        self._port, self._nobody = free_port(), free_port()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def settings(self) -> Mapping[str, str]:
        sentinels = (f"sentinel://127.0.0.1:{port}/0" for port in (self._nobody, self._port))
        return {"CELERY_BROKER_URL": ";".join(sentinels), "CELERY_SENTINEL_PRIMARY": _PRIMARY}

    async def start(self) -> None:
        await self._primary.start()
        await self._replica.start()
        async with self._replica.client() as client:
            await client.replicaof("127.0.0.1", self._primary.port)
            await _until(partial(_is_linked, client))
        configuration = self._folder / "sentinel.conf"
        configuration.write_text(
            f"port {self._port}\nbind 127.0.0.1\ndir {self._folder}\n"
            f"sentinel monitor {_PRIMARY} 127.0.0.1 {self._primary.port} 1\n"
            f"sentinel down-after-milliseconds {_PRIMARY} 500\n"
            f"sentinel failover-timeout {_PRIMARY} 3000\n"
        )
        self._process = await asyncio.create_subprocess_exec(
            "redis-sentinel", str(configuration), stdout=asyncio.subprocess.DEVNULL
        )
        await self._wait_for(self._knows_the_replica)

    async def kill(self) -> None:
        await self._primary.kill()

    async def recover(self) -> None:
        await self._wait_for(self._has_failed_over)

    async def aclose(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
        await self._replica.aclose()
        await self._primary.aclose()

    async def _wait_for(self, condition: Callable[[redis.Redis], Awaitable[bool]]) -> None:
        async with redis.Redis(port=self._port) as sentinel:
            await _until(partial(condition, sentinel))

    async def _knows_the_replica(self, sentinel: redis.Redis) -> bool:
        return bool(await sentinel.execute_command("SENTINEL", "REPLICAS", _PRIMARY))  # type: ignore[no-untyped-call]

    async def _has_failed_over(self, sentinel: redis.Redis) -> bool:
        address = await sentinel.execute_command(  # type: ignore[no-untyped-call]
            "SENTINEL", "GET-MASTER-ADDR-BY-NAME", _PRIMARY
        )
        return int(address[1]) == self._replica.port


class RabbitBroker:
    """A RabbitMQ node of its own with an epmd of its own, which otherwise would stay behind."""

    def __init__(self, folder: Path) -> None:
        if not _RABBIT.exists() or shutil.which("epmd") is None:
            pytest.skip("rabbitmq-server is not installed")
        self._folder = folder
        self._port, self._names_port, distribution_port = free_port(), free_port(), free_port()
        (folder / "plugins").write_text("[].")
        self._environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder),  # the node's cookie
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._names_port),
            "RABBITMQ_NODENAME": "kinescribe@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
            "RABBITMQ_BASE": str(folder),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }
        self._names: asyncio.subprocess.Process | None = None
        self._server: asyncio.subprocess.Process | None = None

    @property
    def settings(self) -> Mapping[str, str]:
        return {"CELERY_BROKER_URL": f"amqp://guest:guest@127.0.0.1:{self._port}//"}

    async def start(self) -> None:
        self._names = await self._launch("epmd")
        await self.recover()

    async def kill(self) -> None:
        assert self._server is not None
        below = processes.descendants(self._server.pid)
        for pid in (*below, self._server.pid):
            processes.send(pid, signal.SIGKILL)
        await self._server.wait()
        await _until(partial(_are_gone, below))

    async def recover(self) -> None:
        self._server = await self._launch(str(_RABBIT))
        await _until(partial(asyncio.to_thread, self._answers))

    async def aclose(self) -> None:
        if self._server is not None and self._server.returncode is None:
            await self.kill()
        if self._names is not None:
            self._names.kill()
            await self._names.wait()

    async def _launch(self, program: str) -> asyncio.subprocess.Process:
        with (self._folder / "output").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                program, env=self._environment, cwd=self._folder, stdout=output, stderr=output
            )

    def _answers(self) -> bool:
        try:
            with Connection(  # type: ignore[no-untyped-call] # kombu has no types
                self.settings["CELERY_BROKER_URL"], connect_timeout=2
            ) as connection:
                connection.connect()
        except Exception:  # kombu has no common type for what brokers do
            return False
        return True
