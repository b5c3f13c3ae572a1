"""`kinescribe` as a person uses it: real commands, the real service, real files."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import av
import pytest
from google.protobuf.json_format import Parse

from kinescribe import Client
from kinescribe.embedded import FolderService
from kinescribe.v1 import job_pb2
from kinescribe.v1 import video_service_pb2 as wire
from kinescribe_server.app import run_service

# What runs the tests in the background may have told them to ignore Ctrl-C, and so their children.
HEEDING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = (sys.executable, "-c", f"{HEEDING}; from kinescribe.cli import main; main()")
SMALL = ("--size", "640x360", "--frame-rate", "24")
SECONDS = 90
FULL = Path("/dev/full")

FIRST = """# Tides

The moon pulls the sea.

- It rises twice a day
- It falls twice a day
"""
SECOND = "# Wind\n\nWarm air rises, and cool air follows.\n"
BROKEN = "# Broken\n\nThis diagram has a mistake.\n\n```mermaid\ngraph TD\n  A --[\n```\n"


def start(folder: Path, *arguments: str, stdout: int | BinaryIO = subprocess.PIPE) -> subprocess.Popen[str]:
    """A command in a process group of its own, as a shell would start it."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def kinescribe(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    process = start(folder, *arguments)
    try:
        out, err = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@contextmanager
def serving(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`kinescribe serve` on the folder's data, with its log thrown away once it answers."""
    process = start(folder, "serve", "--data", "data", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0")
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("kinescribe: serving on 127.0.0.1:")
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests, so that what one has made the next need not make again."""
    folder = tmp_path_factory.mktemp("command-line")
    (folder / "texts").mkdir()
    (folder / "texts" / "tides.md").write_text(FIRST)
    (folder / "texts" / "wind.txt").write_text(SECOND)
    (folder / "broken.md").write_text(BROKEN)
    return folder


def events(output: str) -> list[wire.WatchJobResponse]:
    messages = [Parse(line, wire.WatchJobResponse()) for line in output.splitlines()]
    return [message for message in messages if message.HasField("event")]


def check_film(path: Path) -> None:
    with av.open(path) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 640, 360)
        assert audio.codec_context.name == "aac"
        assert film.duration is not None
        assert film.duration > 2_000_000


def test_one_command_makes_a_film_and_what_goes_with_it(folder: Path) -> None:
    done = kinescribe(folder, "render", "texts/tides.md", "-o", "new/tides.mp4", "--data", "data", *SMALL)
    assert (done.returncode, done.stdout) == (0, "new/tides.mp4\n"), done.stderr
    assert sorted(path.name for path in (folder / "new").iterdir()) == [
        "tides.mp4",
        "tides.png",
        "tides.report.json",
        "tides.txt",
        "tides.vtt",
    ]
    check_film(folder / "new" / "tides.mp4")
    assert (folder / "new" / "tides.vtt").read_text().startswith("WEBVTT")
    assert "The moon pulls the sea." in (folder / "new" / "tides.txt").read_text()
    lines = done.stderr.splitlines()
    assert any("script ready" in line for line in lines)
    assert lines[-1].startswith("texts/tides.md: new/tides.mp4, ")
    # The service has ended with the command, and its log is where it does not disturb.
    assert not (folder / "data" / "service.json").exists()
    assert all(json.loads(line) for line in (folder / "data" / "service.log").read_text().splitlines())


def test_a_running_service_is_joined_and_its_jobs_can_be_looked_at(folder: Path) -> None:
    with serving(folder):
        done = kinescribe(folder, "render", "texts/tides.md", "-o", "joined/", "--json", "--data", "data", *SMALL)
        assert done.returncode == 0, done.stderr
        history = events(done.stdout)
        assert [message.event.sequence for message in history] == list(range(1, len(history) + 1))
        assert history[-1].event.job_finished.status == job_pb2.JOB_STATUS_SUCCEEDED
        assert history[-1].event.job_finished.made_steps == 0  # all of it was there already
        check_film(folder / "joined" / "tides.mp4")

        job_id = history[0].event.job_id
        watched = kinescribe(folder, "watch", job_id, "--json", "--data", "data")
        assert (watched.returncode, events(watched.stdout)) == (0, history)
        resumed = kinescribe(folder, "watch", job_id, "--json", "--after", "3", "--data", "data")
        assert events(resumed.stdout) == history[3:]

        listed = kinescribe(folder, "jobs", "--data", "data").stdout.splitlines()
        assert listed[0].split("\t")[:3] == [job_id, "succeeded", "100%"]
        assert listed[0].endswith("texts/tides.md")

        fetched = kinescribe(folder, "download", job_id, "-o", "fetched", "--data", "data")
        assert "fetched/film.mp4" in fetched.stdout.splitlines()
        check_film(folder / "fetched" / "film.mp4")

        refused = kinescribe(folder, "render", "texts", "--voice", "bob", "--theme", "neon", "--data", "data")
        assert refused.returncode == 2
        assert [line.split(";")[0] for line in refused.stderr.splitlines()] == [
            'kinescribe: voice: "bob" is not known',
            'kinescribe: theme: "neon" is not known',
        ]
        unchanged = kinescribe(folder, "cancel", job_id, "--data", "data")
        assert unchanged.stdout == f"{job_id} succeeded\n"


def test_several_films_are_made_and_summed_up(folder: Path) -> None:
    done = kinescribe(folder, "render", "texts", "-o", "films", "--no-captions", "--data", "data", *SMALL)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["films/tides.mp4", "films/wind.mp4"]
    assert done.stderr.splitlines()[-1].startswith("2 films (0:")
    assert not list((folder / "films").glob("*.vtt"))


def test_a_degraded_film_is_delivered_unless_that_is_refused(folder: Path) -> None:
    done = kinescribe(folder, "render", "broken.md", "--quiet", "--data", "data", *SMALL)
    assert (done.returncode, done.stdout) == (0, "")
    assert "broken.md: scene " in done.stderr
    check_film(folder / "broken.mp4")
    (folder / "broken.mp4").unlink()

    strict = kinescribe(folder, "render", "broken.md", "--quiet", "--strict", "--data", "data", *SMALL)
    assert strict.returncode == 3
    assert "broken.md: failed: DEGRADED" in strict.stderr
    assert not (folder / "broken.mp4").exists()


def interrupt(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGINT)  # a terminal's Ctrl-C reaches every process of the command


def terminate(process: subprocess.Popen[str]) -> None:
    process.terminate()


def stop_reading(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None


@pytest.mark.parametrize(("stop", "code"), [(interrupt, 130), (terminate, 130), (stop_reading, 1)])
async def test_a_command_that_is_stopped_cancels_its_job(
    folder: Path, stop: Callable[[subprocess.Popen[str]], None], code: int
) -> None:
    text = f"# Stopped by {stop.__name__}\n\n"
    text += "".join(f"## Part {n}\n\nThis is what part {n} of a long film says.\n\n" for n in range(60))
    (folder / "long.md").write_text(text)
    process = start(folder, "render", "long.md", "--json", "--data", "data", *SMALL)
    assert process.stdout is not None
    job_id = events(process.stdout.readline())[0].event.job_id
    assert events(process.stdout.readline())[0].event.HasField("script_ready")
    stop(process)
    _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, "Traceback" in err) == (code, False), err
    assert not (folder / "long.mp4").exists()
    service = run_service(folder / "data", log_file=folder / "after.log")
    async with service as running, Client(running.address) as client:
        assert (await client.get_job(job_id)).status == job_pb2.JOB_STATUS_CANCELLED


def test_ctrl_c_is_quiet_while_the_workers_start(folder: Path) -> None:
    process = start(folder, "render", "texts/wind.txt", "--json", "--data", "data", *SMALL)
    assert process.stdout is not None
    assert process.stdout.readline()
    interrupt(process)
    _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, "Traceback" in err) == (130, False), err


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
def test_a_command_whose_output_fills_the_disk_cancels_its_job(folder: Path) -> None:
    with serving(folder), FULL.open("wb") as full:
        process = start(folder, "render", "texts/wind.txt", "--json", "--data", "data", *SMALL, stdout=full)
        _, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, err) == (1, "kinescribe: [Errno 28] No space left on device\n")
        newest = kinescribe(folder, "jobs", "-n", "1", "--data", "data").stdout
    assert newest.split("\t")[1] == "cancelled"


def test_a_start_that_is_interrupted_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def start_and_stop() -> None:
        starting = asyncio.create_task(FolderService(tmp_path, None).__aenter__())
        while not (tmp_path / "lock").exists():  # noqa: ASYNC110 -- nothing tells of a file
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait([starting])
        assert starting.cancelled()

    asyncio.run(start_and_stop())
    gc.collect()  # asyncio complains of what nobody asked for when it is collected
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def test_a_text_may_have_a_name_of_any_bytes(folder: Path) -> None:
    name = os.fsdecode(b"caf\xe9.md")
    (folder / name).write_text(SECOND)
    done = kinescribe(folder, "render", name, "-o", "any/", "--quiet", "--data", "data", *SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    check_film(folder / "any" / os.fsdecode(b"caf\xe9.mp4"))


def test_a_service_that_ended_and_cannot_be_replaced_is_told_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"# Verse {n}\n\nVerse {n} of this song is short.\n\n" for n in range(60))
    (folder / "song.md").write_text(text)
    with serving(folder) as served:
        monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")  # nobody is there
        process = start(folder, "render", "song.md", "--json", "--data", "data", *SMALL)
        assert process.stdout is not None
        assert process.stdout.readline()
        served.terminate()
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith("kinescribe: the service cannot run: Redis at 127.0.0.1:1")
    assert "Traceback" not in err


def test_a_film_is_finished_though_the_service_that_was_joined_ends(folder: Path) -> None:
    text = "".join(f"# Chapter {n}\n\nChapter {n} of this film is short.\n\n" for n in range(12))
    (folder / "chapters.md").write_text(text)
    with serving(folder) as served:
        process = start(folder, "render", "chapters.md", "--json", "--data", "data", *SMALL)
        assert process.stdout is not None
        head = [process.stdout.readline() for _ in range(4)]
        served.terminate()
        tail, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    history = events("".join(head) + tail)
    assert [message.event.sequence for message in history] == list(range(1, len(history) + 1))
    check_film(folder / "chapters.mp4")
