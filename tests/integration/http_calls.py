"""Calls over HTTP, as curl makes them."""

import asyncio
import http.client
import json
from dataclasses import dataclass
from typing import Any

ROOT = "/api/v1/video"
JSON = {"Content-Type": "application/json"}
SMALL = {"width": 320, "height": 320}


@dataclass(frozen=True)
class Answer:
    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def reason(self) -> str:
        return str(self.json["error"]["reason"])


async def call(
    address: str, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> Answer:
    """One request; a body that is not bytes is sent as JSON."""

    def send() -> Answer:
        connection = http.client.HTTPConnection(address, timeout=60)
        data, sent = (body, {}) if isinstance(body, bytes | None) else (json.dumps(body).encode(), JSON)
        connection.request(method, path, data, {**sent, **(headers or {})})
        response = connection.getresponse()
        answer = Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )
        connection.close()
        return answer

    return await asyncio.to_thread(send)


async def generate(address: str, **request: object) -> str:
    answer = await call(address, "POST", f"{ROOT}/generate", {"options": SMALL, **request})
    assert answer.code == 202, answer.body
    return str(answer.json["job_id"])


async def finished(address: str, job_id: str) -> list[tuple[int, dict[str, Any]]]:
    """The whole event stream: ids and events."""
    answer = await call(address, "GET", f"{ROOT}/events/{job_id}")
    assert answer.headers["content-type"].startswith("text/event-stream")
    return parsed(answer.body)


def parsed(stream: bytes) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for block in stream.decode().split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.splitlines())
        if "data" in fields:
            found.append((int(fields["id"]), json.loads(fields["data"])))
    return found
