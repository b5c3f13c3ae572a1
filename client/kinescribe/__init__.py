"""The client of Kinescribe: text in, a narrated explainer video out, and every step of the way can be watched.

    async with Client("127.0.0.1:50051") as client:
        job = await client.generate(text="# Hello\n\nThis is a film.")
        async with client.watch(job.job_id) as messages:
            async for message in messages:
                print(message)
        await client.download(job.job_id, "film.mp4", Path("film.mp4"))

`v1/` is generated from protos/ and is never edited. Names are imported when they are first used, so that
`kinescribe --help` does not wait for grpc.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinescribe.client import DEFAULT_ADDRESS as DEFAULT_ADDRESS
    from kinescribe.client import Client as Client
    from kinescribe.errors import ArtifactNotFound as ArtifactNotFound
    from kinescribe.errors import DownloadCorrupt as DownloadCorrupt
    from kinescribe.errors import InvalidRequest as InvalidRequest
    from kinescribe.errors import JobNotFinished as JobNotFinished
    from kinescribe.errors import JobNotFound as JobNotFound
    from kinescribe.errors import KinescribeError as KinescribeError
    from kinescribe.errors import LogForked as LogForked
    from kinescribe.errors import NotSupported as NotSupported
    from kinescribe.errors import RequestIdReused as RequestIdReused
    from kinescribe.errors import ResourceExhausted as ResourceExhausted
    from kinescribe.errors import SequenceInFuture as SequenceInFuture
    from kinescribe.errors import Unauthenticated as Unauthenticated
    from kinescribe.errors import Unavailable as Unavailable
    from kinescribe.errors import Violation as Violation
    from kinescribe.reconnect import Reconnect as Reconnect
    from kinescribe.watch import Watch as Watch

_MODULES = {
    "kinescribe.client": ("Client", "DEFAULT_ADDRESS"),
    "kinescribe.errors": (
        "ArtifactNotFound",
        "DownloadCorrupt",
        "InvalidRequest",
        "JobNotFinished",
        "JobNotFound",
        "KinescribeError",
        "LogForked",
        "NotSupported",
        "RequestIdReused",
        "ResourceExhausted",
        "SequenceInFuture",
        "Unauthenticated",
        "Unavailable",
        "Violation",
    ),
    "kinescribe.reconnect": ("Reconnect",),
    "kinescribe.watch": ("Watch",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOMES)  # noqa: PLE0605 -- a list of strings, computed once from the table above


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
