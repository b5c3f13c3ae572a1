"""What a picture costs: CPU milliseconds and peak memory of every visual type, warm, at 1080p in the default theme.

Run `python -m tests.benchmarks.visuals` in the repository's root; `--small` takes few samples, for CI. Each kind is
made in a process of its own, so that its peak memory is its own; its text changes with every sample, so that nothing
is remembered. The target is a median of 150 ms for a visual with four states.
"""

import argparse
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.unit.visuals.samples import KINDS, PICTURE, SAMPLES, maker_of, sample_picture

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.themes import DEFAULT_THEME

SIZE = (1920, 1080)
# The compiler, the fonts and the highlighter are ready after so many.
WARM_UP = 3
TARGET_MS = 150.0

Row = tuple[str, int, float, float, float]


def measured(kind: str, samples: int) -> Row:
    """The kind, its states, the CPU milliseconds of one picture (median and 95th percentile), and the peak memory of
    the process in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        bench = WorkerBench(ArtifactFolder(Path(folder), min_free_bytes=0))
        attachments = {PICTURE: bench.artifacts.put_bytes(sample_picture(), "image/png").sha256}
        visual = SAMPLES[kind]
        make = maker_of(visual)
        times = []
        states = 0
        for number in range(WARM_UP + samples):
            changed = replace(visual, title=f"{visual.title} {number}")
            request = VisualRequest(changed, DEFAULT_THEME, *SIZE, attachments=attachments)
            start = time.process_time()
            made = make(request, bench)
            times.append((time.process_time() - start) * 1000)
            states = len(made.details["states"])
    warm = sorted(times[WARM_UP:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return kind, states, statistics.median(warm), warm[int(0.95 * (len(warm) - 1))], peak


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--small", action="store_true", help="few samples, for CI; a miss is no failure")
    small = arguments.parse_args().small
    samples = 5 if small else 25
    kinds = [kind for kind in KINDS if kind in SAMPLES]
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        rows = pool.starmap(measured, [(kind, samples) for kind in kinds], chunksize=1)
    lines = [f"{'kind':<20} {'states':>6} {'CPU ms':>8} {'p95 ms':>8} {'peak MiB':>9}"]
    lines += [
        f"{kind:<20} {states:>6} {median:>8.1f} {high:>8.1f} {peak:>9.0f}" for kind, states, median, high, peak in rows
    ]
    four = [median for _, states, median, _, _ in rows if states >= 4]
    middle = statistics.median(four)
    met = middle <= TARGET_MS
    verdict = "met" if met else "MISSED"
    lines.append(f"median of those with four states or more: {middle:.0f} ms (target {TARGET_MS:.0f} ms) {verdict}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if met or small else 1


if __name__ == "__main__":
    sys.exit(main())
