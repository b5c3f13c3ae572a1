"""How far a job is, as one number, and how long it may still take."""

from kinescribe_server.jobs.model import Counts

# Shares of the work, by what the steps cost: a clip is most of it, joining the clips is little.
_SCRIPT, _AUDIO, _VISUAL, _RENDER, _COMPOSE = 2.0, 25.0, 20.0, 48.0, 5.0


def percent(counts: Counts) -> float:
    """0 to 100, to two places; it never falls, because no count does."""
    if not counts.segments:
        return 0.0
    per_segment = _AUDIO * counts.audio + _VISUAL * counts.visual + _RENDER * counts.rendered
    return round(_SCRIPT + per_segment / counts.segments + _COMPOSE * counts.composed, 2)


# Before that, the start of the first workers is most of what was seen.
_TELLING_PERCENT = 5.0


def seconds_left(counts: Counts, seconds_so_far: float) -> float | None:
    """If the rest goes as what is done went; None while there is too little to tell from."""
    done = percent(counts)
    return seconds_so_far * (100 - done) / done if done >= _TELLING_PERCENT else None
