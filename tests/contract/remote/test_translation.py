"""Scripts in another language by a language model, against a server that speaks the chat protocol."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.remote.chat_server import completion, refusal, said
from tests.contract.remote.server import Answer, Asked, RemoteServer, Reply

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.llm.maker import make_translated_script, make_translation
from kinescribe_server.script.model import (
    SCRIPT,
    Bullet,
    BulletList,
    Chart,
    ChartSeries,
    Code,
    Columns,
    Diagram,
    Formula,
    Image,
    Paragraph,
    Quote,
    Scene,
    Script,
    Slide,
    Table,
    TableRow,
)
from kinescribe_server.script.protocol import ScriptRequest, TranslationRequest
from kinescribe_server.script.translating import differs, untranslated

SCRIPT_WITH_ALL = Script(
    "The film",
    "en",
    (
        Scene("a", "Opening", "Hello there.", Slide("The film", "A subtitle", layout="title")),
        Scene("b", "Code", "This is code.", Code("print('hello')  # say hello", "python", "Some code")),
        Scene("c", "Diagram", "This is a diagram.", Diagram("flowchart LR\n  A[One] --> B[Two]", "Some boxes")),
        Scene("d", "Formula", "This is a formula.", Formula("E = mc^2", "Energy")),
        Scene(
            "e",
            "Chart",
            "This is a chart.",
            Chart("bar", "Sales", ("Spring", "2024"), (ChartSeries("North", (1.5, 2.0)),), "Season", "Euro"),
        ),
        Scene(
            "f",
            "Blocks",
            "These are blocks.",
            Slide(
                "Blocks",
                blocks=(
                    Paragraph("A paragraph."),
                    BulletList((Bullet("An item", 1),), ordered=True, start=3),
                    Columns((Quote("To be.", "Hamlet"),), (Image("att-1", "A cat", "Tom"),)),
                    Table(("Name", "Number"), (TableRow(("one", "1")),), ("left", "right")),
                ),
            ),
        ),
        Scene("g", "Recorded", "What the recording says.", audio_attachment="att-2"),
        Scene("h", "Zitat", "Das ist schon deutsch und bleibt so.", language="de"),
    ),
)


class Studio:
    """Translates with a server's answers."""

    def __init__(self, folder: Path) -> None:
        self.artifacts = ArtifactFolder(folder)
        self.asked: list[Asked] = []

    def translate(self, answer: Answer, script: Script = SCRIPT_WITH_ALL, language: str = "de") -> tuple[Made, Script]:
        return self._run(answer, lambda url: make_translation(
            TranslationRequest(script, language), WorkerBench(self.artifacts), base_url=url, model="some-model"
        ))  # fmt: skip

    def write(self, answer: Answer, text: str, language: str) -> tuple[Made, Script]:
        return self._run(answer, lambda url: make_translated_script(
            ScriptRequest(text, language), WorkerBench(self.artifacts), base_url=url, model="some-model"
        ))  # fmt: skip

    def _run(self, answer: Answer, make: Callable[[str], Made]) -> tuple[Made, Script]:
        with RemoteServer(answer) as server:
            self.asked = server.asked
            made = make(server.url + "/v1")
        return made, SCRIPT.validate_json(self.artifacts.read(made.files["script"].sha256))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def items(asked: Asked) -> list[dict[str, str]]:
    quoted = re.search(r"<(TEXT-\w+)>\n(.*)\n</\1>", asked.json["messages"][1]["content"], re.DOTALL)
    assert quoted
    return list(json.loads(quoted[2]))


def answered(asked: Asked, change: Callable[[dict[str, str]], Any]) -> Reply:
    changed = [change(item) for item in items(asked)]
    return completion({"translations": [item for item in changed if item is not None]})


def german(item: dict[str, str]) -> dict[str, str]:
    return {"id": item["id"], "text": f"[{item['text']}]"}


def in_german(asked: Asked) -> Reply:
    return answered(asked, german)


def test_words_change_and_sources_and_ids_stay(studio: Studio) -> None:
    made, script = studio.translate(in_german)
    assert (script.title, script.language) == ("[The film]", "de")
    assert [scene.id for scene in script.scenes] == list("abcdefgh")
    opening, code, diagram, formula, chart, blocks, recorded, already = script.scenes
    assert (opening.title, opening.narration) == ("[Opening]", "[Hello there.]")
    assert opening.visual == Slide("[The film]", "[A subtitle]", layout="title")
    assert code.visual == Code("print('hello')  # say hello", "python", "[Some code]")
    assert diagram.visual == Diagram("flowchart LR\n  A[One] --> B[Two]", "[Some boxes]")
    assert formula.visual == Formula("E = mc^2", "[Energy]")
    assert chart.visual == Chart(
        "bar", "[Sales]", ("[Spring]", "2024"), (ChartSeries("[North]", (1.5, 2.0)),), "[Season]", "[Euro]"
    )
    assert blocks.visual == Slide(
        "[Blocks]",
        blocks=(
            Paragraph("[A paragraph.]"),
            BulletList((Bullet("[An item]", 1),), ordered=True, start=3),
            Columns((Quote("[To be.]", "Hamlet"),), (Image("att-1", "[A cat]", "[Tom]"),)),
            Table(("[Name]", "[Number]"), (TableRow(("[one]", "1")),), ("left", "right")),
        ),
    )
    assert (recorded.narration, recorded.title) == ("What the recording says.", "[Recorded]")
    assert recorded.language == "en"
    assert (already.narration, already.title, already.language) == ("Das ist schon deutsch und bleibt so.", "Zitat", "")
    assert [notice.reason for notice in made.notices] == ["RECORDING_NOT_TRANSLATED"]
    assert made.details["language"] == "de"
    assert made.details["usage"]["requests"] == len(studio.asked)


def test_the_same_text_is_translated_once(studio: Studio) -> None:
    studio.translate(in_german)
    texts = [item["text"] for asked in studio.asked for item in items(asked)]
    assert len(texts) == len(set(texts))
    assert "2024" not in texts


def test_what_is_missing_is_asked_for_again(studio: Studio) -> None:
    def answer(asked: Asked) -> Reply:
        whole = len(asked.json["messages"]) > 2
        return answered(asked, lambda item: german(item) if whole or item["id"] != "2" else None)

    made, script = studio.translate(answer)
    # Batches are asked for at the same time, in any order.
    assert any("missing, empty, not translated or far too long: 2" in said(asked) for asked in studio.asked)
    assert script.scenes[0].title == "[Opening]"
    assert not [notice for notice in made.notices if notice.reason == "TRANSLATION_INCOMPLETE"]


@pytest.mark.parametrize(
    "bad",
    [
        lambda item: None,
        lambda item: {"id": item["id"], "text": ""},
        lambda item: {"id": item["id"], "text": "x" * 6000},
        lambda item: {"id": "nobody", "text": "[Opening]"},
        lambda item: "Opening",
    ],
    ids=["missing", "empty", "endless", "unknown", "odd"],
)
def test_what_cannot_be_translated_stays_and_the_user_is_told(
    studio: Studio, bad: Callable[[dict[str, str]], Any]
) -> None:
    made, script = studio.translate(
        lambda asked: answered(asked, lambda item: bad(item) if item["text"] == "Hello there." else german(item))
    )
    assert script.scenes[0].narration == "Hello there."
    assert script.scenes[0].language == "en", "it is spoken by an English voice"
    assert script.scenes[0].title == "[Opening]"
    notice = made.notices[0]
    assert notice.reason == "TRANSLATION_INCOMPLETE"
    assert notice.message.startswith("1 of ")


def test_the_same_words_again_are_no_translation(studio: Studio) -> None:
    says = "The trees of this forest are older than all the houses in the village, and nobody knows who planted them."
    script = Script("Trees", "en", (Scene("a", "Trees", says), Scene("b", "Baum", "A tree.")))

    def answer(asked: Asked) -> Reply:
        return answered(asked, lambda item: item if item["text"] == says else german(item))

    made, script = studio.translate(answer, script)
    assert [scene.language for scene in script.scenes] == ["en", ""]
    assert made.notices[0].reason == "TRANSLATION_INCOMPLETE"


def test_the_failure_of_one_batch_leaves_the_others(studio: Studio) -> None:
    scenes = tuple(Scene(f"s{number}", "", f"Sentence number {number}. " * 20) for number in range(30))

    def answer(asked: Asked) -> Reply:
        return completion(None, refusal="No.") if "number 29." in said(asked) else in_german(asked)

    made, script = studio.translate(answer, Script("Many", "en", scenes))
    assert script.scenes[0].narration.startswith("[")
    assert script.scenes[0].language == ""
    assert script.scenes[29].narration.startswith("Sentence")
    assert len(studio.asked) > 2
    assert made.notices[0].reason == "TRANSLATION_INCOMPLETE"


def test_a_batch_that_does_not_fit_is_halved(studio: Studio) -> None:
    def answer(asked: Asked) -> Reply:
        if len(items(asked)) > 4:
            return refusal(400, "maximum context length", "context_length_exceeded")
        return in_german(asked)

    made, script = studio.translate(answer)
    assert script.scenes[0].narration == "[Hello there.]"
    assert [notice.reason for notice in made.notices] == ["RECORDING_NOT_TRANSLATED"]


def test_where_nothing_can_be_translated_there_is_an_error(studio: Studio) -> None:
    with pytest.raises(MakeError) as raised:
        studio.translate(lambda _: refusal(401, "wrong key"))
    assert raised.value.reason == "REMOTE_KEY_REFUSED"


ENGLISH = """# Trees

Trees turn light into sugar, and they give off oxygen, which animals breathe.

```python
x = 1
```
"""


def test_a_text_in_another_language_is_written_and_then_translated(studio: Studio) -> None:
    says = "Bäume verwandeln Licht in Zucker und geben Sauerstoff ab, den die Tiere atmen."

    def answer(asked: Asked) -> Reply:
        return answered(asked, lambda item: item | {"text": says} if "oxygen" in item["text"] else german(item))

    _, script = studio.write(answer, ENGLISH, "de")
    assert (script.title, script.language) == ("[Trees]", "de")
    assert any(isinstance(scene.visual, Code) and scene.visual.source == "x = 1" for scene in script.scenes)
    assert script.scenes[0].narration == says
    assert not any(scene.language for scene in script.scenes)


@pytest.mark.parametrize("language", ["", "en", "en-GB"])
def test_a_text_in_the_wanted_language_asks_no_model(studio: Studio, language: str) -> None:
    made, script = studio.write(in_german, ENGLISH, language)
    assert script.language == (language or "en")
    assert not studio.asked
    assert made.details["usage"]["requests"] == 0


def test_where_there_is_no_model_the_user_is_told() -> None:
    assert untranslated("en", "de")[0].reason == "TRANSLATION_UNAVAILABLE"
    assert not untranslated("en", "en-GB")
    assert not untranslated("", "de")
    assert differs("en-GB", "de")
    assert not differs("no", "nb")
