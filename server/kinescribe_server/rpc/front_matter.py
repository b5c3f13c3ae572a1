"""The options that stand in a text's front matter: weaker than those of the request, stronger than its defaults."""

from collections.abc import Mapping

from google.protobuf import json_format

from kinescribe.v1 import job_pb2
from kinescribe_server.jobs.errors import Violation
from kinescribe_server.jobs.violations import shown
from kinescribe_server.rpc.field_checks import Catalog
from kinescribe_server.script.front_matter import read_options


def front_matter_options(
    source_text: str, attachments: Mapping[str, str], catalog: Catalog
) -> tuple[job_pb2.VideoOptions, list[Violation]]:
    """The options, and what is wrong with them, by line. `attachments` are the request's: a logo or music is named by
    its path, as pictures are."""
    known = {
        "voice": catalog.voices,
        "theme": catalog.themes,
        "writer": catalog.writers,
    }
    read = read_options(source_text, known)
    violations = [Violation("source_text", str(problem)) for problem in read.problems]
    found = json_format.ParseDict(dict(read.values), job_pb2.VideoOptions())
    if found.HasField("brand") and found.brand.logo_attachment:
        found.brand.logo_attachment = _uploaded(
            found.brand.logo_attachment, "brand", read.lines, attachments, violations
        )
    if found.music:
        found.music = _uploaded(found.music, "music", read.lines, attachments, violations)
    return found, violations


def _uploaded(
    path: str, key: str, lines: Mapping[str, int], attachments: Mapping[str, str], violations: list[Violation]
) -> str:
    if path not in attachments:
        violations.append(Violation("source_text", f"line {lines.get(key, 2)}: {shown(path)} was not uploaded"))
    return attachments.get(path, "")
