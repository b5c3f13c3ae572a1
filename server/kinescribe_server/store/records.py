"""The forms in which jobs, steps and results stand in Redis."""

import json
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter

from kinescribe_server.jobs.events import EVENT, AssetDegraded, Event
from kinescribe_server.jobs.model import STEP_RESULT, Counts, JobRecord, JobRequest, JobStatus, Step, Warn
from kinescribe_server.store.protocol import Outcome

REQUEST: TypeAdapter[JobRequest] = TypeAdapter(JobRequest)
_WARN: TypeAdapter[Warn] = TypeAdapter(Warn)


def event_json(event: Event) -> str:
    return EVENT.dump_json(event).decode()


def outcome_json(step: Step, outcome: Outcome) -> str:
    """As composer.lua reads it."""
    result = outcome.result
    degraded = AssetDegraded(step.segment, step.kind, result.degraded, outcome.degraded_message)
    return json.dumps(
        {
            "result": STEP_RESULT.dump_json(result).decode(),
            "artifacts": outcome.artifacts,
            "cached": result.cached,
            "made": bool(result.maker) and not result.cached,
            "cpu": result.cost.cpu_seconds,
            "segments": outcome.segments,
            "film_seconds": outcome.film_seconds,
            "warnings": [_WARN.dump_json(warning).decode() for warning in outcome.warnings],
            "body": event_json(outcome.event),
            "degraded": event_json(degraded) if result.degraded else "",
            "degraded_message": outcome.degraded_message,
            "strict": outcome.strict,
        }
    )


def states_of(steps: Sequence[Step], found: Sequence[str | None]) -> dict[Step, str]:
    return {step: (state or "").partition(" ")[0] for step, state in zip(steps, found, strict=True)}


def job_record(job_id: str, fields: Mapping[str, str], warnings: Sequence[str], read_ms: int) -> JobRecord:
    def number(name: str) -> int:
        return int(fields.get(name, "0"))

    return JobRecord(
        job_id=job_id,
        owner=fields["owner"],
        request=REQUEST.validate_json(fields["request"]),
        status=JobStatus(fields["status"]),
        sequence=number("sequence"),
        counts=Counts(*(number(name) for name in ("segments", "audio", "visual", "rendered", "composed"))),
        created_ms=number("created"),
        read_ms=read_ms,
        started_ms=number("started"),
        ended_ms=number("ended"),
        error_reason=fields.get("error_reason", ""),
        error_message=fields.get("error_message", ""),
        film_seconds=float(fields.get("film_seconds", "0")),
        warnings=tuple(_WARN.validate_json(warning) for warning in warnings),
        trace_id=fields.get("trace_id", ""),
    )
