"""Numbers and foreign text as a terminal may show them."""

import unicodedata


def harmless(text: str) -> str:
    """Text from a file, a file name or a server on one line, without what a terminal would take as a command."""
    return "".join(" " if c in "\n\r\t" else "\ufffd" if unicodedata.category(c) == "Cc" else c for c in text)


def clock(seconds: float) -> str:
    """For example 2:05, or 1:02:05."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: int) -> str:
    """For example 812 B, 64.0 kB or 12.3 MB; a kB is 1,000 bytes, as file managers count."""
    if count < 1_000:
        return f"{count} B"
    return f"{count / 1e3:.1f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
