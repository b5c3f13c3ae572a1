"""Formulas, code, tables and diagrams as a person would say them."""

import pytest

from kinescribe_server.script.narration.code import narrate_code
from kinescribe_server.script.narration.diagrams import narrate_diagram
from kinescribe_server.script.spoken_code import say_code
from kinescribe_server.script.spoken_formula import formula_atom, say_formula

from .conftest import INTRO, Write


@pytest.mark.parametrize(
    ("latex", "said"),
    [
        (r"x^2+y^2=z^2", "x squared plus y squared equals z squared"),
        (r"O(n \log n)", "O of n log n"),
        (r"p(x\mid y)", "p of x given y"),
        (r"A^\top", "A transpose"),
        (r"\mathrm{Attention}(Q,K,V)", "Attention of Q, K and V"),
        (r"\frac{QK^\top}{\sqrt{d_k}}", "Q K transpose over the square root of d sub k"),
        (r"\sum_{i=1}^n i = \frac{n(n+1)}{2}",
         "the sum from i equals 1 to n of i, equals n times the quantity n plus 1, over 2"),
        (r"\Delta t", "delta t"),
        (r"\undefined{x}", ""),
        (r"\frac{", ""),
        ("{" * 300, ""),
    ],
)  # fmt: skip
def test_formulas_are_said_in_words(latex: str, said: str) -> None:
    assert say_formula(latex, "en") == said


def test_formulas_are_said_in_the_language_of_the_text() -> None:
    assert "gleich" in say_formula("a = b", "de")


def test_inline_formulas_are_shown_in_unicode() -> None:
    assert formula_atom(r"\theta_1^2", "en").shown in {"θ₁²", "θ_1²"}
    assert formula_atom(r"100^\circ", "en").shown == "100°"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("snake_case()", "snake case"),
        ("GenerateVideo", "Generate Video"),
        ("gRPC", "gRPC"),
        ("--listen HOST:PORT", "listen HOST PORT"),
        ("conda install -c conda-forge", "conda install dash c conda-forge"),
        ("file.py", "file.py"),
        ("a == b", "a equals b"),
        ("https://example.org/x?y=z", "example.org"),
        ("{}[]();", ""),
    ],
)
def test_inline_code_is_said_as_its_words(code: str, said: str) -> None:
    assert say_code(code, english=True) == said


@pytest.mark.parametrize(
    ("language", "source", "said"),
    [
        ("python", "class Job:\n    name: str\n    def start(self): ...",
         "This Python class, Job, has the field name and the method start."),
        ("python", "def total(items):\n    for item in items:\n        total += item\n    return total",
         "This Python function, total, takes items. It goes through items. It returns total."),
        ("python", "def find(words):\n    while low < len(words):\n        low += 1",
         "This Python function, find, takes words. It repeats while low is less than the length of words."),
        ("python", "def wait(n):\n    for _ in range(n):\n        rest()",
         "This Python function, wait, takes n. It repeats n times."),
        ("python", "def drain(queue):\n    while queue:\n        node = queue.pop()",
         "This Python function, drain, takes queue. In a loop, it updates node."),
        ("python", "import a\nb.run(1)", "This Python code imports a and calls run."),
        ("python", "def broken(:", "This Python code defines broken."),
        ("go", "func main() {\n}", "This Go code defines main."),
        ("rust", "struct Job;\nfn run_it() {}", "This Rust code defines Job and run it."),
        ("bash", "$ pip install kinescribe\nDone.\n$ kinescribe serve > log.txt",
         "Run pip install kinescribe. Then run kinescribe serve into log.txt."),
        ("", "git clone x\nmake", "Run git clone x. Then run make."),
        ("json", '{"a": 1, "b": 2}', "This JSON object has the keys a and b."),
        ("sql", "SELECT 1", "Here it is in SQL."),
        ("nonsense", "x", "Here is the listing."),
    ],
)  # fmt: skip
def test_code_is_described(language: str, source: str, said: str) -> None:
    assert narrate_code(source, language).says == (said,)


def test_comments_of_code_are_told() -> None:
    assert narrate_code("# Load the model\nx = 1", "python").says[-1] == "The comment says: Load the model."


def test_flowcharts_fork_and_come_back() -> None:
    fork = narrate_diagram("flowchart TD\nA[Client]-->B[Server]\nA-->C[Cache]\nB-->D[Disk]\nC-->D", english=True)
    assert fork == ("Client leads to Server and Cache.", "Server, then Disk.", "Cache, and on to Disk.")
    assert narrate_diagram("graph LR\nA-->B\nB-->A", english=True) == ("A, then B, and back to A.",)


def test_sequence_diagrams_are_told_message_by_message() -> None:
    source = (
        "sequenceDiagram\nparticipant C as Client\nC->>Server: GenerateVideo\nServer-->>C: job id\nNote over C: waits"
    )
    assert narrate_diagram(source, english=True) == ("Client to Server: GenerateVideo.", "Server to Client: job id.")


def test_broken_diagrams_are_not_told() -> None:
    assert narrate_diagram("flowchart\nA --> ", english=True) == ()


@pytest.mark.parametrize(("asked", "noun"), [("", "table"), ("<!-- chart: bar -->\n\n", "chart")])
def test_large_tables_are_compared_by_their_extremes(write: Write, asked: str, noun: str) -> None:
    rows = "| Bike | 25 | 10 kg |\n| Car | 180 | 1,200 kg |\n| Train | 300 | 400,000 kg |\n| Feet | 5 | 1 kg |\n"
    table = f"| Vehicle | Speed (km/h) | Weight |\n|---|---|---|\n{rows}"
    scene = write(f"# Speeds\n\n{INTRO}\n\n{asked}{table}").scenes[-1]
    assert scene.narration == (
        f"The {noun} compares 4 vehicles by speed and weight. The highest speed is 300 km/h, for Train; the lowest is "
        "5 km/h, for Feet. The highest weight is 400,000 kg, for Train; the lowest is 1 kg, for Feet."
    )


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("Balance", "Balance is 5 for year 1, the lowest, 20 for year 10 and 80 for year 30, the highest."),
        ("Steps", "Year 1 takes 5 steps; year 10, 20; year 30 takes the most, 80."),
    ],
)
def test_rows_that_are_called_by_numbers_are_said_with_their_heading(write: Write, heading: str, said: str) -> None:
    rows = "| 1 | 5 |\n| 10 | 20 |\n| 30 | 80 |\n"
    scene = write(f"# Interest\n\n{INTRO}\n\n| Year | {heading} |\n|---|---|\n{rows}").scenes[-1]
    assert scene.narration == said


def test_small_tables_of_words_are_read_row_by_row(write: Write) -> None:
    scene = write(f"# Calls\n\n{INTRO}\n\n| Call | Does |\n|---|---|\n| GetJob | answers a job |\n").scenes[-1]
    assert scene.narration.endswith("GetJob: answers a job.")
