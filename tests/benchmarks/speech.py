"""What speech costs: CPU seconds per second of speech, and the peak memory of a worker process.

Run `python -m tests.benchmarks.speech` in the repository's root; `--small` speaks less, for CI. Each voice speaks in a
fresh process, as a worker does: a first sentence loads it, and what is measured is a whole step after that, with
levelling and storing. The targets are 0.01 s for the default voice and 350 MiB for every worker.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.speech.catalog import engines, voices
from kinescribe_server.speech.protocol import SpeechRequest

TARGET_CPU, TARGET_MIB = 0.01, 350.0
TEXT = (Path(__file__).parents[1] / "data" / "http2.txt").read_text("utf-8")
# The longest narration of a scene, and one of a usual length.
LONG, USUAL = 5_000, 500

Row = tuple[str, float, float, float, float]


def measured(voice: str, maker: str, language: str, characters: int, times: int) -> Row:
    """The voice, the CPU seconds until it is loaded, the seconds of speech, the CPU seconds for each of them, and the
    peak memory of the process in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        bench = WorkerBench(ArtifactFolder(Path(folder), min_free_bytes=0))
        make = resolve_name(maker)
        request = SpeechRequest("One two three.", voice, language)
        make(request, bench)
        loaded = cpu_seconds()
        text = (f"{TEXT}\n\n" * (characters // len(TEXT) + 1))[:characters]
        spoken = sum(make(replace(request, narration=text), bench).details["duration"] for _ in range(times))
        cost = (cpu_seconds() - loaded) / spoken
    return voice, loaded, spoken, cost, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds() -> float:
    """Of this process and of the programs that it ran."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--small", action="store_true", help="short texts only, for CI; a miss is no failure")
    small = arguments.parse_args().small
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # as the workers have it
    cases = [(engine.maker[1], engine.voices[0]) for engine in engines()]
    work = [(voice.name, maker, voice.languages[0], USUAL, 3 if small else 10) for maker, voice in cases]
    work += [] if small else [(voice.name, maker, voice.languages[0], LONG, 2) for maker, voice in cases]
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        rows = [pool.apply(measured, case) for case in work]
    sys.stdout.write(f"{'voice':16}{'load s':>8}{'speech s':>10}{'CPU s/s':>9}{'MiB':>7}\n")
    default = voices()[0].name
    missed = [row for row in rows if row[4] > TARGET_MIB or (row[0] == default and row[3] > TARGET_CPU)]
    for row in rows:
        voice, loaded, spoken, cost, peak = row
        verdict = "  MISSED" if row in missed else ""
        sys.stdout.write(f"{voice:16}{loaded:8.2f}{spoken:10.1f}{cost:9.4f}{peak:7.0f}{verdict}\n")
    return 1 if missed and not small else 0


if __name__ == "__main__":
    sys.exit(main())
