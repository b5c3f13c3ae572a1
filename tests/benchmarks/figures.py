"""Figures and the table that they stand in."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_NAME = 62


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, once or in several rounds, and what its median is to be at most or at least."""

    name: str
    values: Sequence[float]
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """ "" where there is no target."""
        if self.at_most is None and self.at_least is None:
            return ""
        too_much = self.at_most is not None and self.median > self.at_most
        too_little = self.at_least is not None and self.median < self.at_least
        return "MISSED" if too_much or too_little else "met"

    @property
    def target(self) -> str:
        at_most = [] if self.at_most is None else [f"<= {self.at_most:g}"]
        return ", ".join(at_most + ([] if self.at_least is None else [f">= {self.at_least:g}"]))

    def as_json(self) -> dict[str, object]:
        spread = {"median": self.median, "min": min(self.values), "max": max(self.values)}
        return {"name": self.name, "unit": self.unit, **spread, "target": self.target, "verdict": self.verdict}


def heading() -> str:
    return f"{'':{_NAME}}{'median':>10}{'min':>10}{'max':>10}  {'unit':<8}{'target':<9}"


def row(figure: Figure) -> str:
    numbers = (figure.median, min(figure.values), max(figure.values))
    shown = "".join(f"{_short(number):>10}" for number in numbers)
    return f"{figure.name:{_NAME}}{shown}  {figure.unit:<8}{figure.target:<9}{figure.verdict}".rstrip()


def _short(number: float) -> str:
    """Three digits that count."""
    if number >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}" if number >= 1 else f"{number:.4f}"
