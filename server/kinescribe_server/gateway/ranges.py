"""Which bytes of a file are wanted (RFC 9110, 14): one range at most; a header that says anything else is ignored."""

import re

_RANGE = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})", re.IGNORECASE)


class RangeNotSatisfiableError(Exception):
    """The range begins beyond the end of the file."""


def wanted_bytes(header: str | None, size: int) -> range | None:
    """The places of the wanted bytes; None for all of the file. Raises RangeNotSatisfiableError."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or not (found["first"] or found["last"]):
        return None
    if not found["first"]:  # the last so many
        start, stop = max(0, size - int(found["last"])), size
    else:
        start, stop = int(found["first"]), min(size, int(found["last"]) + 1 if found["last"] else size)
        if found["last"] and int(found["last"]) < start:
            return None
    if start >= size or stop == start:
        raise RangeNotSatisfiableError
    return range(start, stop)
