"""The maker of scripts with the embedded writer."""

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.script.model import SCRIPT
from kinescribe_server.script.offline import OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest


def make_script(request: ScriptRequest, bench: Bench) -> Made:
    """A script's `Made`: files {"script": JSON}; details {"title", "language", "segments": number of scenes}."""
    written = OfflineWriter().write(request)
    script = written.script
    file = bench.artifacts.put_bytes(SCRIPT.dump_json(script), "application/json")
    details = {"title": script.title, "language": script.language, "segments": len(script.scenes)}
    return Made({"script": file}, details, written.notices)
