"""The maker of scripts with the embedded writer."""

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.script.model import SCRIPT
from kinescribe_server.script.offline import OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest

# A text with one of everything that loads something when it is first met: the model that tells languages apart, the
# grammars of code, the engines of diagrams and of formulas. Together they take a second, a text of this length none.
_ONE_OF_EVERYTHING = """
# Warm up

A paragraph says in two sentences what is to come. It has $x^2$ and `code` in it:

- one point
- another point

| name | number |
|------|--------|
| one  | 1      |
| two  | 2      |

```python
# the answer
answer = 42
```

```bash
echo 42
```

```json
{"answer": 42}
```

```mermaid
flowchart LR
  A[One] --> B[Two]
```
"""


def make_script(request: ScriptRequest, bench: Bench) -> Made:
    """A script's `Made`: files {"script": JSON}; details {"title", "language", "segments": number of scenes}."""
    written = OfflineWriter().write(request)
    script = written.script
    file = bench.artifacts.put_bytes(SCRIPT.dump_json(script), "application/json")
    details = {"title": script.title, "language": script.language, "segments": len(script.scenes)}
    return Made({"script": file}, details, written.notices)


def warm() -> None:
    """Loads what a script takes, so that the first text in a process is not the one that waits for it."""
    SCRIPT.dump_json(OfflineWriter().write(ScriptRequest(_ONE_OF_EVERYTHING)).script)
