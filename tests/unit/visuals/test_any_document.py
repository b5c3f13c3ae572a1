"""What holds for the pages of every document, from its text to its pictures."""

from pkgutil import resolve_name

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.jobs.makers import MakerSpec
from kinescribe_server.jobs.plan import visual_type
from kinescribe_server.script.model import Code, Slide
from kinescribe_server.script.offline import OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest
from kinescribe_server.visuals.catalog import VISUAL_MAKERS
from kinescribe_server.visuals.protocol import VisualRequest

from .inspection import layout_faults
from .test_any_slide import EXAMPLES, any_examples, sizes, themes

_WORDS = st.lists(
    st.sampled_from("river Wolke 雲 ποτάμι облако سحاب नदी engine slowly turns a-very-long-compound-word 🚀 x".split()),
    min_size=1,
    max_size=30,
).map(" ".join)
_BLOCKS = st.one_of(
    _WORDS.map(lambda words: f"{words}."),
    _WORDS.map(lambda words: f"## {words}"),
    st.lists(_WORDS, min_size=1, max_size=12).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(_WORDS, min_size=1, max_size=6).map(
        lambda items: "\n".join(f"{'  ' * (n % 3)}- {item}" for n, item in enumerate(items))
    ),
    _WORDS.map(lambda words: f"> {words}"),
    st.lists(st.tuples(_WORDS, st.integers(0, 9999)), min_size=1, max_size=15).map(
        lambda rows: "| name | number |\n|---|---:|\n" + "\n".join(f"| {name} | {number} |" for name, number in rows)
    ),
    _WORDS.map(lambda words: f"```python\ndef f():\n    return {words!r}\n```"),
    st.sampled_from([r"$$\frac{a}{b} = \sum_{i=0}^n x_i$$", "```mermaid\nflowchart LR\n A[One] --> B[Two] --> C\n```"]),
)
DOCUMENTS = st.lists(_BLOCKS, min_size=1, max_size=6).map("\n\n".join)


@given(DOCUMENTS, themes, sizes)
@any_examples(max(8, EXAMPLES // 3))
def test_its_pages_have_nothing_outside_over_another_too_small_or_too_faint(
    bench: WorkerBench, text: str, theme: str, size: tuple[int, int]
) -> None:
    try:
        scenes = OfflineWriter().write(ScriptRequest(f"# Any\n\n{text}")).script.scenes
    except MakeError as error:
        pytest.fail(f"a document with a heading has something to say: {error.message}")
    for scene in scenes:
        assert scene.visual is not None
        maker = MakerSpec(*VISUAL_MAKERS[visual_type(scene.visual)][0])
        request = VisualRequest(scene.visual, theme, *size)
        # Labels inside a drawing are as large as the drawing fits; what is typeset keeps the floor.
        floor = 28.0 if isinstance(scene.visual, Slide | Code) else 6.0
        made = resolve_name(maker.target)(request, bench)
        assert layout_faults(made, bench, floor) == []
