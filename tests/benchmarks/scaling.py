"""How cost grows with a film's length, how soon there is something to watch, and what an edit costs."""

from collections.abc import Sequence

from tests.benchmarks.comparison import rendered_anew
from tests.benchmarks.figures import Figure
from tests.benchmarks.service import Rendering, warm_service
from tests.benchmarks.texts import prose, script_of, sentence

_PEAK_MIB = 400.0
_SPEECH_SECONDS = 5.0


async def long_film(text: str, rounds: int) -> list[Figure]:
    """A film of a few minutes, with the CPU time by kind of process."""
    made = [await rendered_anew(text) for _ in range(rounds)]
    if len({rendering.film_sha256 for rendering in made}) > 1:
        raise RuntimeError("the same text twice did not give the same bytes")
    figures = [
        Figure("long film: length", [rendering.film_seconds for rendering in made], "s"),
        Figure("long film: film made in a second", [_speed(rendering) for rendering in made], "s", at_least=15.0),
        Figure("long film: CPU for each second of film", [_cpu(rendering) for rendering in made], "s", at_most=0.10),
    ]
    return [*figures, *_shares(made), _wait_for_film("long film", made)]


def _shares(made: Sequence[Rendering]) -> list[Figure]:
    """Where the CPU time goes, by stage as the report tells it and by process."""
    figures = []
    for stage in made[0].report.get("job", {}).get("stages", {}):
        shares = [one.report["job"]["stages"][stage]["cpu_seconds"] / one.film_seconds for one in made]
        figures.append(Figure(f"    of it: making {stage}", shares, "s"))
    around = [(one.cost.cpu - one.makers_cpu) / one.film_seconds for one in made]
    figures.append(Figure("    of it: everything around the making", around, "s"))
    for role in sorted({role for one in made for role in one.cost.cpu_by_role}):
        shares = [one.cost.cpu_by_role.get(role, 0.0) / one.film_seconds for one in made]
        figures.append(Figure(f"    in the processes of: {role}", shares, "s"))
    return figures


async def growth(sizes: Sequence[int]) -> list[Figure]:
    """Films of more and more segments."""
    figures = []
    for size in sizes:
        made = await rendered_anew(script_of(size))
        name = f"{size} segments"
        figures += [
            Figure(f"{name}: CPU for each second of film", [_cpu(made)], "s"),
            Figure(f"{name}: film made in a second", [_speed(made)], "s"),
            _wait_for_film(name, [made]),
        ]
        for role, peak in sorted(made.cost.peak_by_role.items()):
            figures.append(Figure(f"{name}: peak memory, {role}", [peak], "MiB", at_most=_PEAK_MIB))
    return figures


async def first_segment(characters: int, rounds: int) -> list[Figure]:
    """From the call to something to watch."""
    waits = []
    for _ in range(rounds):
        async with warm_service() as service:
            waits.append(await service.until_playable(prose(characters), _SPEECH_SECONDS))
    name = f"{characters} characters: wait for the first {_SPEECH_SECONDS:g} s of speech"
    return [Figure(name, waits, "s", at_most=1.5)]


async def edit(scenes: int, rounds: int) -> list[Figure]:
    """One sentence of a script is changed. Raises RuntimeError if that changes another clip."""
    shares, steps = [], []
    script, changed, edited = script_of(scenes), script_of(scenes), scenes // 2
    changed.scenes[edited].narration = f"{sentence(5_000)} {sentence(2 * edited + 1)}"
    for _ in range(rounds):
        async with warm_service() as service:
            first, second = await service.render(script), await service.render(changed)
        differ = [segment for segment, clip in second.clips.items() if clip != first.clips[segment]]
        if differ != [edited]:
            raise RuntimeError(f"after an edit of segment {edited} the clips of {differ} changed")
        shares.append(100 * second.cost.cpu / first.cost.cpu)
        steps.append(float(second.made_steps))
    return [
        Figure(f"one sentence of {scenes} scenes changed: CPU of the first time", shares, "%", at_most=10.0),
        Figure("    of it: steps made", steps, "steps"),
    ]


def _cpu(rendering: Rendering) -> float:
    return rendering.cost.cpu / rendering.film_seconds


def _speed(rendering: Rendering) -> float:
    return rendering.film_seconds / rendering.cost.wall


def _wait_for_film(name: str, made: Sequence[Rendering]) -> Figure:
    waits = [rendering.cost.wall - max(rendering.rendered_at.values()) for rendering in made]
    return Figure(f"{name}: from the last clip to the end", waits, "s")
