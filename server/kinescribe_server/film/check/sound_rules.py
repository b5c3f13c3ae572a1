"""Rules about what is heard. Pure functions."""

from collections.abc import Iterable

from kinescribe_server.film.check.finding import Finding, counted, judged, not_applicable
from kinescribe_server.film.check.sound import SILENCE_DB, SILENT_SECONDS, Loudness, integrated
from kinescribe_server.film.loudness import SPEECH_LUFS

_LOUDNESS_TOLERANCE = 1.0
# EBU R 128.
MAX_TRUE_PEAK = -1.0


def loudness(measured: Loudness | None) -> Finding:
    check, limit = "loudness", f"{SPEECH_LUFS:g} LUFS, {_LOUDNESS_TOLERANCE:g} LU more or less"
    found = integrated(measured) if measured is not None else None
    if found is None:
        return not_applicable(check, "no speech is heard")
    fine = abs(found - SPEECH_LUFS) <= _LOUDNESS_TOLERANCE
    return judged(check, fine, f"{found:.1f} LUFS", limit, {"lufs": round(found, 2)})


def true_peak(highest: float | None) -> Finding:
    check, limit = "true peak", f"at most {MAX_TRUE_PEAK:g} dBTP"
    if highest is None:
        return not_applicable(check, "there is no sound")
    return judged(check, highest <= MAX_TRUE_PEAK, f"{highest:.1f} dBTP", limit, {"dbtp": round(highest, 2)})


def silence(stretches: Iterable[tuple[float, float]] | None, expected: str) -> Finding:
    """`stretches` of silence are those that nothing explains; `expected` says what would."""
    check = "silence"
    limit = f"at most {SILENT_SECONDS:g} s below {SILENCE_DB:g} dBFS{expected}"
    if stretches is None:
        return not_applicable(check, "there is no sound")
    places = [f"{start:.2f} to {end:.2f} s" for start, end in stretches]
    measured = counted(len(places), "silent stretch", "silent stretches")
    return judged(check, not places, measured, limit, {"stretches": len(places)}, places=places)
