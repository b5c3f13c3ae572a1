"""The command starts fast, explains itself, refuses bad usage before anything is started, and ends well whatever its
output goes to."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import platformdirs
import pytest

from kinescribe.v1 import job_pb2

from .conftest import JOB, ScriptedService

FULL = Path("/dev/full")
LISTED = "import sys, kinescribe.cli; print(*sys.modules, sep='\\n')"


def kinescribe(*arguments: str, folder: Path | None = None, given: bytes = b"") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", "from kinescribe.cli import main; main()", *arguments],
        cwd=folder,
        input=given,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_help_does_not_wait_for_grpc_and_the_service() -> None:
    loaded = subprocess.run([sys.executable, "-c", LISTED], capture_output=True, check=True, timeout=30)
    modules = set(loaded.stdout.decode().splitlines())
    assert "kinescribe.cli.render" in modules
    assert modules.isdisjoint({"grpc", "google.protobuf", "rich.progress", "kinescribe_server"})


def test_help_names_the_commands_and_the_data_folder() -> None:
    text = kinescribe("--help").stdout
    assert all(name in text for name in ("render", "serve", "watch", "jobs", "cancel", "download"))
    unwrapped = "".join(kinescribe("render", "--help").stdout.split())
    assert str(platformdirs.user_cache_path("kinescribe")) in unwrapped
    assert "KINESCRIBE_DATA" in unwrapped


def test_the_version_is_told() -> None:
    assert kinescribe("--version").stdout.startswith("kinescribe 0.")


def test_all_problems_are_named_together_and_nothing_is_started(tmp_path: Path) -> None:
    (tmp_path / "latin.md").write_bytes(b"caf\xe9")
    data = tmp_path / "data"
    options = ("--size", "0x0", "--frame-rate", "7", "-o", "film.avi", "--data", str(data))
    done = kinescribe("render", "gone.md", "latin.md", "-", *options, folder=tmp_path, given=b"  ")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "kinescribe: gone.md: there is no such file",
        "kinescribe: latin.md: not UTF-8 text: byte 0xe9 at position 3",
        "kinescribe: standard input: the text is empty",
        "kinescribe: size: the width 0 is not possible; allowed: even numbers from 320 to 3840",
        "kinescribe: size: the height 0 is not possible; allowed: even numbers from 320 to 3840",
        "kinescribe: frame rate: 7 is not possible; allowed: 24, 25, 30, 50, 60",
        "kinescribe: -o film.avi: name an .mp4 file, or a folder with a / at the end",
    ]
    assert not data.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("render",),
        ("render", "a.md", "--jobs", "0"),
        ("render", "a.md", "--server", "nowhere"),
        ("serve", "--listen", "127.0.0.1:99999"),
        ("serve", "--http", "on"),
        ("watch", "job", "--after", "-1"),
        ("watch", "job", "--after", "99999999999"),
        ("script", "a.md", "-o", "."),
        ("download", "job", "../../etc/passwd"),
        ("unknown",),
    ],
)
def test_bad_usage_is_refused(arguments: tuple[str, ...]) -> None:
    done = kinescribe(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_no_service_is_said_with_its_address(free_address: str) -> None:
    done = kinescribe("cancel", "job-1", "--server", free_address)
    assert done.returncode == 1
    assert f"the service at {free_address} is not available" in done.stderr


def kinescribe_into(output: BinaryIO, *arguments: str) -> tuple[int, str]:
    """Runs the command with its output in a file, as a machine of another language would; gives code and complaints."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-c", "from kinescribe.cli import main; main()", *arguments],
        stdout=output,
        stderr=subprocess.PIPE,
        env={**environment, "PYTHONIOENCODING": "cp1252"},
        timeout=30,
        check=False,
    )
    return done.returncode, done.stderr.decode()


async def test_output_is_utf_8_everywhere(service: ScriptedService, address: str, tmp_path: Path) -> None:
    service.jobs = [job_pb2.Job(job_id=JOB, labels={"source": "海.md"})]
    with (tmp_path / "out").open("wb") as output:
        ended = await asyncio.to_thread(kinescribe_into, output, "jobs", "--server", address)
    assert ended == (0, "")
    assert (tmp_path / "out").read_text(encoding="utf-8").endswith("\t海.md\n")


async def test_a_status_that_only_a_newer_service_knows_is_a_number(service: ScriptedService, address: str) -> None:
    service.jobs = [job_pb2.Job(job_id=JOB, status=99)]  # type: ignore[arg-type]
    listed = await asyncio.to_thread(kinescribe, "jobs", "--server", address)
    assert listed.stdout.startswith(f"{JOB}\tstatus 99\t")


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
async def test_a_full_disk_is_said_in_one_line(service: ScriptedService, address: str) -> None:
    service.jobs = [job_pb2.Job(job_id=JOB)]
    with FULL.open("wb") as output:  # noqa: ASYNC230 -- a device
        ended = await asyncio.to_thread(kinescribe_into, output, "jobs", "--server", address)
    assert ended == (1, "kinescribe: [Errno 28] No space left on device\n")


async def test_a_reader_that_has_gone_is_no_complaint(service: ScriptedService, address: str) -> None:
    service.jobs = [job_pb2.Job(job_id=JOB)]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as output:
        ended = await asyncio.to_thread(kinescribe_into, output, "jobs", "--server", address)
    assert ended == (1, "")
