"""Calls of a client to a server on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tests.contract.remote.server import Answer, RemoteServer

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.remote.client import RemoteClient
from kinescribe_server.remote.provider import Credentials, Provider

KEY = "top-secret-0123456789"


@contextmanager
def asking(answer: Answer, **changes: object) -> Iterator[tuple[RemoteClient, RemoteServer]]:
    with RemoteServer(answer) as server:
        credentials = Credentials(f"Bearer {KEY}", KEY)
        provider = Provider("test service", server.url + "/v1", 2.0, credentials=credentials, backoff_seconds=0.01)
        with RemoteClient(replace(provider, **changes)) as client:  # type: ignore[arg-type]
            yield client, server


def refused(client: RemoteClient, **arguments: object) -> MakeError:
    with pytest.raises(MakeError) as raised:
        client.request("POST", "/things", json={"a": 1}, **arguments)  # type: ignore[arg-type]
    assert not raised.value.retryable
    return raised.value
