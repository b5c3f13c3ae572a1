"""The faults: each is done to a running installation, and mended after the seconds that its plan says."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from tests.robustness import processes
from tests.robustness.installation import Installation
from tests.robustness.own_redis import OwnRedis
from tests.robustness.schedules import Fault
from tests.robustness.tcp_proxy import TcpProxy
from tests.robustness.watchers import Watcher

from kinescribe_server.artifacts.whole_files import MIN_FREE_BYTES

_SLOW_SECONDS = 0.03
_HOLE_BYTES = 1 << 20
_SWELLS = 20
_BUSIEST_SHARE, _LOOK_SECONDS = 0.8, 0.05

Doing = Callable[[Installation, Fault, Iterable[Watcher]], Awaitable[None]]


async def inject(installation: Installation, fault: Fault, watchers: Iterable[Watcher]) -> None:
    """Does a fault and mends it; the installation notes both moments."""
    since = time.monotonic()
    await FAULTS[fault.kind](installation, fault, watchers)
    until = since if fault.kind.startswith(("kill_", "end_")) and not fault.seconds else None
    installation.note(fault.kind, since, until)


async def _kill_service(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    installation.end("service")


async def _end_service(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    installation.end("service", how=signal.SIGTERM)


async def _end_worker(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    installation.end("worker", round(fault.chance), signal.SIGTERM)


async def _stop_service(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    await _stopped([installation.pid_of("service")], fault.seconds)


async def _kill_worker(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    installation.end("worker", round(fault.chance))


async def _stop_worker(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    await _stopped([installation.pid_of("worker", round(fault.chance))], fault.seconds)


async def _kill_child(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    for child in await _child(installation, fault):
        processes.send(child, signal.SIGKILL)


async def _stop_child(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    await _stopped(await _child(installation, fault), fault.seconds)


async def _kill_embedded(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    if valkey := installation.embedded_valkey():
        processes.send(valkey, signal.SIGKILL)


async def _cut_watchers(_: Installation, fault: Fault, watchers: Iterable[Watcher]) -> None:
    for watcher in watchers:
        watcher.cut()


async def _kill_redis(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    redis = _redis(installation)
    await redis.kill()
    await asyncio.sleep(fault.seconds)
    await redis.start()


async def _stop_redis(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    await _stopped([_redis(installation).pid], fault.seconds)


async def _cut_redis(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    _proxy(installation).cut()


async def _hang_redis(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    proxy = _proxy(installation)
    proxy.hang(True)
    await asyncio.sleep(fault.seconds)
    proxy.hang(False)


async def _slow_redis(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    proxy = _proxy(installation)
    proxy.delay = _SLOW_SECONDS
    await asyncio.sleep(fault.seconds)
    proxy.delay = 0.0


async def _flush_scripts(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    await _redis(installation).flush_scripts()


async def _fill_redis(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    redis = _redis(installation)
    await redis.refuse_for_memory(True)
    await asyncio.sleep(fault.seconds)
    await redis.refuse_for_memory(False)


async def _misconf_redis(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    redis = _redis(installation)
    await redis.refuse_for_disk(True)
    await asyncio.sleep(fault.seconds)
    await redis.refuse_for_disk(False)


async def _fill_disk(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    """Not a byte is left."""
    await _filled(installation.data, 0, fault.seconds)


async def _fill_disk_to_floor(installation: Installation, fault: Fault, _: Iterable[Watcher]) -> None:
    """Below what the service wants to be free, so that the state store can still write."""
    await _filled(installation.data, MIN_FREE_BYTES - _HOLE_BYTES, fault.seconds)


async def _filled(data: Path, free: int, seconds: float) -> None:
    ballast = data.parent / "ballast"
    with ballast.open("wb") as file:
        for _ in range(_SWELLS):
            room = _free_bytes(data) - free
            with contextlib.suppress(OSError):  # somebody else has taken some of it
                os.posix_fallocate(file.fileno(), ballast.stat().st_size, max(room, 1))
    await asyncio.sleep(seconds)
    ballast.unlink()


def _free_bytes(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


async def _stopped(pids: list[int], seconds: float) -> None:
    for pid in pids:
        processes.send(pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    for pid in pids:
        processes.send(pid, signal.SIGCONT)


async def _child(installation: Installation, fault: Fault) -> list[int]:
    """One of the worker children, if there is any: mostly the one that has most in hand."""
    children = installation.makers_of()
    if not children or fault.chance > _BUSIEST_SHARE:
        return children[-1:]
    before = {child: processes.cpu_ticks(child) for child in children}
    await asyncio.sleep(_LOOK_SECONDS)
    return [max(children, key=lambda child: processes.cpu_ticks(child) - before[child])]


def _redis(installation: Installation) -> OwnRedis:
    assert installation.redis is not None
    return installation.redis


def _proxy(installation: Installation) -> TcpProxy:
    assert installation.proxy is not None
    return installation.proxy


FAULTS: dict[str, Doing] = {
    "kill_service": _kill_service,
    "end_service": _end_service,
    "end_worker": _end_worker,
    "stop_service": _stop_service,
    "kill_worker": _kill_worker,
    "stop_worker": _stop_worker,
    "kill_child": _kill_child,
    "stop_child": _stop_child,
    "kill_embedded": _kill_embedded,
    "cut_watchers": _cut_watchers,
    "kill_redis": _kill_redis,
    "stop_redis": _stop_redis,
    "cut_redis": _cut_redis,
    "hang_redis": _hang_redis,
    "slow_redis": _slow_redis,
    "flush_scripts": _flush_scripts,
    "fill_redis": _fill_redis,
    "misconf_redis": _misconf_redis,
    "fill_disk": _fill_disk,
    "fill_disk_to_floor": _fill_disk_to_floor,
}
