"""How long a step may take before its worker is ended. The limits are for faults, not for slow machines: each is many
times what the step takes on one slow core, and grows with the input where the work does."""

from typing import Any

from kinescribe_server.jobs.model import StepKind

_SECONDS = {
    StepKind.SCRIPT: 60.0,
    StepKind.SPEECH: 30.0,
    StepKind.VISUAL: 30.0,
    StepKind.RENDER: 120.0,
    StepKind.COMPOSE: 60.0,
}
_SPEECH_SECONDS_PER_CHARACTER = 0.02
_COMPOSE_SECONDS_PER_CLIP = 2.0


def time_limit(kind: StepKind, request: Any) -> float:
    """In seconds."""
    match kind:
        case StepKind.SPEECH:
            return _SECONDS[kind] + _SPEECH_SECONDS_PER_CHARACTER * len(request.narration)
        case StepKind.COMPOSE:
            return _SECONDS[kind] + _COMPOSE_SECONDS_PER_CLIP * len(request.clips)
        case _:
            return _SECONDS[kind]
