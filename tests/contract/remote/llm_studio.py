"""Scripts by a language model on loopback."""

from pathlib import Path
from typing import Any

import pytest
from tests.contract.remote.chat_server import scene, script
from tests.contract.remote.server import Answer, Asked, RemoteServer

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.llm.maker import make_script_with_llm
from kinescribe_server.script.model import SCRIPT, Script
from kinescribe_server.script.protocol import ScriptRequest

SUBJECT = "Explain machine learning concepts and applications"
GOOD = script(scene("Learning", "Machines learn from examples."), scene("Uses", "They sort mail and find faces."))


class Studio:
    """Makes scripts with a server's answers."""

    def __init__(self, folder: Path) -> None:
        self.artifacts = ArtifactFolder(folder)
        self.asked: list[Asked] = []
        self.busiest = 0

    def make(self, answer: Answer, text: str = SUBJECT, language: str = "", **changes: Any) -> Made:
        images = changes.pop("images", {})
        request = ScriptRequest(text, language, images=images)
        with RemoteServer(answer) as server:
            try:
                return make_script_with_llm(
                    request, WorkerBench(self.artifacts), base_url=server.url + "/v1", model="some-model", **changes
                )
            finally:
                self.asked, self.busiest = server.asked, server.busiest

    def script(self, answer: Answer, text: str = SUBJECT, language: str = "", **changes: Any) -> Script:
        return self.read(self.make(answer, text, language, **changes))

    def read(self, made: Made) -> Script:
        return SCRIPT.validate_json(self.artifacts.read(made.files["script"].sha256))

    def fails(self, answer: Answer, text: str = SUBJECT, **changes: Any) -> MakeError:
        with pytest.raises(MakeError) as raised:
            self.make(answer, text, **changes)
        assert not raised.value.retryable
        return raised.value
