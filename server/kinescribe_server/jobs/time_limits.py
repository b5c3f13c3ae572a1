"""How long a step may take before its worker is ended. The limits are for faults, not for slow machines: each is many
times what the step takes on one slow core, and grows with the input where the work does."""

from typing import Any

from kinescribe_server.film.protocol import RecordingRequest
from kinescribe_server.jobs.model import StepKind

_SECONDS = {
    StepKind.SCRIPT: 60.0,
    StepKind.SPEECH: 30.0,
    StepKind.VISUAL: 30.0,
    StepKind.RENDER: 120.0,
    StepKind.COMPOSE: 60.0,
}
_SPEECH_SECONDS_PER_CHARACTER = 0.02
# Half an hour of recording takes 19 s.
_RECORDING_SECONDS = 240.0
# Captions in the picture make an encoded picture of every word.
_BURNED_IN_SECONDS_PER_CHARACTER = 0.1
_COMPOSE_SECONDS_PER_CLIP = 2.0
# Music is mixed with the sound of the whole film: 0.02 s for each second of it.
_MUSIC_SECONDS_PER_CLIP = 30.0


def time_limit(kind: StepKind, request: Any) -> float:
    """In seconds."""
    match kind:
        case StepKind.SPEECH if isinstance(request, RecordingRequest):
            return _RECORDING_SECONDS
        case StepKind.SPEECH:
            return _SECONDS[kind] + _SPEECH_SECONDS_PER_CHARACTER * len(request.narration)
        case StepKind.RENDER:
            written = len(request.narration) if request.burned_in else 0
            return _SECONDS[kind] + _BURNED_IN_SECONDS_PER_CHARACTER * written
        case StepKind.COMPOSE:
            per_clip = _MUSIC_SECONDS_PER_CLIP if request.music else _COMPOSE_SECONDS_PER_CLIP
            return _SECONDS[kind] + per_clip * len(request.clips)
        case _:
            return _SECONDS[kind]
