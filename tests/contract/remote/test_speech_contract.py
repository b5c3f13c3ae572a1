"""What every engine of speech promises, of voices that are a service away."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.contract import test_speech
from tests.contract.test_speech import PROSE, Speaker

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.speech.protocol import SpeechRequest
from kinescribe_server.speech.remote import make_remote_speech

from .server import RemoteServer
from .speech_server import SpeechService


@pytest.fixture(params=["openai", "kokoro"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Speaker]:
    bench = WorkerBench(ArtifactFolder(tmp_path, min_free_bytes=0))
    wanted = SpeechRequest(PROSE["en"], "remote/alloy", "en")
    with RemoteServer(SpeechService()) as server:
        make = partial(
            make_remote_speech,
            base_url=f"{server.url}/v1",
            model="tts-1",
            voice="alloy",
            languages="en",
            api=request.param,
        )
        speaker = Speaker(make, wanted, bench)
        speaker.say("One.")  # the server's voice is loaded
        yield speaker


@pytest.fixture
def speaker(engine: Speaker) -> Speaker:
    return engine


globals().update({name: test for name, test in vars(test_speech).items() if name.startswith("test_")})
