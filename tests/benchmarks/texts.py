"""What the benchmarks make films of."""

import re
from pathlib import Path

from google.protobuf.json_format import ParseDict

from kinescribe.v1 import script_pb2

_ROOT = Path(__file__).parents[2]
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def _text(name: str) -> str:
    return _FRONT_MATTER.sub("", (_ROOT / name).read_text("utf-8"))


# Slides, a diagram, a formula, code and a table, of which nothing is in the texts that are measured.
WARM_UP = """# Warm hands

Rub your hands, and they grow warm.

## Why

- The skin rubs
- Work becomes heat

```mermaid
flowchart LR
    R[Rubbing] --> H[Heat]
```

$$
Q = \\mu F s
$$

<!-- say: Force times way is heat. -->

```python
heat = friction * force * way
```

<!-- say: In one line. -->

| Hands | Heat |
|-------|-----:|
| Slow | 1 |
| Fast | 3 |

<!-- say: Faster is warmer. -->
"""
# For CI: two scenes, a few seconds.
SHORTEST = """# Tides

The sea rises twice a day.

## Why

- The Moon pulls
- The Earth turns
"""

_SUBJECTS = "the parser,the scheduler,the cache,the index,the network,the compiler,the log,the queue".split(",")
_ACTIONS = "reads,keeps,orders,checks,copies,sends,counts,drops".split(",")
_OBJECTS = "each request,every page,the newest entry,a block of rows,the whole tree,one key,the last reply".split(",")
_REASONS = "because memory is scarce,so that nobody waits,when the disk is slow,before the next one comes,".split(",")


def sentence(number: int) -> str:
    """One of many: no two numbers below ten thousand give the same."""
    words = [parts[number // step % len(parts)] for parts, step in _parts()]
    return f"In step {number + 1}, {' '.join(word for word in words if word)}."


def _parts() -> list[tuple[list[str], int]]:
    return [(_SUBJECTS, 1), (_ACTIONS, 3), (_OBJECTS, 5), (_REASONS, 7)]


def prose(characters: int) -> str:
    """Plain text, in paragraphs of four sentences."""
    paragraphs: list[str] = []
    length = 0
    while length < characters:
        first = 4 * len(paragraphs)
        paragraphs.append(" ".join(sentence(number) for number in range(first, first + 4)))
        length += len(paragraphs[-1]) + 2
    return "\n\n".join(paragraphs)[:characters]


def script_of(scenes: int) -> script_pb2.Script:
    """A script of slides, each with a narration and three points of its own."""
    return ParseDict(
        {"title": "A long talk", "scenes": [_scene(index) for index in range(scenes)]}, script_pb2.Script()
    )


def _scene(index: int) -> dict[str, object]:
    spoken = [sentence(2 * index), sentence(2 * index + 1)]
    points = [{"text": text} for text in (*spoken, f"Part {index + 1}")]
    slide = {"title": f"Part {index + 1}", "blocks": [{"bullets": {"items": points}}]}
    return {"id": f"part-{index + 1}", "narration": " ".join(spoken), "visual": {"slide": slide}}


SHORT = _text("examples/tides.md")
FIVE_MINUTES = "\n\n".join(
    [
        SHORT,
        _text("examples/binary-search.md"),
        _text("tests/data/gradient-descent.md"),
        _text("tests/data/http2.txt"),
        f"# All the steps\n\n{prose(1_000)}",
    ]
)
