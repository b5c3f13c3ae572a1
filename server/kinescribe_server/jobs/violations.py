"""Refusing a request: violations and what they quote, kept short enough for the reply."""

from collections.abc import Sequence
from itertools import accumulate

from kinescribe_server.jobs.errors import InvalidRequestError, Violation

# The details of an error travel in HTTP/2 trailers of at most 8 KiB, in words and once more in Base64. Violations that
# would make them longer are counted, not listed.
_LISTED_BYTES = 2_400
_SHOWN_CHARACTERS = 60


def refuse(violations: Sequence[Violation]) -> None:
    """Raises InvalidRequestError if there are violations."""
    if not violations:
        return
    sizes = accumulate(len(f"{violation.field}{violation.description}".encode()) for violation in violations)
    listed = tuple(violations[: max(1, sum(size <= _LISTED_BYTES for size in sizes))])
    rest = len(violations) - len(listed)
    raise InvalidRequestError((*listed, Violation("", f"and {rest} more violations")) if rest else listed)


def shown(text: str) -> str:
    """What was given, short enough for an error."""
    return f'"{text[:_SHOWN_CHARACTERS]}…"' if len(text) > _SHOWN_CHARACTERS else f'"{text}"'
