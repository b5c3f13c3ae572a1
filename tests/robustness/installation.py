"""An installation of real processes that can be killed, stopped and started again: a service, for Celery its workers,
and where a schedule asks for it a Redis of its own behind a proxy."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.robustness import processes
from tests.robustness.ledger import read_ledger
from tests.robustness.limits import memory_limit, small_disk
from tests.robustness.own_redis import OwnRedis
from tests.robustness.schedules import PointPlan, Schedule
from tests.robustness.tcp_proxy import TcpProxy

from kinescribe_server.config import Settings

_ROOT = Path(__file__).parents[2]
_READY = "launched"
_START_SECONDS = 60.0
_STARTS = 3
_STOP_SECONDS = 20.0
_ORPHAN_SECONDS = 5.0
_LOOK_SECONDS = 0.05
# Beyond the lease, so that the step of a stopped process is somebody else's when it wakes.
_STOPPED_LEASES = 1.6
_WORKERS = 2
_OURS = {name.upper() for name in Settings.model_fields}


@dataclass
class Launched:
    """A process from the launcher; `restarts` says whether it is to be started again when it is killed."""

    role: str
    arguments: list[str]
    process: asyncio.subprocess.Process
    output: asyncio.Task[None]
    killed: bool = False


@dataclass
class Installation:
    """What runs, and what was found wrong with it in passing (`trouble`)."""

    schedule: Schedule
    folder: Path
    data: Path
    address: str
    redis: OwnRedis | None = None
    proxy: TcpProxy | None = None
    launched: list[Launched] = field(default_factory=list)
    limit: Callable[[Sequence[int]], None] = lambda pids: None
    trouble: list[str] = field(default_factory=list)
    disturbed: list[tuple[str, float, float]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)
    _children: dict[int, list[int]] = field(default_factory=dict)

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    def pid_of(self, role: str, number: int = 0) -> int:
        return [each for each in self.launched if each.role == role][number].process.pid

    def makers_of(self) -> list[int]:
        """The worker children of whoever runs steps."""
        role = "service" if self.schedule.engine == "local" else "worker"
        roots = [each.process.pid for each in self.launched if each.role == role]
        return [child for root in roots for child in processes.worker_children(root)]

    def embedded_valkey(self) -> int:
        service = self.pid_of("service")
        found = [pid for pid in processes.descendants(service) if "/valkey-server" in _program(pid)]
        return found[0] if found else 0

    def note(self, kind: str, since: float, until: float | None = None) -> None:
        """A disturbance, over at `until`."""
        self.disturbed.append((kind, since, until or time.monotonic()))

    async def start(self) -> None:
        roles = ["service"] + ["worker"] * (_WORKERS if self.schedule.engine == "celery" else 0)
        trapped = roles.index(roles[-1])
        points = [self.schedule.point if number == trapped else None for number in range(len(roles))]
        launches = [self._launch(role, self._arguments(role, point)) for role, point in zip(roles, points, strict=True)]
        self.launched = await asyncio.gather(*launches)
        self._keepers = [asyncio.create_task(self._keep(each)) for each in self.launched]
        if self.schedule.point and self.schedule.point.trap == "stop":
            self._keepers.append(asyncio.create_task(self._wake_trapped(self.launched[trapped])))

    def end(self, role: str, number: int = 0, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends a process; it is started again when it has ended."""
        launched = [each for each in self.launched if each.role == role][number]
        launched.killed = True
        processes.send(launched.process.pid, how)

    async def aclose(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for launched in reversed(self.launched):
            await self._end(launched)

    async def _end(self, launched: Launched) -> None:
        below = processes.descendants(launched.process.pid)
        for pid in (launched.process.pid, *below):
            processes.send(pid, signal.SIGCONT)
        if launched.process.returncode is None:
            launched.process.terminate()
        try:
            await asyncio.wait_for(launched.process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self.trouble.append(f"the {launched.role} did not end within {_STOP_SECONDS:.0f} s of SIGTERM")
            processes.send(launched.process.pid, signal.SIGKILL)
            await launched.process.wait()
        await self._expect_gone(launched.role, below)
        await asyncio.wait([launched.output], timeout=_STOP_SECONDS)

    async def _expect_gone(self, role: str, below: list[int]) -> None:
        """No process may be left behind by one that has ended."""
        until = time.monotonic() + _ORPHAN_SECONDS
        while (left := [pid for pid in below if processes.is_running(pid)]) and time.monotonic() < until:  # noqa: ASYNC110 - processes
            await asyncio.sleep(_LOOK_SECONDS)
        for pid in left:
            self.trouble.append(f"the {role} left a process behind: {processes.command_line(pid)[:120]}")
            processes.send(pid, signal.SIGKILL)

    def _arguments(self, role: str, point: PointPlan | None) -> list[str]:
        arguments = [role, "--data", str(self.data), "--ledger", str(self.ledger)]
        if role == "service":
            arguments += ["--listen", self.address]
        if point:
            arguments += ["--point", point.point, "--passage", str(point.passage), "--trap", point.trap]
        return arguments + (["--twice"] if self.schedule.twice else [])

    async def _launch(self, role: str, arguments: list[str]) -> Launched:
        """As a supervisor would: what ends because Redis does not answer at its start is started again."""
        for _ in range(_STARTS):
            launched, is_ready = await self._launch_once(role, arguments)
            if is_ready:
                return launched
            processes.send(launched.process.pid, signal.SIGKILL)
            await launched.process.wait()
        self.trouble.append(f"the {role} did not start {_STARTS} times (code {launched.process.returncode})")
        return launched

    async def _launch_once(self, role: str, arguments: list[str]) -> tuple[Launched, bool]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.robustness.launcher", *arguments),
            cwd=_ROOT,
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,  # it ends when this closes, however we end
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=1 << 20,
        )
        self.limit([process.pid])  # before it has children: they are in it with their parent
        ready = asyncio.Event()
        output = asyncio.create_task(self._keep_output(process, ready, self.folder / f"{role}.log"))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([waiting, output], timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return Launched(role, arguments, process, output), ready.is_set()

    async def _keep_output(self, process: asyncio.subprocess.Process, ready: asyncio.Event, log: Path) -> None:
        assert process.stdout is not None
        with log.open("ab") as kept:
            async for line in process.stdout:
                if line.strip() == _READY.encode():
                    ready.set()
                kept.write(line)
                kept.flush()

    async def _keep(self, launched: Launched) -> None:
        """Starts again what was killed, on the same folder."""
        while True:
            children = asyncio.create_task(self._remember_children(launched.process.pid))
            try:
                code = await launched.process.wait()
            finally:
                children.cancel()
            since = time.monotonic()
            trapped = not launched.killed and "--point" in launched.arguments and code == -signal.SIGKILL
            if trapped:
                at = launched.arguments.index("--point")
                self.disturbed.append((f"kill at {launched.arguments[at + 1]}", since, since))
                launched.arguments = self._arguments(launched.role, None)
            elif not launched.killed:
                self.trouble.append(f"the {launched.role} ended by itself with code {code}")
            launched.killed = False
            below = self._children.get(launched.process.pid, [])
            self._keepers.append(asyncio.create_task(self._expect_gone(launched.role, below)))
            anew = await self._launch(launched.role, launched.arguments)
            launched.process, launched.output = anew.process, anew.output

    async def _remember_children(self, pid: int) -> None:
        """Whom a process has below it can only be asked while it lives."""
        while True:
            self._children[pid] = processes.descendants(pid) or self._children.get(pid, [])
            await asyncio.sleep(0.5)

    async def _wake_trapped(self, launched: Launched) -> None:
        while not any(entry.what == "trapped" for entry in read_ledger(self.ledger)):  # noqa: ASYNC110 - a file
            await asyncio.sleep(_LOOK_SECONDS)
        since = time.monotonic()
        await asyncio.sleep(self.schedule.lease * _STOPPED_LEASES)
        processes.send(launched.process.pid, signal.SIGCONT)
        assert self.schedule.point is not None
        self.note(f"stop at {self.schedule.point.point}", since)


def _program(pid: int) -> str:
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/exe").readlink())
    return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def installed(schedule: Schedule, folder: Path) -> AsyncIterator[Installation]:
    """Runs an installation for the schedule in an empty folder, and leaves no process behind."""
    async with AsyncExitStack() as stack:
        data = folder / "data"
        if schedule.disk:
            data = stack.enter_context(small_disk(folder / "disk")) / "data"
        environment = {name: value for name, value in os.environ.items() if name.upper() not in _OURS}
        environment |= {"KINESCRIBE_LEASE_SECONDS": str(schedule.lease), "KINESCRIBE_DRAIN_SECONDS": "2"}
        environment |= {"KINESCRIBE_RENDER_WORKERS": "1", "GRPC_VERBOSITY": "ERROR", "ENGINE": schedule.engine}
        running = Installation(schedule, folder, data, f"127.0.0.1:{free_port()}", environment=environment)
        if schedule.own_redis:
            running.redis = OwnRedis(folder / "redis", free_port())
            stack.push_async_callback(running.redis.aclose)
            await running.redis.start()
            running.proxy = TcpProxy(running.redis.port)
            stack.push_async_callback(running.proxy.aclose)
            await running.proxy.start()
            port = running.proxy.port if schedule.needs_proxy else running.redis.port
            environment["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        if schedule.memory:
            running.limit = stack.enter_context(memory_limit())
        stack.push_async_callback(running.aclose)
        await running.start()
        yield running
