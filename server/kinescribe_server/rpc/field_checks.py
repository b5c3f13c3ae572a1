"""What the checks of single fields have in common."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration

from kinescribe.v1 import job_pb2, script_pb2, video_service_pb2
from kinescribe_server.jobs.errors import Violation
from kinescribe_server.jobs.violations import shown

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")

_HasDuration = (
    video_service_pb2.GenerateVideoRequest | video_service_pb2.WatchJobRequest | job_pb2.VideoOptions | script_pb2.Scene
)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What this installation knows by name."""

    voices: Collection[str]
    themes: Collection[str]
    writers: Collection[str]
    default_theme: str
    theme_roles: Collection[str] = ()
    font_roles: Collection[str] = ()
    font_families: Collection[str] = ()


def duration_violations(name: str, message: _HasDuration, field: str, least: float, most: float) -> Iterator[Violation]:
    if message.HasField(field):  # type: ignore[arg-type]
        given = seconds(getattr(message, field))
        if not least <= given <= most:
            yield Violation(name, f"{given:g} s is not between {least:g} s and {most:g} s")


def seconds(duration: Duration) -> float:
    return duration.seconds + duration.nanos / 1_000_000_000


def language_violations(field: str, tag: str) -> Iterator[Violation]:
    if tag and not _LANGUAGE.fullmatch(tag):
        yield Violation(field, f'{shown(tag)} is not a BCP 47 tag, for example "en" or "de-AT"')


def too_long(field: str, text: str, most: int) -> Iterator[Violation]:
    if len(text) > most:
        yield Violation(field, f"the text has {len(text)} characters; at most {most} are allowed")


def unknown(field: str, given: str, known: Collection[str]) -> Violation:
    return Violation(field, f"{shown(given)} is not known; allowed: {', '.join(known) or 'nothing'}")
