"""What a film's report says of its job: how long each stage took, what came from storage, and what is missing."""

from collections.abc import Iterable, Mapping
from typing import Any

from kinescribe_server.jobs.model import JobRecord, Step, StepKind, StepResult


def job_report(job: JobRecord, results: Mapping[Step, StepResult]) -> dict[str, Any]:
    """The `job` of film/report.schema.json. Costs are those of what was made for this job; what was taken from storage
    cost nothing."""
    providers = _providers(result for result in results.values() if not result.cached)
    return {
        "stages": {
            kind.value: _stage([result for step, result in results.items() if step.kind is kind]) for kind in StepKind
        },
        "degraded_segments": [
            {"segment": step.segment, "reason": result.degraded, "message": _why(job, step, result)}
            for step, result in sorted(results.items(), key=lambda item: (item[0].segment or 0, item[0].kind))
            if result.degraded
        ],
        "warnings": [
            {"segment": warning.segment, "reason": warning.reason, "message": warning.message}
            for warning in job.warnings
        ],
        **({"providers": providers} if providers else {}),
    }


def _why(job: JobRecord, step: Step, result: StepResult) -> str:
    told = (w.message for w in job.warnings if (w.segment, w.reason) == (step.segment, result.degraded))
    return next(told, "")


def _stage(results: list[StepResult]) -> dict[str, Any]:
    made = [result for result in results if not result.cached]
    return {
        "steps": len(results),
        "cached": len(results) - len(made),
        "wall_seconds": round(sum(result.cost.wall_seconds for result in made), 3),
        "cpu_seconds": round(sum(result.cost.cpu_seconds for result in made), 3),
    }


def _providers(made: Iterable[StepResult]) -> dict[str, dict[str, int]]:
    """What was asked of services that are not part of this one, by their hosts: the counts of each maker's "usage"."""
    sums: dict[str, dict[str, int]] = {}
    for usage in (result.details.get("usage", {}) for result in made):
        if "provider" not in usage:
            continue
        counts = sums.setdefault(usage["provider"], {})
        for name, count in usage.items():
            if isinstance(count, int):
                counts[name] = counts.get(name, 0) + count
    return sums
