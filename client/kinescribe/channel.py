"""The settings of a channel to the service."""

import ipaddress
import json

import grpc
import grpc.aio

# Calls that may be repeated: they only read, or their second run changes nothing. GenerateVideo is one because the
# client always sends a request_id. Streams are resumed by our own code: gRPC retries none after its first message.
_REPEATABLE = ("GenerateVideo", "GetJob", "ListJobs", "CancelJob", "DeleteJob", "PreviewScript")

_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [
                *({"service": "kinescribe.v1.VideoService", "method": method} for method in _REPEATABLE),
                {"service": "kinescribe.v1.CatalogService"},
            ],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}

_OPTIONS = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    # The server allows a ping every 10 s; well above that is safe from "too many pings".
    ("grpc.keepalive_time_ms", 30_000),
    # Of the two timeouts this is the one that acts (measured with grpcio 1.85); the other is set for other versions.
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # The channel's own backoff would otherwise grow to two minutes and hold up ours.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # Each channel its own connection: a server's limit of streams per connection then lets watches hold up no call.
    ("grpc.use_local_subchannel_pool", 1),
    # A long job in full, or a page of a thousand, is more than the 4 MiB that gRPC takes otherwise.
    ("grpc.max_receive_message_length", 64 << 20),
)


def open_channel(address: str) -> grpc.aio.Channel:
    """A channel to a plain gRPC address. Nothing is connected before the first call."""
    # gRPC would ask the proxy of http_proxy even for 127.0.0.1, and few set no_proxy.
    proxy = ("grpc.enable_http_proxy", 0 if _is_local(address) else 1)
    return grpc.aio.insecure_channel(address, options=(*_OPTIONS, proxy))


def _is_local(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return ip.is_loopback or ip.is_unspecified
