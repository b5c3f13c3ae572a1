"""A service with ENGINE=celery and its workers, each a `kinescribe` command in a process of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.robustness.installation import free_port

_KINESCRIBE = Path(sys.executable).with_name("kinescribe")
_START_SECONDS = 60.0
_LOG_CHARACTERS = 4000


@dataclass
class Command:
    """A running command; `told` is what it said on standard error, where a user reads."""

    process: asyncio.subprocess.Process
    log: Path
    told: list[str] = field(default_factory=list)

    async def is_up(self) -> None:
        """Returns at the first line on standard error, with which a service or worker says that it is there."""
        assert self.process.stderr is not None
        async with asyncio.timeout(_START_SECONDS):
            self.told.append((await self.process.stderr.readline()).decode())

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after a signal."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.code()

    async def code(self) -> int:
        assert self.process.stderr is not None
        async with asyncio.timeout(_START_SECONDS):
            self.told.append((await self.process.stderr.read()).decode())
            return await self.process.wait()


@dataclass
class Fleet:
    """The service of a folder and those who work for it."""

    folder: Path
    settings: Mapping[str, str]
    address: str = ""
    commands: list[Command] = field(default_factory=list)

    async def serve(self) -> Command:
        self.address = f"127.0.0.1:{free_port()}"
        return await self.launch("serve", "--listen", self.address, "--http", "off")

    async def work(self, *options: str) -> Command:
        return await self.launch("worker", *options)

    async def launch(self, *arguments: str) -> Command:
        log = self.folder / f"{arguments[0]}-{len(self.commands)}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(str(_KINESCRIBE), *arguments, "--data", str(self.folder / "data")),
                env={**os.environ, "ENGINE": "celery", "KINESCRIBE_RENDER_WORKERS": "1", **self.settings},
                stdout=output,
                stderr=asyncio.subprocess.PIPE,
            )
        command = Command(process, log)
        self.commands.append(command)
        return command


@asynccontextmanager
async def fleet(folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Fleet]:
    """Ends all that was launched, the last first, and expects each to end well that was not killed."""
    running = Fleet(folder, settings)
    try:
        yield running
    except BaseException:
        for command in running.commands:
            print(command.log.name, command.log.read_text()[-_LOG_CHARACTERS:])  # noqa: T201 - pytest shows it
        raise
    finally:
        codes = [await command.end() for command in reversed(running.commands)]
    assert set(codes) <= {0, -signal.SIGKILL}, [command.told for command in running.commands]
