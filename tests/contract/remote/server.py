"""A real HTTP server on loopback, whose answers a test decides: whole ones, late ones, broken ones, none."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from kinescribe_server.remote.circuit import circuit_of
from kinescribe_server.script.llm.chat import listener_of


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer. A `body` that is neither bytes nor text is sent as JSON. It begins after `delay` seconds and comes in
    `pieces` with `pause` seconds between them; with `drop` the connection is reset instead, after `drop` bytes."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    pieces: int = 1
    pause: float = 0.0
    drop: int | None = None

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()

    @property
    def media_type(self) -> str:
        return "text/plain" if isinstance(self.body, bytes | str) else "application/json"


Answer = Callable[[Asked], Reply]


class RemoteServer:
    """Serves `answer` on a free port; `asked` holds the requests in the order of their coming, `busiest` the most that
    were in hand at a time. With `one_request_each` a connection that was used is closed as soon as it is used again. A
    context manager."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.busiest = 0
        self.one_request_each = False
        self._busy = 0
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        # A port may come again, and then it is another server's: nothing is known of it.
        circuit_of.cache_clear()
        listener_of.cache_clear()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _take(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
        try:
            reply = self.answer(asked)
            time.sleep(reply.delay)
            return reply
        finally:
            with self._lock:
                self._busy -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            used = False

            def _serve(self) -> None:
                if self.used and server.one_request_each:
                    self._reset()
                    return
                self.used = True
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = server._take(Asked(self.command, self.path, headers, body))
                try:
                    self._send(reply)
                except OSError:  # the client has gone, as it may
                    self.close_connection = True

            def _send(self, reply: Reply) -> None:
                content = reply.content
                if reply.drop == 0:
                    self._reset()
                    return
                self.send_response(reply.status)
                for name, value in {"Content-Type": reply.media_type, **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if reply.drop is not None:
                    self.wfile.write(content[: reply.drop])
                    self._reset()
                    return
                step = max(1, -(-len(content) // reply.pieces))
                for start in range(0, len(content), step):
                    self.wfile.write(content[start : start + step])
                    time.sleep(reply.pause)

            def _reset(self) -> None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 -- the names that http.server looks for

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- http.server's own name
                """Nothing: what was asked is in `asked`."""

        return Handler


def in_turn(*replies: Reply) -> Answer:
    """The replies one after the other; the last one from then on."""
    left = list(replies)

    def answer(_: Asked) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer
