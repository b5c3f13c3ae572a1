"""The way between a service, its workers and their broker: silent for a while, and encrypted."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import grpc
import pytest
from tests.integration.brokers import OwnBroker, RabbitBroker, RedisBroker
from tests.integration.fleet import Fleet, fleet
from tests.robustness.history import record
from tests.robustness.installation import free_port
from tests.robustness.own_redis import OwnRedis
from tests.robustness.tcp_proxy import TcpProxy
from tests.robustness.validate import problems_of

from kinescribe.v1 import job_pb2, video_service_pb2, video_service_pb2_grpc

TEXT = "# Rain\n\n" + "\n\n".join(f"## Part {n}\n\nThis is part {n} of a text about rain." for n in range(4))
# Longer than the time limits of sockets, and than the sweep that sends again what nobody took.
_SILENT_SECONDS = 8.0


@asynccontextmanager
async def _running(broker: OwnBroker, proxy: TcpProxy) -> AsyncIterator[None]:
    """A broker and the proxy before it."""
    try:
        await broker.start()
        await proxy.start()
        yield
    finally:
        await proxy.aclose()
        await broker.aclose()


def _port(url: str) -> int:
    return int(urlsplit(url).port or 0)


def _through(url: str, proxy: TcpProxy, authority: Path | None = None) -> str:
    """A URL for the same by way of the proxy: encrypted, if an authority vouches for it."""
    parts = urlsplit(url)
    parts = parts._replace(netloc=parts.netloc.replace(str(parts.port), str(proxy.port)))
    if authority is not None:
        parts = parts._replace(scheme=f"{parts.scheme}s", query=urlencode({"ssl_ca_certs": str(authority)}))
    return parts.geturl()


async def _certificate(folder: Path) -> Path:
    """A certificate of its own authority for 127.0.0.1, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate = folder / "certificate.pem"
    process = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
        *("-keyout", str(folder / "key.pem"), "-out", str(certificate)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0
    return certificate


async def _expect_a_film(running: Fleet, proxy: TcpProxy | None = None) -> None:
    """Makes one; the proxy falls silent after the first events."""
    async with grpc.aio.insecure_channel(running.address) as channel:
        request = video_service_pb2.GenerateVideoRequest(
            source_text=TEXT, options=job_pb2.VideoOptions(width=640, height=360)
        )
        job_id = (await video_service_pb2_grpc.VideoServiceStub(channel).GenerateVideo(request)).job.job_id
    if proxy is not None:
        await record(running.address, job_id, stop_at=3)
        proxy.hang(True)
        asyncio.get_running_loop().call_later(_SILENT_SECONDS, proxy.hang, False)
    history = await record(running.address, job_id)
    assert problems_of(history) == []
    assert history.events[-1].job_finished.status == job_pb2.JOB_STATUS_SUCCEEDED


async def _start(running: Fleet) -> None:
    await (await running.serve()).is_up()
    await (await running.work()).is_up()


@pytest.mark.parametrize("kind", [RedisBroker, RabbitBroker])
async def test_a_job_outlives_a_broker_that_falls_silent(
    data_folder: Path, tmp_path: Path, kind: type[RedisBroker | RabbitBroker]
) -> None:
    broker = kind(tmp_path)
    url = broker.settings["CELERY_BROKER_URL"]
    proxy = TcpProxy(_port(url))
    async with _running(broker, proxy):
        settings = {"KINESCRIBE_LEASE_SECONDS": "2", "CELERY_BROKER_URL": _through(url, proxy)}
        async with fleet(data_folder, settings) as running:
            await _start(running)
            await _expect_a_film(running, proxy)


@pytest.mark.parametrize("kind", [RedisBroker, RabbitBroker])
async def test_state_and_broker_may_be_encrypted(
    data_folder: Path, tmp_path: Path, kind: type[RedisBroker | RabbitBroker]
) -> None:
    certificate = await _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    state = OwnRedis(tmp_path / "state", free_port())
    state_proxy = TcpProxy(state.port, context)
    broker = kind(tmp_path)
    url = broker.settings["CELERY_BROKER_URL"]
    proxy = TcpProxy(_port(url), context)
    try:
        await state.start()
        await state_proxy.start()
        async with _running(broker, proxy):
            settings = {
                "REDIS_URL": _through(f"redis://127.0.0.1:{state.port}/0", state_proxy, certificate),
                "CELERY_BROKER_URL": _through(url, proxy, certificate),
            }
            async with fleet(data_folder, settings) as running:
                await _start(running)
                await _expect_a_film(running)
            # Without the authority nobody vouches for the broker, and nothing is sent to it.
            stranger = settings["CELERY_BROKER_URL"].partition("?")[0]
            async with fleet(data_folder, {**settings, "CELERY_BROKER_URL": stranger}) as running:
                command = await running.work()
                assert await command.code() == 1
                assert "certificate verify failed" in "".join(command.told)
                running.commands.clear()  # which expects each to end with 0
    finally:
        await state_proxy.aclose()
        await state.aclose()
