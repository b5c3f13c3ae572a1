"""Every case meets its maker in a process of its own: drawn or refused in time, and nothing outside is touched."""

import contextlib
import socket
import struct
import zlib
from pathlib import Path

import pytest

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.script.model import Chart, ChartSeries, Code, Diagram, Formula, Image, Slide, Visual
from kinescribe_server.visuals.catalog import VISUAL_MAKERS
from kinescribe_server.visuals.protocol import VisualRequest

from .locked_room import Outcome, locked_up

_SECONDS = 10.0
_BYTES = 2**30

PELE, MMDR = (entry[1] for entry in VISUAL_MAKERS["diagram"])
CODE, FORMULA, CHART, IMAGE, SLIDE = (
    VISUAL_MAKERS[name][0][1] for name in ("code", "formula", "chart", "image", "slide")
)

ACTING = """%%{init: {"themeCSS": "@import url(file:///etc/passwd); *{background:url(http://evil.example/x)}",
  "__proto__": {"polluted": 1}}}%%
flowchart LR
  A["<script>alert(1)</script><img src='http://evil.example/x.png' onerror='alert(1)'>"] --> B
  P@{ img: "file:///etc/passwd", label: "x", w: 60, h: 60 } --> Q@{ img: "http://evil.example/x.png" }
  click A "javascript:alert(1)"
  click B href "file:///etc/passwd"
"""
ENTITIES = """---
a: &a [x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]
e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]
f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]
---
flowchart LR
  A["<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;"] --> B["&lol; ]]> <![CDATA["]
"""
DIAGRAMS = {
    "acting": ACTING,
    "entities": ENTITIES,
    "2,000 nodes": "flowchart TD\n" + "\n".join(f"n{n}" for n in range(2_000)),
    "2,000 nodes in one line": "flowchart TD\n" + ";".join(f"n{n}" for n in range(2_000)),
    "490 edges": "flowchart TD\n" + "\n".join(f"n{n}-->n{n * 7 % 400}" for n in range(490)),
    "1,200 levels": "flowchart TD\n" + ("subgraph s\n" * 1_200) + "a\n" + ("end\n" * 1_200),
    "endless days": "gantt\ndateFormat YYYY-MM-DD\nexcludes weekends\nsection s\na :a1, 0001-01-01, 3000000d\n",
    "endless bits": 'packet-beta\n0-100000000: "x"',
}
BOMB = "".join(rf"\def\{chr(97 + n)}{{\{chr(98 + n)}\{chr(98 + n)}\{chr(98 + n)}}}" for n in range(20)) + r"\def\u{x}\a"
FORMULAS = {
    "input": r"\input{/etc/passwd} \include{/etc/passwd} \openin5=/etc/passwd",
    "write18": r"\write18{touch /tmp/x} \immediate\write18{id}",
    "macro loop": r"\def\a{\b\b}\def\b{\a\a}\a",
    "macro bomb": BOMB,
    "40,000 characters": "x+" * 20_000,
    "900 levels": "{" * 900 + "}" * 900,
    "600 lines": r"\begin{aligned}" + r"a\\" * 600 + r"\end{aligned}",
    "endless space": r"a\hspace{1000000000em}\rule{99999em}{99999em}",
}
LISTINGS = {
    "path as language": Code("import x\n" * 2_000, "../../../etc/passwd"),
    "10,000 lines": Code("a\n" * 9_999, "rust"),
    "open quotes": Code('"' * 19_999, "python"),
    "open comments": Code("/*" * 9_999, "solidity"),
    "one line": Code("x" * 19_999, "javascript"),
}
CHARTS = {
    "2,400 bars": Chart(
        "bar",
        r"$\input{/etc/passwd}$",
        tuple("W" * 20_000 for _ in range(200)),
        tuple(ChartSeries(str(n), tuple(float(v) for v in range(200))) for n in range(12)),
    ),
    "5,000 points": Chart("scatter", "", (), (ChartSeries("", tuple(float(n % 97) for n in range(5_000))),)),
}


def png_of(width: int, height: int) -> bytes:
    """A picture that says that it is large and holds next to nothing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(4096))) + chunk(b"IEND", b"")
    )


def met(target: str, visual: Visual, folder: Path, pictures: dict[str, str] | None = None) -> Outcome:
    outcome = locked_up(target, VisualRequest(visual, attachments=pictures or {}), folder)

    assert outcome.touched == ()
    assert outcome.seconds < _SECONDS
    assert outcome.peak_bytes < _BYTES
    assert not outcome.reason or outcome.message
    return outcome


@pytest.mark.parametrize("target", [PELE, MMDR], ids=["mermaid-render", "mmdr"])
@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_hostile_diagram_is_harmless(name: str, target: str, tmp_path: Path) -> None:
    outcome = met(target, Diagram(DIAGRAMS[name]), tmp_path)

    assert outcome.reason in {"", "DIAGRAM_INVALID", "DIAGRAM_TOO_LARGE", "DIAGRAM_UNSUPPORTED"}
    if "2,000" in name:
        assert outcome.reason == "DIAGRAM_TOO_LARGE"


@pytest.mark.parametrize("name", FORMULAS)
def test_a_hostile_formula_is_harmless(name: str, tmp_path: Path) -> None:
    outcome = met(FORMULA, Formula(FORMULAS[name]), tmp_path)

    assert outcome.reason in {"FORMULA_INVALID", "FORMULA_TOO_LARGE"} or name == "600 lines"


@pytest.mark.parametrize("name", LISTINGS)
def test_a_hostile_listing_is_harmless(name: str, tmp_path: Path) -> None:
    assert met(CODE, LISTINGS[name], tmp_path).reason == ""


@pytest.mark.parametrize("name", CHARTS)
def test_a_hostile_chart_is_harmless(name: str, tmp_path: Path) -> None:
    assert met(CHART, CHARTS[name], tmp_path).reason == ""


@pytest.mark.parametrize("name", ["50,000 x 50,000", "vector", "nothing"])
def test_a_hostile_picture_is_harmless(name: str, tmp_path: Path) -> None:
    content = {
        "50,000 x 50,000": png_of(50_000, 50_000),
        "vector": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "nothing": b"",
    }[name]
    stored = ArtifactFolder(tmp_path, min_free_bytes=0).put_bytes(content, "image/png")

    outcome = met(IMAGE, Image("x.png"), tmp_path, {"x.png": stored.sha256})

    assert outcome.reason == "IMAGE_INVALID"
    assert "pixels" in outcome.message or name != "50,000 x 50,000"


def test_a_picture_is_named_and_never_a_path(tmp_path: Path) -> None:
    assert met(IMAGE, Image("/etc/passwd"), tmp_path).reason == "ATTACHMENT_MISSING"
    assert met(SLIDE, Slide("x", "", (Image("../../etc/passwd"),)), tmp_path).touched == ()


def test_the_room_notices_files_and_the_network(tmp_path: Path) -> None:
    outcome = locked_up("tests.unit.visuals.test_hostile:touch_everything", VisualRequest(Formula("x")), tmp_path)

    assert outcome.touched == ("open /etc/hosts", "socket.getaddrinfo")


def touch_everything(request: VisualRequest, bench: object) -> None:
    """What no maker does."""
    with contextlib.suppress(OSError):
        Path("/etc/hosts").read_bytes()
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", 9))
