"""The HTTP server, inside the service's own event loop."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from kinescribe_server.gateway.application import application
from kinescribe_server.gateway.parts import Parts

# Beyond this many open connections the answer is 503. A browser that watches a job holds about six.
MAX_CONNECTIONS = 1_000
# How long a connection is kept for its next request.
_IDLE_SECONDS = 15
# How long answers that are being sent are waited for; a film that is being fetched can be fetched on from where it was.
_GRACE_SECONDS = 1
_WAITING_TO_BE_ACCEPTED = 1_024


class _Server(uvicorn.Server):
    """Signals are the service's; and who starts a server inside a loop asks when it answers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves the gateway's routes over HTTP/1.1."""

    def __init__(self, parts: Parts) -> None:
        _log_as_we_do()
        config = uvicorn.Config(
            application(parts),
            loop="none",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            backlog=_WAITING_TO_BE_ACCEPTED,
            timeout_keep_alive=_IDLE_SECONDS,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self, listen: str) -> str:
        """Listens on HOST:PORT (port 0 for any free one); answers the address that can be dialled.

        Raises OSError if the address cannot be used.
        """
        host, _, port = listen.rpartition(":")
        listening = _listen(host, int(port), listen)
        self._serving = asyncio.create_task(self._server.serve([listening]))
        found = listening.getsockname()[1]
        return f"{'127.0.0.1' if host in {'', '0.0.0.0', '[::]'} else host}:{found}"  # noqa: S104 - compared, not bound

    async def aclose(self) -> None:
        """Ends; answers that are not finished a moment later break off."""
        if self._serving is None:
            return
        self._server.should_exit = True
        await asyncio.wait([self._serving], timeout=_GRACE_SECONDS)
        # The library would log each answer that breaks off as a fault.
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # answers are told here that nobody hears them any more
        for answer in list(self._server.server_state.tasks):
            answer.cancel()
        self._server.force_exit = True
        await self._serving


def _listen(host: str, port: int, listen: str) -> socket.socket:
    bare = host.strip("[]")
    try:
        family = socket.getaddrinfo(bare or None, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((bare, port), family=family, backlog=_WAITING_TO_BE_ACCEPTED)
    except OSError as error:
        # Of an address in use the message says where; that of a name that is not known is all there is.
        found = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise OSError(f"cannot listen on {listen} for HTTP: {found}; another address, or off, can be chosen") from error


def _log_as_we_do() -> None:
    """What the HTTP library has to say goes where our own lines go, and only if something is wrong."""
    logger = logging.getLogger("uvicorn.error")
    logger.parent = logging.getLogger("kinescribe_server")
    logger.setLevel(logging.WARNING)
