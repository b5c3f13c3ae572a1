"""How a command reaches its service: at an address, or wherever the data folder's service is."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from kinescribe.channel import open_channel
from kinescribe.client import DEFAULT_ADDRESS, Client
from kinescribe.errors import Unavailable, lost

_Result = TypeVar("_Result")

# The service of a data folder is on this machine; what does not answer by then is gone.
_PROBE_SECONDS = 1.0


class Service(Protocol):
    """Something that calls can be made to."""

    async def call(self, operation: Callable[[Client], Awaitable[_Result]]) -> _Result: ...


class RemoteService:
    """A service at an address."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, operation: Callable[[Client], Awaitable[_Result]]) -> _Result:
        try:
            return await operation(self._client)
        except Unavailable as error:
            raise lost(
                error.reason, f"the service at {self._client.address} is not available: {error.message}"
            ) from error


@asynccontextmanager
async def remote(address: str) -> AsyncIterator[RemoteService]:
    async with Client(address) as client:
        yield RemoteService(client)


@asynccontextmanager
async def running(server: str | None, data_dir: Path) -> AsyncIterator[RemoteService]:
    """The service that runs: the one named, else the data folder's, else the one at the default address."""
    address = server or await folder_address(data_dir) or DEFAULT_ADDRESS
    async with remote(address) as service:
        yield service


async def folder_address(data_dir: Path) -> str | None:
    """The address of the data folder's service, if one runs."""
    address = read_address(data_dir / "service.json")
    if address is None or not await answers(address):
        return None
    return address


def read_address(file: Path) -> str | None:
    """The address that a service wrote down. It may have gone since."""
    try:
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return address if isinstance(address, str) and address else None


async def answers(address: str) -> bool:
    """Whether a gRPC service can be connected to."""
    async with open_channel(address) as channel:
        try:
            await asyncio.wait_for(channel.channel_ready(), _PROBE_SECONDS)
        except TimeoutError:
            return False
    return True
