"""The same film made by Kinescribe, by MoviePy and by the ffmpeg command line, in turn."""

import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from tests.benchmarks.figures import Figure
from tests.benchmarks.peers import Peers, PeerScene, find_peers, scenes_of
from tests.benchmarks.processes import Cost
from tests.benchmarks.service import STILL, Rendering, Source, warm_service

from kinescribe.v1 import job_pb2

MOVING, UNMOVED, MOVIEPY, COMMAND_LINE = "Kinescribe", "Kinescribe, no motion", "MoviePy", "ffmpeg"
_CPU_PER_SECOND = {MOVING: 0.10, UNMOVED: 0.06}
_TIMES_LESS_THAN_MOVIEPY = {MOVING: 8.0, UNMOVED: 12.0}

Costs = dict[str, Cost]


async def compare(text: str, rounds: int) -> list[Figure]:
    """Every round makes the film in every way, each round beginning with another; ratios are those of a round."""
    peers = _peers()
    measured: list[Costs] = []
    with tempfile.TemporaryDirectory() as folder:
        seconds, scenes = await _plan(text, Path(folder))
        ways: list[tuple[str, Callable[[], Awaitable[Cost]]]] = [
            (MOVING, lambda: _ours(text, None)),
            (UNMOVED, lambda: _ours(text, STILL)),
        ]
        if peers:
            ways += [
                (MOVIEPY, lambda: _theirs(peers.moviepy, scenes, Path(folder))),
                (COMMAND_LINE, lambda: _theirs(peers.command_line, scenes, Path(folder))),
            ]
        for number in range(rounds):
            first = number % len(ways)
            measured.append({name: await way() for name, way in ways[first:] + ways[:first]})
    return [*_alone(measured, seconds), *_ratios(measured)]


def _peers() -> Peers | None:
    try:
        return find_peers()
    except (OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"without MoviePy and ffmpeg, which could not be installed here: {error}\n")
        return None


async def _plan(text: str, folder: Path) -> tuple[float, list[PeerScene]]:
    """How long the film is, and what the others make it from."""
    async with warm_service() as service:
        rendering = await service.render(text, STILL)
        return rendering.film_seconds, await scenes_of(rendering, service, folder)


async def _ours(text: str, options: job_pb2.VideoOptions | None) -> Cost:
    return (await rendered_anew(text, options)).cost


async def rendered_anew(source: Source, options: job_pb2.VideoOptions | None = None) -> Rendering:
    """A film of which nothing was there before. Raises RuntimeError if something was."""
    async with warm_service() as service:
        rendering = await service.render(source, options)
    if rendering.cached_steps:
        raise RuntimeError(f"{rendering.cached_steps} steps were not made but found")
    return rendering


async def _theirs(way: Callable[[Sequence[PeerScene], Path], Cost], scenes: Sequence[PeerScene], folder: Path) -> Cost:
    return way(scenes, folder)


def _alone(measured: Sequence[Costs], seconds: float) -> list[Figure]:
    figures = []
    for name in measured[0]:
        cpu, wall, peak = zip(
            *((costs[name].cpu, costs[name].wall, costs[name].peak) for costs in measured), strict=True
        )
        per_second = [value / seconds for value in cpu]
        figures += [
            Figure(f"{name}: CPU for each second of film", per_second, "s", at_most=_CPU_PER_SECOND.get(name)),
            Figure(f"{name}: film made in a second", [seconds / value for value in wall], "s"),
            Figure(f"{name}: peak memory of a process", peak, "MiB"),
        ]
    return figures


def _ratios(measured: Sequence[Costs]) -> list[Figure]:
    figures = []
    for other in (MOVIEPY, COMMAND_LINE):
        for ours in (MOVING, UNMOVED) if other in measured[0] else ():
            whole = [costs[other].cpu / costs[ours].cpu for costs in measured]
            film = [costs[other].cpu / costs[ours].cpu_by_role["render"] for costs in measured]
            wall = [costs[other].wall / costs[ours].wall for costs in measured]
            least = _TIMES_LESS_THAN_MOVIEPY[ours] if other == MOVIEPY else None
            figures += [
                Figure(f"CPU, {other}'s film / {ours}, everything", whole, "times", at_least=least),
                Figure(f"CPU, {other}'s film / {ours}, film alone", film, "times"),
                Figure(f"wall, {other}'s film / {ours}, everything", wall, "times"),
            ]
    return figures
