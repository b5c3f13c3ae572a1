"""The service of a data folder: run inside this process, or joined where another process runs it already.

This is the only file of the client that may import the service, and only when it is needed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from kinescribe.client import Client
from kinescribe.errors import Unavailable, lost
from kinescribe.reconnect import Reconnect

_Result = TypeVar("_Result")

# The service that we joined ends with its own command; what is lost is the folder's service, not the network, so there
# is no point in waiting long before the folder is looked at again.
_JOINED = Reconnect(longest_delay=0.5, give_up_after=2.0)
# Each renewal waits up to two seconds: together they outlast a service that takes half a minute to drain.
_RENEWALS = 20
# How long a service may hold its folder before it says its address.
_ADDRESS_SECONDS = 30.0


class ServiceStartError(Exception):
    """The service cannot run here, for a reason that its user can mend."""


class FilmUnreadableError(Exception):
    """A file is no film."""


class FolderService:
    """Calls the service of a data folder, whoever runs it.

    While nobody else does, it runs in this process. Where it was joined and goes away, it is run here or joined anew,
    and the call is repeated: jobs live in the folder.
    """

    def __init__(self, data_dir: Path, log_file: Path | None) -> None:
        self._data_dir = data_dir
        self._log_file = log_file
        self._held = AsyncExitStack()
        self._renewing = asyncio.Lock()
        self._client: Client | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._current(None)
        except BaseException:
            await self._held.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._held.aclose()

    async def call(self, operation: Callable[[Client], Awaitable[_Result]]) -> _Result:
        """What the operation answers, begun again with another client as often as its service went away."""
        client = await self._current(None)
        for _ in range(_RENEWALS):
            try:
                return await operation(client)
            except Unavailable:
                client = await self._current(client)
        return await operation(client)

    async def _current(self, lost_client: Client | None) -> Client:
        """The client in use, which is another one than the lost one."""
        async with self._renewing:
            if self._client is None or self._client is lost_client:
                address, reconnect = await self._own_or_join()
                self._client = await self._held.enter_async_context(Client(address, reconnect=reconnect))
            return self._client

    async def _own_or_join(self) -> tuple[str, Reconnect]:
        with _explained():
            from kinescribe_server.app import DataFolderInUseError  # noqa: PLC0415
        deadline = asyncio.get_running_loop().time() + _ADDRESS_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            try:
                with _explained():
                    return await self._held.enter_async_context(_kept(self._data_dir, self._log_file)), Reconnect()
            except DataFolderInUseError as error:
                if error.address:
                    return error.address, _JOINED
            await asyncio.sleep(0.1)  # it is starting and has no address yet
        raise lost("DATA_FOLDER_IN_USE", f"the service that holds {self._data_dir} does not say its address")


@asynccontextmanager
async def _kept(data_dir: Path, log_file: Path | None) -> AsyncIterator[str]:
    """Runs the service in a task of its own, since whoever starts it here need not be the one who ends it."""
    from kinescribe_server.app import run_service  # noqa: PLC0415

    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    released = asyncio.Event()

    async def keep() -> None:
        async with run_service(data_dir, log_file=log_file) as service:
            address.set_result(service.address)
            await released.wait()

    keeper = asyncio.create_task(keep())
    try:
        started: list[asyncio.Future[Any]] = [keeper, address]
        await asyncio.wait(started, return_when=asyncio.FIRST_COMPLETED)
        if address.done():  # else the service did not start, and its task says why
            yield address.result()
    finally:
        released.set()
        if not address.done():
            keeper.cancel()
        await asyncio.wait([keeper])
    await keeper


async def serve(data_dir: Path, listen: str, http: str, announce: Callable[[str, str], None]) -> None:
    """Runs the service until it is told to stop; `announce` gets its address and that of HTTP once they answer."""
    with _explained():
        from kinescribe_server.app import DataFolderInUseError, run_service  # noqa: PLC0415

        try:
            async with run_service(data_dir, listen, http=http) as service:
                announce(service.address, service.http_address)
                await service.serve_until_stopped()
        except DataFolderInUseError as error:
            raise ServiceStartError(str(error)) from error


async def work(
    data_dir: Path, queues: Sequence[str], processes: int | None, announce: Callable[[str, str], None]
) -> None:
    """Runs a worker until it is told to stop; `announce` gets its name and what it takes."""
    with _explained():
        from kinescribe_server.app import run_worker  # noqa: PLC0415

        try:
            async with run_worker(data_dir, queues, processes) as worker:
                announce(worker.name, ", ".join(f"{resource} ({count})" for resource, count in worker.slots.items()))
                await worker.work_until_stopped()
        except ValueError as error:
            raise ServiceStartError(str(error)) from error


def check_film(film: Path, *, full: bool) -> list[dict[str, Any]]:
    """What is found in an MP4 file, check by check, as in its `report.json`. Raises FilmUnreadableError."""
    with _explained():
        from kinescribe_server.app import MakeError  # noqa: PLC0415
        from kinescribe_server.app import check_film as check  # noqa: PLC0415
    try:
        return check(film, full=full)
    except MakeError as error:
        raise FilmUnreadableError(error.message) from error


@contextmanager
def _explained() -> Iterator[None]:
    """Turns what a user can mend into one sentence. Anything else is a bug and keeps its traceback."""
    try:
        yield
    except ImportError as error:
        missing = f"the service is not installed here ({error})"
        raise ServiceStartError(f"{missing}; pip install 'kinescribe[server]', or use --server") from error
    except OSError as error:
        raise ServiceStartError(f"the service cannot run: {error}") from error
    except Exception as error:
        if not hasattr(error, "reason"):  # the service's own errors, as of a state store that does not answer, have one
            raise
        raise ServiceStartError(f"the service cannot run: {error}") from error
