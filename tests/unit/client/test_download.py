"""A download goes on where it broke off, and a file appears whole or not at all."""

import asyncio
import hashlib
from pathlib import Path

import pytest

from kinescribe import Client, DownloadCorrupt, Reconnect, Unavailable
from kinescribe.download import PartFile

from .conftest import ARTIFACT_CHUNK, JOB, ScriptedService, files_of_at_most

CONTENT = bytes(n * 7 % 251 for n in range(10 * ARTIFACT_CHUNK + 123))
AT_ONCE = Reconnect(first_delay=0.001, longest_delay=0.002, give_up_after=0.3)
NAME = "film.mp4"


@pytest.fixture
def stored(service: ScriptedService) -> ScriptedService:
    service.content = CONTENT
    service.sha256 = hashlib.sha256(CONTENT).hexdigest()
    return service


async def fetch(address: str, path: Path) -> None:
    async with Client(address, reconnect=AT_ONCE) as client:
        await client.download(JOB, NAME, path)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_file_appears_whole(stored: ScriptedService, address: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / NAME
    await fetch(address, path)
    assert path.read_bytes() == CONTENT
    assert names_in(path.parent) == [NAME]


async def test_an_empty_file_is_a_file(service: ScriptedService, address: str, tmp_path: Path) -> None:
    service.sha256 = hashlib.sha256(b"").hexdigest()
    await fetch(address, tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes() == b""


async def test_a_cut_download_goes_on_where_it_broke_off(stored: ScriptedService, address: str, tmp_path: Path) -> None:
    stored.cut_after_chunks = 4
    await fetch(address, tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert stored.offsets == [0, 4_000, 8_000]


async def test_what_came_is_kept_for_the_next_download(stored: ScriptedService, address: str, tmp_path: Path) -> None:
    PartFile(tmp_path / NAME, JOB).part.write_bytes(CONTENT[:2_500])
    await fetch(address, tmp_path / NAME)
    assert stored.offsets == [2_500]
    assert (tmp_path / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("left_over", [b"x" * 3_000, b"x" * 20_000])
async def test_a_part_of_something_else_is_thrown_away(
    stored: ScriptedService, address: str, tmp_path: Path, left_over: bytes
) -> None:
    PartFile(tmp_path / NAME, JOB).part.write_bytes(left_over)
    await fetch(address, tmp_path / NAME)
    assert stored.offsets == [len(left_over), 0]
    assert (tmp_path / NAME).read_bytes() == CONTENT


async def test_other_bytes_than_announced_make_no_file(stored: ScriptedService, address: str, tmp_path: Path) -> None:
    stored.sha256 = hashlib.sha256(b"another").hexdigest()
    (tmp_path / NAME).write_bytes(b"the film before")
    with pytest.raises(DownloadCorrupt):
        await fetch(address, tmp_path / NAME)
    assert (tmp_path / NAME).read_bytes() == b"the film before"
    assert names_in(tmp_path) == [NAME]


async def test_a_server_that_never_delivers_is_given_up(stored: ScriptedService, address: str, tmp_path: Path) -> None:
    stored.cut_after_chunks = 0
    with pytest.raises(Unavailable):
        await fetch(address, tmp_path / NAME)
    assert not (tmp_path / NAME).exists()


async def test_two_downloads_of_one_file_do_not_disturb_each_other(
    stored: ScriptedService, address: str, tmp_path: Path
) -> None:
    await asyncio.gather(*(fetch(address, tmp_path / NAME) for _ in range(4)))
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert names_in(tmp_path) == [NAME]


async def test_a_name_may_be_as_long_as_a_file_system_allows(
    stored: ScriptedService, address: str, tmp_path: Path
) -> None:
    path = tmp_path / ("n" * 251 + ".mp4")
    await fetch(address, path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("size", [0, 9_000])  # full at the first write, and at the last
async def test_a_full_disk_is_an_error_that_leaves_nothing(
    stored: ScriptedService, address: str, tmp_path: Path, size: int
) -> None:
    with files_of_at_most(size), pytest.raises(OSError, match="large"):
        await fetch(address, tmp_path / NAME)
    assert names_in(tmp_path) == []
