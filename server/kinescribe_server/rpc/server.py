"""The gRPC server, put together."""

import asyncio

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from kinescribe.v1 import catalog_service_pb2, catalog_service_pb2_grpc, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.rpc.catalog import CatalogServicer
from kinescribe_server.rpc.interceptors import CallInterceptor
from kinescribe_server.rpc.video import VideoServicer

MAX_REQUEST_BYTES = 3 << 20
# Beyond this many open calls a caller is told RESOURCE_EXHAUSTED; a watch is one of them.
MAX_OPEN_CALLS = 10_000
# How long streams of other services (health watches, reflection) are waited for: they never end by themselves.
_GRACE_SECONDS = 0.5

_SERVICES = (
    video_service_pb2.DESCRIPTOR.services_by_name["VideoService"].full_name,
    catalog_service_pb2.DESCRIPTOR.services_by_name["CatalogService"].full_name,
)

_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    # The timeout that acts: grpc.keepalive_timeout_ms is never scheduled by this core.
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    # Two services on one port by mistake would each get half of the calls.
    ("grpc.so_reuseport", 0),
    # Thousands of watches may be opened at once.
    ("grpc.server.max_pending_requests", 20_000),
    ("grpc.server.max_pending_requests_hard_limit", 30_000),
]


class RpcServer:
    """A grpc.aio server with both services, health checking and reflection."""

    def __init__(self, video: VideoServicer, catalog: CatalogServicer) -> None:
        self._server = grpc.aio.server(
            interceptors=[CallInterceptor()], options=_OPTIONS, maximum_concurrent_rpcs=MAX_OPEN_CALLS
        )
        self._health = health.aio.HealthServicer()
        video_service_pb2_grpc.add_VideoServiceServicer_to_server(video, self._server)
        catalog_service_pb2_grpc.add_CatalogServiceServicer_to_server(catalog, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([*_SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)

    async def start(self, listen: str) -> str:
        """Listens on HOST:PORT (port 0 for any free one); answers the address that can be dialled.

        Raises OSError if the address cannot be used.
        """
        host, _, _ = listen.rpartition(":")
        try:
            port = self._server.add_insecure_port(listen)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {listen}: {error}") from error
        starting = asyncio.ensure_future(self._server.start())
        try:
            await asyncio.shield(starting)
        finally:
            await asyncio.wait([starting])  # a server that is stopped, or forgotten, while it starts crashes
        for service in ("", *_SERVICES):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        return f"{'127.0.0.1' if host in {'', '0.0.0.0', '[::]'} else host}:{port}"  # noqa: S104 - compared, not bound

    async def drain(self) -> None:
        """Tells who asks for its health that the server is going."""
        await self._health.enter_graceful_shutdown()

    async def aclose(self) -> None:
        await self._server.stop(_GRACE_SECONDS)
