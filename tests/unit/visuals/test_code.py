import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Code, LineRange
from kinescribe_server.visuals.code import make_code
from kinescribe_server.visuals.code_words import focus_cue
from kinescribe_server.visuals.protocol import VisualRequest

from .inspection import SIZES, boxes, cues, layout_faults, picture

PYTHON = '''import numpy as np

def attention(q, k, v, mask=None):
    """Scaled dot-product attention."""
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:  # hide the future
        scores = np.where(mask, scores, -1e9)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v
'''
LISTINGS = {
    "python": Code(PYTHON, "python", "Attention", (LineRange(5, 7), LineRange(8, 9))),
    "one line": Code("print('hello')", "python"),
    "plain": Code("a -> b\n日本語 é 🚀\n\ttab\n#let x = 1 `` ``` $ \\", "no such language", "Plain"),
    "long": Code("\n".join(f"line {n} of the listing" for n in range(1, 61)), "rust", "Long"),
    "minified": Code("a=b+c;" * 600, "js"),
    "one word": Code("x" * 3000, "js"),
    "another highlighter": Code(
        "contract Token {\n\tuint  total; // all\n" + 'string a = "' + "x" * 300 + '";\n}', "solidity"
    ),
    "odd": Code("\x00\x1b[31m\ud83d\u202e\r\nnext\u2028line", "\x00"),
}


@pytest.mark.parametrize("name", LISTINGS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_listing_lies_on_its_page_in_readable_type(name: str, size: tuple[int, int], bench: WorkerBench) -> None:
    made = make_code(VisualRequest(LISTINGS[name], "dark" if len(name) % 2 else "light", *size), bench)

    assert layout_faults(made, bench) == []
    assert picture(made, bench).shape == (size[1], size[0], 4)


def test_every_focus_is_a_state_in_which_the_other_lines_recede(bench: WorkerBench) -> None:
    made = make_code(VisualRequest(LISTINGS["python"]), bench)

    assert cues(made) == ["scores", "weights"]
    bands = [{b["text"] for b in boxes(made, bench) if b["state"] == s and b["color"] == "#0f172a"} for s in (0, 1)]
    lines = PYTHON.splitlines()
    assert bands == [{"Attention", *lines[4:7]}, {"Attention", *lines[7:9]}]


def test_a_long_listing_goes_on_in_further_states_and_no_line_is_lost(bench: WorkerBench) -> None:
    made = make_code(VisualRequest(LISTINGS["long"]), bench)

    shown = [box["text"] for box in boxes(made, bench)]
    assert len(cues(made)) > 1
    assert all(f"line {n} of the listing" in shown for n in range(1, 61))
    assert not made.notices


def test_a_line_too_long_for_its_page_is_wrapped_whole(bench: WorkerBench) -> None:
    made = make_code(VisualRequest(LISTINGS["minified"]), bench)

    assert "".join(box["text"] for box in boxes(made, bench) if "=" in box["text"]) == "a=b+c;" * 600


WIDE_WORDS = """python -m pip install 'httpbatch[http2,brotli]' --upgrade
        await asyncio.sleep(self._policy.delay(attempt))
key = "bm9ib2R5IHJlYWRzIHRoaXMgYnV0IGl0IG11c3QgYmUgc2VlbiB3aG9sZSBhbmQgbm90IGN1dCBvZmYgYXQgdGhlIGVkZ2Ugb2YgdGhlIHBsYXRl"
"""


@pytest.mark.parametrize("source", [WIDE_WORDS, *WIDE_WORDS.splitlines(), LISTINGS["one word"].source])
@pytest.mark.parametrize("language", ["python", "no such language"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_words_wider_than_the_plate_are_broken_within_it(
    source: str, language: str, size: tuple[int, int], bench: WorkerBench
) -> None:
    made = make_code(VisualRequest(Code(source, language), "light", *size), bench)

    for state in range(len(cues(made))):
        page = picture(made, bench, state)[..., :3]
        # The plate ends where the margin begins; only a page's number may stand beyond its end, below it.
        margin = min(size) / 1080 * (120 if size[0] > 1.2 * size[1] else 84)
        plate = (page[..., 0] == 0xF2).sum(axis=1) > size[0] / 4
        assert (page[plate, round(size[0] - margin) + 1 :] == 255).all()
        assert (page[plate, : round(margin) - 1] == 255).all()


def test_a_word_is_not_broken_where_smaller_type_keeps_it_whole(bench: WorkerBench) -> None:
    source = WIDE_WORDS.splitlines()[0]

    made = make_code(VisualRequest(Code(source, "bash"), "light", 1080, 1920), bench)

    (line,) = (box for box in boxes(made, bench) if box["text"] == source)
    assert 28 < line["font_size"] < 60


def test_lines_that_no_focus_shows_are_announced(bench: WorkerBench) -> None:
    code = Code("\n".join(f"line {n}" for n in range(1, 81)), "", "Part", (LineRange(40, 42), LineRange(200, 201)))

    made = make_code(VisualRequest(code), bench)

    shown = {box["text"] for box in boxes(made, bench)}
    assert {"line 38", "line 40", "line 42", "line 44"} <= shown
    assert [notice.reason for notice in made.notices] == ["FOCUS_OUTSIDE", "CODE_PARTLY_SHOWN"]


def test_the_highlighter_colours_what_it_knows(bench: WorkerBench) -> None:
    coloured = make_code(VisualRequest(Code("def f(): return 'x'", "python")), bench)
    plain = make_code(VisualRequest(Code("def f(): return 'x'")), bench)

    assert coloured.files["state-00"] != plain.files["state-00"]
    assert coloured.files["layout"] == plain.files["layout"]


@pytest.mark.parametrize("language", ["solidity", "cobol", "prolog", "vhdl", "docker", "golang", "CSharp", "nim"])
def test_languages_that_only_the_other_highlighter_knows_are_coloured(language: str, bench: WorkerBench) -> None:
    source = 'is 12 "text" -- x\n// y\n# z\nFROM a\nif (x) return 12; /* a */\nfunction f(x) public;'
    coloured = make_code(VisualRequest(Code(source, language)), bench)
    plain = make_code(VisualRequest(Code(source)), bench)

    assert coloured.files["state-00"] != plain.files["state-00"]
    assert coloured.files["layout"] == plain.files["layout"]


@pytest.mark.parametrize(
    ("source", "cue"),
    [
        ("def top_k(items):", "top k"),
        ("    public async function sendMail(to) {", "send mail"),
        ("struct HTTPServer {", "http server"),
        ("total += price * amount", "total"),
        ("self.weights = np.zeros(3)", "weights"),
        ("if a == b:\n    print(a)", "print"),
        ("}", ""),
    ],
)
def test_a_focus_is_introduced_by_what_it_defines_sets_or_calls(source: str, cue: str) -> None:
    lines = ["x = 1", *source.split("\n")]

    assert focus_cue(lines, LineRange(2, len(lines))) == cue


@pytest.mark.parametrize(("source", "reason"), [(" \n\n", "CODE_EMPTY"), ("x" * 20_001, "CODE_TOO_LARGE")])
def test_a_listing_that_cannot_be_is_refused(source: str, reason: str, bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make_code(VisualRequest(Code(source)), bench)

    assert (refusal.value.reason, refusal.value.retryable) == (reason, False)


def test_the_same_listing_is_the_same_bytes(bench: WorkerBench) -> None:
    request = VisualRequest(LISTINGS["python"], "dark")

    assert make_code(request, bench) == make_code(request, bench)
