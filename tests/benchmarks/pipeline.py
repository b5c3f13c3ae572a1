"""What a film costs: the whole service against MoviePy and the ffmpeg command line, and how the cost grows.

Run `python -m tests.benchmarks.pipeline` in the repository's root, on a quiet machine; two cores take about ten
minutes. `--small` makes short films in a minute, for CI: that everything runs and what is made is right, not how fast.
Every film is made by a new service in an empty data folder, which has made another film before; its cost is the CPU
time of the whole tree of processes, the state store with them.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable

from tests.benchmarks.comparison import compare
from tests.benchmarks.figures import Figure, heading, row
from tests.benchmarks.scaling import edit, first_segment, growth, long_film
from tests.benchmarks.texts import FIVE_MINUTES, SHORT, SHORTEST

Part = Callable[[], Awaitable[list[Figure]]]


def parts(small: bool, rounds: int) -> dict[str, Part]:
    if small:
        return {
            "peers": lambda: compare(SHORTEST, 1),
            "growth": lambda: growth([3]),
            "first": lambda: first_segment(200_000, 1),
            "edit": lambda: edit(4, 1),
        }
    return {
        "peers": lambda: compare(SHORT, rounds),
        "long": lambda: long_film(FIVE_MINUTES, rounds),
        "growth": lambda: growth([5, 50, 500]),
        "first": lambda: first_segment(200_000, rounds),
        "edit": lambda: edit(20, rounds),
    }


async def measure(chosen: dict[str, Part], *, as_json: bool) -> list[Figure]:
    """Shows each figure as soon as it is there."""
    show: Callable[[Figure], str] = (lambda figure: json.dumps(figure.as_json())) if as_json else row
    if not as_json:
        sys.stdout.write(f"{heading()}\n")
    figures = []
    for part in chosen.values():
        for figure in await part():
            figures.append(figure)
            sys.stdout.write(f"{show(figure)}\n")
            sys.stdout.flush()
    return figures


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("parts", nargs="*", metavar="PART", help="peers, long, growth, first, edit; all by default")
    arguments.add_argument("--small", action="store_true", help="short films, once, for CI; misses are no failure")
    arguments.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    arguments.add_argument("--json", action="store_true", help="a line of JSON for each figure")
    given = arguments.parse_args()
    known = parts(given.small, given.rounds)
    if unknown := set(given.parts) - set(known):
        arguments.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    chosen = {name: part for name, part in known.items() if not given.parts or name in given.parts}
    figures = asyncio.run(measure(chosen, as_json=given.json))
    return 1 if not given.small and any(figure.verdict == "MISSED" for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
