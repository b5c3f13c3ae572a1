"""The display for terminals: a bar for each stage of one film, or one bar for each of several."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from kinescribe.cli.stages import Stage, Stages
from kinescribe.cli.words import harmless
from kinescribe.v1 import video_service_pb2 as wire

# Long enough to tell files apart, short enough to leave room for the bar in 80 columns.
_NAME_WIDTH = 24


class Bars:
    """Bars on standard error, results on standard output. Names and messages are shown as they are, never as markup."""

    wants_gauges = True

    def __init__(self, films: int) -> None:
        console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[count]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,  # what remains is what was said
            redirect_stdout=False,  # results go where standard output goes
        )
        self._films = films
        self._finished = 0
        self._stages: dict[str, Stages] = {}
        self._bars: dict[str, dict[str, TaskID]] = {}
        self._all = self._progress.add_task("films", total=films, count=f"0/{films}") if films > 1 else None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def started(self, name: str, job_id: str) -> None:
        self._stages[name] = Stages()
        self._bars[name] = {}
        self._show(name)

    def message(self, name: str, message: wire.WatchJobResponse) -> None:
        self._stages[name] = self._stages.get(name, Stages()).after(message)
        self._show(name)

    def ended(self, name: str) -> None:
        self._finished += 1
        if self._all is None:
            return
        for bar in self._bars.pop(name, {}).values():
            self._progress.remove_task(bar)
        self._progress.update(self._all, completed=self._finished, count=f"{self._finished}/{self._films}")

    def say(self, line: str) -> None:
        self._progress.console.print(harmless(line), soft_wrap=True)

    def note(self, line: str) -> None:
        self.say(line)

    def result(self, line: str) -> None:
        if not sys.stdout.isatty():  # on a terminal `say` has told it
            print(line, flush=True)  # noqa: T201 -- this is the output

    def renderable(self) -> RenderableType:
        """The bars as they are now."""
        return self._progress.get_renderable()

    def _show(self, name: str) -> None:
        stages = self._stages[name]
        if self._all is None:
            for stage in stages.listed():
                self._draw(name, stage, _count(stage))
        else:
            counts = " ".join(f"{stage.name} {_count(stage)}" for stage in stages.listed()[1:4])
            self._draw(name, Stage(_shortened(name), stages.percent, 100), counts)

    def _draw(self, name: str, stage: Stage, count: str) -> None:
        bars = self._bars.setdefault(name, {})
        total = stage.total or None  # a bar without a total moves to and fro
        if stage.name not in bars:
            bars[stage.name] = self._progress.add_task(stage.name, total=total, count=count)
        self._progress.update(bars[stage.name], completed=stage.done, total=total, count=count)


def _count(stage: Stage) -> str:
    return f"{int(stage.done)}/{stage.total}" if stage.total else "–"


def _shortened(name: str) -> str:
    text = harmless(name)
    return text if len(text) <= _NAME_WIDTH else f"…{text[1 - _NAME_WIDTH :]}"
