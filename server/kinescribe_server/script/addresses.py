"""Addresses in text: nobody wants to hear or see all of one."""

import re

_ADDRESS = re.compile(
    r"\b(?:https?|ftp)://(?:[^\s/@<>]*@)?(?:www\.)?([\w.-]*\w)(?:[:/?#][^\s<>\"'()]*[^\s<>\"'(),.;:!?])?/?"
)


def without_addresses(text: str) -> str:
    """The text with the name of the host in place of every web address."""
    return _ADDRESS.sub(r"\1", text) if "://" in text else text
