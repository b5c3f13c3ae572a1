"""Addresses that users give."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]")


def base_url(text: str, endings: Sequence[str] = ()) -> str:
    """The base URL in what a user gave, without a slash at its end. One of the `endings` ("/chat/completions") is taken
    off: people copy the whole address of a call.

    Raises ValueError, which says what was given and what is allowed, and shows no password.
    """
    given = text.strip()
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"{_shown(given)!r} is not a URL: {error}") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ValueError(
            f"{_shown(given)!r} has no scheme that is known here; "
            "expected http://HOST:PORT/PATH or https://HOST/PATH, for example https://api.example.com/v1"
        )
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{_shown(given)!r} holds a user or a password; keys have settings of their own")
    if parts.query or parts.fragment or re.search(r"[\s\x00-\x1f\x7f\\]", given):
        raise ValueError(f"{_shown(given)!r} has more than scheme, host, port and path")
    bracketed = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(bracketed):
        raise ValueError(f"{_shown(given)!r} names no host")
    path = parts.path.rstrip("/")
    for ending in endings:
        if path.lower().endswith(ending):
            path = path[: -len(ending)].rstrip("/")
            break
    return f"{parts.scheme}://{bracketed}{'' if port is None else f':{port}'}{path}"


def is_loopback(url: str) -> bool:
    """Whether a URL is of this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _shown(given: str) -> str:
    """What was given, short, and without what may be a password."""
    return re.sub(r"//[^/@\s]*@", "//…@", given)[:100]
