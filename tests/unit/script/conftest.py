"""What the script tests share: writing a script from a text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kinescribe_server.script.model import Script
from kinescribe_server.script.offline import OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest

Write = Callable[..., Script]
# An introduction that is long enough for a scene of its own.
INTRO = "These first words are here so that the film has a title card that lasts."


@pytest.fixture(scope="session")
def write() -> Write:
    """Writes the script of a text."""

    def write(text: str, language: str = "en") -> Script:
        return OfflineWriter().write(ScriptRequest(text, language)).script

    return write


@pytest.fixture(scope="session")
def data() -> Path:
    return Path(__file__).parents[2] / "data"
