"""Refusing a request: violations and what they quote, kept short enough for the reply."""

from collections.abc import Sequence
from itertools import accumulate
from urllib.parse import quote

from kinescribe_server.jobs.errors import InvalidRequestError, Violation

# They travel in HTTP/2 trailers, which gRPC refuses at random from 8 KiB on: in words, percent-encoded where they
# are not ASCII, and once more in Base64. Violations that would make them longer are counted, not listed.
_LISTED_BYTES = 6_000
_SHOWN_CHARACTERS = 60


def refuse(violations: Sequence[Violation]) -> None:
    """Raises InvalidRequestError if there are violations."""
    if not violations:
        return
    sizes = accumulate(map(_size_on_the_wire, violations))
    listed = tuple(violations[: max(1, sum(size <= _LISTED_BYTES for size in sizes))])
    rest = len(violations) - len(listed)
    raise InvalidRequestError((*listed, Violation("", f"and {rest} more violations")) if rest else listed)


def _size_on_the_wire(violation: Violation) -> int:
    text = f"{violation.field}: {violation.description}; "
    return len(quote(text, safe=" ", errors="replace")) + len(text.encode("utf-8", "replace")) * 4 // 3


def shown(text: str) -> str:
    """What was given, short enough for an error."""
    return f'"{text[:_SHOWN_CHARACTERS]}…"' if len(text) > _SHOWN_CHARACTERS else f'"{text}"'
