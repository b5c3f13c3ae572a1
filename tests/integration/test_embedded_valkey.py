"""The Valkey that comes with the service: it keeps what it acknowledged, and ends with its service."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
import redis.asyncio as redis
from redis.exceptions import RedisError

from kinescribe_server.data_folder import DataFolder, DataFolderInUseError
from kinescribe_server.store.connection import connect
from kinescribe_server.store.embedded import EmbeddedValkey, socket_url

# Starts a Valkey, writes a key, says the pid, and waits to be killed.
_OWNER = """
import asyncio, pathlib, sys
from kinescribe_server.store.connection import connect
from kinescribe_server.store.embedded import EmbeddedValkey

async def main():
    valkey = EmbeddedValkey(pathlib.Path(sys.argv[1]))
    await valkey.start()
    await connect(valkey.url).set("kept", "yes")
    print(valkey.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def _ends(pid: int) -> None:
    """Returns when a process has ended; a zombie has."""
    async with asyncio.timeout(10):
        while True:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]  # noqa: ASYNC240
            except FileNotFoundError:
                return
            if state == "Z":
                return
            await asyncio.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see other processes' states")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_it_ends_when_its_service_is_killed_and_the_next_one_finds_its_data(
    tmp_path: Path, number: signal.Signals
) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _OWNER, str(tmp_path / "valkey"), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    pid = int(await asyncio.wait_for(owner.stdout.readline(), 30))
    owner.send_signal(number)
    await owner.wait()

    following = EmbeddedValkey(tmp_path / "valkey")
    await following.start()
    client = connect(following.url)
    try:
        assert await client.get("kept") == "yes"
        await _ends(pid)
    finally:
        await client.aclose()
        await following.aclose()


async def test_it_is_started_again_until_it_can_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing about its folder can be opened for a while, as where the process has no file handle left."""
    valkey = EmbeddedValkey(tmp_path / "valkey")
    await valkey.start()
    client = connect(valkey.url)
    lock = tmp_path / "valkey" / "lock"
    lock.rename(tmp_path / "lock")
    lock.mkdir()
    try:
        os.kill(valkey.pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            while "could not be started again" not in caplog.text:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
            lock.rmdir()
            while not await _answers(client):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
    finally:
        await client.aclose()
        await valkey.aclose()


async def _answers(client: redis.Redis) -> bool:
    try:
        return bool(await client.ping())
    except RedisError:
        return False


async def test_only_this_user_can_open_its_socket(valkey: EmbeddedValkey) -> None:
    socket = Path(valkey.url.removeprefix("unix://").partition("?")[0])
    assert socket.stat().st_mode & 0o077 == 0  # noqa: ASYNC240


@pytest.mark.parametrize("name", ["long" * 30, "50 % of? all #1"])
async def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "valkey"
    for _ in range(2):
        valkey = EmbeddedValkey(folder)
        await valkey.start()
        for url in (valkey.url, socket_url(folder)):
            async with connect(url) as client:
                assert await client.ping()
        await valkey.aclose()
        assert not os.path.lexists(folder / "valkey.sock")  # noqa: ASYNC240


def test_a_data_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        folder.announce("127.0.0.1:1")
        with pytest.raises(DataFolderInUseError) as caught, DataFolder(tmp_path):
            pytest.fail("there is an owner")
        assert caught.value.address == "127.0.0.1:1"
    with DataFolder(tmp_path):
        assert not (tmp_path / "service.json").exists()
