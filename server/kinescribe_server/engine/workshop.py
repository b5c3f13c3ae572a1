"""Where makers run: worker processes, one pool for each resource.

Makers parse what users send and run native code, so they live in processes that can be lost: warm, spawned rather than
forked (threads of gRPC and of the native libraries do not survive a fork), with a hard time limit, and replaced when
they crash.
"""

import asyncio
import contextlib
import itertools
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import TimeoutError as PoolTimeoutError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from pkgutil import resolve_name
from typing import Any, cast

from pebble import ProcessExpired, ProcessPool

from kinescribe_server.artifacts.protocol import ArtifactStore
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import KinescribeError, MakeError, ServerDrainingError
from kinescribe_server.jobs.makers import MakerSpec
from kinescribe_server.jobs.model import Cost, Resource
from kinescribe_server.logs import log_facts, set_log_facts

_LOG = logging.getLogger(__name__)

# Native leaks end with their process.
_TASKS_PER_PROCESS = 500
_STOP_SECONDS = 5.0
# A call is given to so many pools, should they break under it one after the other.
_POOLS_PER_CALL = 3
# A gauge is for people to look at: more often than this is noise.
_GAUGE_SECONDS = 0.25
# Each process computes on one core; several processes share the machine.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


OpenArtifacts = Callable[[], ArtifactStore]


class ProcessWorkshop:
    """Runs makers in pools of worker processes; each opens a store of its own for what it makes."""

    def __init__(
        self,
        open_artifacts: OpenArtifacts,
        workers: Mapping[Resource, int],
        warm: Mapping[Resource, tuple[str, ...]],
        set_up_logs: Callable[[], None],
    ) -> None:
        # Gauges come as datagrams: a worker never waits for a reader, and one that is killed in the middle of sending
        # leaves no half message and no lock behind.
        self._gauges, workers_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._gauges.setblocking(False)
        self._workers_end = workers_end
        self._listeners: dict[int, Callable[[float], None]] = {}
        self._calls = itertools.count()
        asyncio.get_running_loop().add_reader(self._gauges, self._read_gauges)
        self._open_artifacts = open_artifacts
        self._workers = workers
        self._warm = warm
        self._set_up_logs = set_up_logs
        self._closed = False
        resource_tracker.ensure_running()  # Python would start it with the first process, and let SIGINT through again
        self._pools = {resource: self._new_pool(resource) for resource in workers}

    def _new_pool(self, resource: Resource) -> "_Pool":
        return _Pool(
            self._workers[resource],
            (self._open_artifacts, self._set_up_logs, self._warm.get(resource, ()), self._workers_end),
        )

    def _pool(self, resource: Resource) -> "_Pool":
        """The pool of a resource; a new one where the old one broke."""
        if self._closed:
            raise ServerDrainingError("the workers are shutting down")
        pool = self._pools[resource]
        if not pool.active:
            asyncio.get_running_loop().run_in_executor(None, pool.end)  # what is left of it
            self._pools[resource] = self._new_pool(resource)
        return self._pools[resource]

    def warm_up(self) -> None:
        """Starts the processes, so that the first job does not wait for them."""
        with _without_ctrl_c():
            for pool in self._pools.values():
                pool.schedule(_nothing)

    async def make(
        self, resource: Resource, maker: MakerSpec, request: Any, time_limit: float, on_gauge: Callable[[float], None]
    ) -> Made:
        """Runs a maker, and calls `on_gauge` with the percentages that it reports. Cancelling the call ends the
        process that runs it.

        Raises MakeError, also (and retryable) when the process died or took longer than `time_limit` seconds.
        """
        call = next(self._calls)
        job = (maker.target, dict(maker.arguments), request, call, dict(log_facts()))
        self._listeners[call] = on_gauge
        try:
            return await self._run(resource, job, time_limit)
        except KinescribeError:
            raise
        except PoolTimeoutError:
            raise MakeError("TIME_LIMIT", f"{maker.name} took longer than {time_limit:.0f} s", retryable=True) from None
        except ProcessExpired as error:
            raise MakeError(
                "WORKER_LOST", f"the worker process of {maker.name} died (exit code {error.exitcode})", retryable=True
            ) from error
        except Exception as error:
            _LOG.exception("a maker failed", extra={"maker": maker.name})
            raise MakeError("MAKER_FAILED", f"{maker.name} failed: {type(error).__name__}", retryable=True) from error
        finally:
            del self._listeners[call]

    async def _run(self, resource: Resource, job: tuple[Any, ...], time_limit: float) -> Made:
        """A pool that loses a process while none of its calls is known to have begun breaks, and gives up those that
        wait in it. They are no worse for it, and go to a new pool."""
        for _ in range(_POOLS_PER_CALL):
            with _without_ctrl_c():
                future = self._pool(resource).schedule(_make, args=job, timeout=time_limit)
            with contextlib.suppress(BrokenProcessPool):
                return cast("Made", await asyncio.wrap_future(future))
        raise MakeError("WORKER_LOST", f"{_POOLS_PER_CALL} pools of worker processes broke", retryable=True)

    def _read_gauges(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while datagram := self._gauges.recv(64):
                call, percent = datagram.split()
                if (listener := self._listeners.get(int(call))) is not None:
                    listener(float(percent))

    async def aclose(self) -> None:
        """Ends every worker process, whatever it is doing."""
        self._closed = True
        await asyncio.gather(*(asyncio.to_thread(pool.end) for pool in self._pools.values()))
        asyncio.get_running_loop().remove_reader(self._gauges)
        self._gauges.close()
        self._workers_end.close()


class _SpawnContext(SpawnContext):
    """Starts processes, and knows those that have not ended."""

    def __init__(self) -> None:
        self.processes: list[SpawnProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        process = SpawnProcess(*args, **kwargs)
        self.processes = [*(older for older in self.processes if older.is_alive()), process]
        return process


class _Pool(ProcessPool):
    """A pool of worker processes that ends them at once."""

    def __init__(self, processes: int, start_arguments: tuple[Any, ...]) -> None:
        self._spawn = _SpawnContext()
        super().__init__(processes, _TASKS_PER_PROCESS, _start_worker, start_arguments, self._spawn)

    def end(self) -> None:
        """Ends every process, whatever it is doing. Those that are only starting complain unless they end before
        `join` takes away what they are about to load."""
        self.stop()  # type: ignore[no-untyped-call]
        for process in self._spawn.processes:
            if process.is_alive():
                process.terminate()
        self.join(_STOP_SECONDS)


@contextlib.contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """The threads that a pool starts here, and so their processes, never get SIGINT, not even while they import: it is
    the service's to handle, and comes to it when this is over."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# What follows runs in the worker processes.


@dataclass
class _Worker:
    artifacts: ArtifactStore | None = None
    gauges: socket.socket | None = None


_WORKER = _Worker()


def _start_worker(
    open_artifacts: OpenArtifacts, set_up_logs: Callable[[], None], warm: tuple[str, ...], gauges: socket.socket
) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(_ONE_THREAD)
    set_up_logs()
    gauges.setblocking(False)
    _WORKER.artifacts, _WORKER.gauges = open_artifacts(), gauges
    for target in warm:
        with contextlib.suppress(Exception):  # the step that needs it says what is missing
            module = sys.modules[resolve_name(target).__module__]
            getattr(module, "warm", _nothing)()  # what a maker would do before its first result


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _nothing() -> None:
    """Makes a pool start its processes."""


def _make(target: str, arguments: Mapping[str, Any], request: Any, call: int, facts: Mapping[str, object]) -> Made:
    set_log_facts(facts)
    artifacts, gauges = _WORKER.artifacts, _WORKER.gauges
    assert artifacts is not None  # noqa: S101 - set by the initializer
    assert gauges is not None  # noqa: S101
    last = 0.0

    def report(percent: float) -> None:
        nonlocal last
        if time.monotonic() - last >= _GAUGE_SECONDS:
            last = time.monotonic()
            with contextlib.suppress(OSError):  # nobody reads fast enough: the gauge is dropped
                gauges.send(f"{call} {percent:.1f}".encode())

    cpu, wall = _cpu_seconds(), time.monotonic()
    made = cast("Made", resolve_name(target)(request, WorkerBench(artifacts, report), **arguments))
    return replace(made, cost=Cost(round(_cpu_seconds() - cpu, 4), round(time.monotonic() - wall, 4)))


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
