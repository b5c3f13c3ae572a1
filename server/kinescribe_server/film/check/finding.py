"""What a check found."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

Value: TypeAlias = "float | int | str | bool | None"

# Of many places with one fault the first few are told; how many there are stands beside.
MAX_PLACES = 8
_LOG = logging.getLogger(__name__)


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was measured and what is allowed, for people; the same as values, for programs; and where it fails."""

    check: str
    outcome: Outcome
    measured: str
    limit: str
    values: Mapping[str, Value] = field(default_factory=dict)
    places: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.check,
            "outcome": self.outcome.value,
            "measured": self.measured,
            "limit": self.limit,
            "values": dict(self.values),
            "places": list(self.places),
        }


def judged(
    check: str,
    fine: bool,
    measured: str,
    limit: str,
    values: Mapping[str, Value] | None = None,
    *,
    places: Sequence[str] = (),
) -> Finding:
    """A finding that is ok or failed; of its places the first few."""
    shown = tuple(places[:MAX_PLACES])
    if len(places) > MAX_PLACES:
        shown = (*shown, f"and {len(places) - MAX_PLACES} more")
    return Finding(check, Outcome.OK if fine else Outcome.FAILED, measured, limit, values or {}, shown)


def not_applicable(check: str, why: str) -> Finding:
    return Finding(check, Outcome.NOT_APPLICABLE, why, "")


def guarded(check: str, rule: Callable[[], Finding]) -> Finding:
    """What the rule finds. A rule that breaks is a failed check: the film is there, and nobody knows whether it is as
    it should be."""
    try:
        return rule()
    except Exception as error:
        _LOG.exception("a check broke", extra={"check": check})
        return Finding(check, Outcome.FAILED, f"the check itself failed ({type(error).__name__})", "")


def counted(number: int, one: str, many: str = "") -> str:
    """For example "no faults", "1 fault", "2 faults"; `many` where that is more than an s."""
    return f"1 {one}" if number == 1 else f"{number or 'no'} {many or one + 's'}"


def any_failed(findings: Sequence[Finding]) -> bool:
    return any(finding.outcome is Outcome.FAILED for finding in findings)
