"""What is written when a step is done: its event, and the names of its files in the job."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.jobs.events import (
    AudioReady,
    Event,
    FilmSummary,
    NamedFile,
    ScriptReady,
    SegmentRendered,
    VideoReady,
    VisualReady,
)
from kinescribe_server.jobs.model import Options, Step, StepKind, StepResult, Warn
from kinescribe_server.jobs.plan import artifact_names
from kinescribe_server.store.protocol import Outcome

STORED_FILE: TypeAdapter[StoredFile] = TypeAdapter(StoredFile)
_FILM = "film.mp4"


def outcome_of(
    step: Step, result: StepResult, options: Options, warnings: Sequence[Warn], degraded_message: str
) -> Outcome:
    names = artifact_names(step, result.files)
    named = {role: NamedFile(names[role], file) for role, file in result.files.items()}
    return Outcome(
        result=result,
        event=_event(step, result, named, options),
        artifacts={name.name: STORED_FILE.dump_json(name.file).decode() for name in named.values()},
        warnings=warnings,
        segments=result.details["segments"] if step.kind is StepKind.SCRIPT else 0,
        film_seconds=result.details["duration"] if step.kind is StepKind.COMPOSE else 0.0,
        degraded_message=degraded_message,
        strict=options.strict,
    )


def film_summary(result: StepResult, options: Options) -> FilmSummary:
    """What compose made."""
    named = [NamedFile(role, file) for role, file in sorted(result.files.items())]
    return FilmSummary(
        film=next(file for file in named if file.name == _FILM),
        extras=tuple(file for file in named if file.name != _FILM),
        duration=result.details["duration"],
        width=options.width,
        height=options.height,
        frame_rate=options.frame_rate,
    )


def _event(step: Step, result: StepResult, named: dict[str, NamedFile], options: Options) -> Event:
    segment = step.segment if step.segment is not None else -1
    match step.kind:
        case StepKind.SCRIPT:
            return ScriptReady(named["script"], result.details["segments"], result.cached, result.maker)
        case StepKind.SPEECH:
            return AudioReady(segment, named["audio"], result.cached, result.maker)
        case StepKind.VISUAL:
            states = tuple(named[state["picture"]] for state in result.details["states"])
            return VisualReady(segment, states, result.cached, result.maker)
        case StepKind.RENDER:
            return SegmentRendered(segment, named["clip"], result.cached)
        case StepKind.COMPOSE:
            return VideoReady(film_summary(result, options), result.cached)
