"""What is shown of a job: lines that matter, JSON that can be read back, bars; and never a terminal's command."""

import io

import pytest
from google.protobuf.json_format import Parse
from rich.console import Console

from kinescribe.cli.bars import Bars
from kinescribe.cli.lines import JsonLines, Lines, Silent
from kinescribe.cli.stages import Stages
from kinescribe.cli.words import clock, harmless, size
from kinescribe.v1 import event_pb2, job_pb2
from kinescribe.v1 import video_service_pb2 as wire

from .conftest import event, fail_status


def progressed(sequence: int, *counts: int, **kind: object) -> wire.WatchJobResponse:
    message = event(sequence, **kind)  # type: ignore[arg-type]
    segments, audio, visual, rendered = counts
    message.event.progress.CopyFrom(
        job_pb2.Progress(percent=sequence, segments=segments, audio_ready=audio, visual_ready=visual, rendered=rendered)
    )
    return message


COMPOSING = wire.WatchJobResponse(gauge=event_pb2.StepGauge(step=event_pb2.STEP_KIND_COMPOSE, percent=50))
STORY = [
    progressed(1, 0, 0, 0, 0),
    progressed(2, 2, 0, 0, 0),
    progressed(3, 2, 1, 0, 0),
    progressed(4, 2, 1, 1, 0),
    progressed(5, 2, 2, 1, 1),
    progressed(6, 2, 2, 2, 2),
    COMPOSING,
    progressed(7, 2, 2, 2, 2, video_ready=event_pb2.VideoReady()),
]


def test_stages_follow_the_events() -> None:
    stages = Stages()
    for message in STORY[:-1]:
        stages = stages.after(message)
    assert stages == Stages(percent=6, segments=2, audio=2, pictures=2, clips=2, film=0.5)
    assert stages.after(STORY[-1]).film == 1


def test_lines_tell_each_change_once(capsys: pytest.CaptureFixture[str]) -> None:
    with Lines() as lines:
        lines.started("a.md", "job-1")
        for message in STORY:
            lines.message("a.md", message)
        lines.result("a.mp4")
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "a.md: job job-1",
        "a.md: script ready, 2 scenes",
        "a.md: audio of 2 scenes ready",
        "a.md: pictures of 2 scenes ready",
        "a.md: clips of 2 scenes ready",
        "a.md: film ready",
    ]
    assert captured.out == "a.mp4\n"


def test_json_lines_are_the_messages(capsys: pytest.CaptureFixture[str]) -> None:
    failed = event(8, job_finished=event_pb2.JobFinished(error=fail_status("WORKER_LOST", "line 1\nline 2 ü")))
    with JsonLines() as lines:
        lines.started("a.md", "job-1")
        for message in (*STORY, failed):
            lines.message("a.md", message)
        lines.result("a.mp4")
        lines.note("fine")
    captured = capsys.readouterr()
    read = [Parse(line, wire.WatchJobResponse()) for line in captured.out.splitlines()]
    assert read == [*STORY, failed]
    assert captured.err == ""


def test_the_silent_display_tells_problems_only(capsys: pytest.CaptureFixture[str]) -> None:
    with Silent() as silent:
        silent.started("a.md", "job-1")
        for message in STORY:
            silent.message("a.md", message)
        silent.note("progress")
        silent.result("a.mp4")
        silent.say("a.md: failed")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "a.md: failed\n")


def drawn(bars: Bars) -> str:
    console = Console(file=io.StringIO(), width=100, record=True)
    console.print(bars.renderable())
    return console.export_text()


def test_one_film_has_a_bar_for_each_stage() -> None:
    bars = Bars(films=1)
    bars.started("a.md", "job-1")
    for message in STORY[:5]:
        bars.message("a.md", message)
    rows = [line.split() for line in drawn(bars).splitlines()]
    assert [(row[0], row[-2]) for row in rows] == [
        ("script", "1/1"),
        ("audio", "2/2"),
        ("pictures", "1/2"),
        ("clips", "1/2"),
        ("film", "0/1"),
    ]


def test_several_films_have_a_bar_each_while_they_are_made() -> None:
    bars = Bars(films=3)
    for name in ("a.md", "[red]b.md"):
        bars.started(name, "job")
        bars.message(name, STORY[4])
    assert [line.split()[0] for line in drawn(bars).splitlines()] == ["films", "a.md", "[red]b.md"]
    bars.ended("a.md")
    rows = [line.split() for line in drawn(bars).splitlines()]
    assert [(row[0], row[-2]) for row in rows] == [("films", "1/3"), ("[red]b.md", "1/2")]


def test_foreign_text_cannot_command_the_terminal() -> None:
    assert harmless("a\x1b[2Jb\rc\nd\x9b") == "a\ufffd[2Jb c d\ufffd"
    assert harmless("Grüße – 你好 😀") == "Grüße – 你好 😀"


def test_times_and_sizes_read_well() -> None:
    assert [clock(seconds) for seconds in (0, 59.6, 125, 3_725)] == ["0:00", "1:00", "2:05", "1:02:05"]
    assert [size(count) for count in (812, 64_000, 12_345_678)] == ["812 B", "64.0 kB", "12.3 MB"]
