"""Request checks: every violation of a request is found and named at once, with what was given and what is allowed."""

import re
from collections.abc import Iterator, Mapping

from kinescribe.v1 import job_pb2, video_service_pb2
from kinescribe_server.jobs.details import NewJob, SourceText
from kinescribe_server.jobs.errors import Violation
from kinescribe_server.jobs.model import Options
from kinescribe_server.jobs.violations import refuse, shown
from kinescribe_server.rpc.convert import script_from_message
from kinescribe_server.rpc.field_checks import Catalog as Catalog  # noqa: PLC0414 -- whoever calls the checks gives them one
from kinescribe_server.rpc.field_checks import duration_violations, seconds, unknown
from kinescribe_server.rpc.front_matter import front_matter_options
from kinescribe_server.rpc.option_checks import (
    MAX_ATTACHMENT_NAME,
    merged,
    option_violations,
    options_of,
    size_violations,
)
from kinescribe_server.rpc.script_checks import script_violations

MAX_SOURCE_CHARACTERS = 200_000
MAX_LABELS = 32
MAX_ATTACHMENTS = 200
MAX_PATH_CHARACTERS = 1_000
MAX_PICTURE_BYTES = 20 << 20
MAX_SOUND_BYTES = 50 << 20
PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp")
# How recordings begin: RIFF, FLAC's marker, an ID3 tag or the sync word of an MPEG frame, the page of an Ogg stream.
SOUND_TYPES = {
    "audio/wav": re.compile(rb"RIFF.{4}WAVE", re.DOTALL),
    "audio/flac": re.compile(rb"fLaC"),
    "audio/mpeg": re.compile(rb"ID3|\xff[\xe2-\xff]"),
    "audio/ogg": re.compile(rb"OggS"),
}
ATTACHMENT_TYPES = (*PICTURE_TYPES, *SOUND_TYPES)
_DAY = 86_400.0

_LABEL_KEY = re.compile(r"[A-Za-z0-9_./-]{1,63}")
# As the store writes it: when the page's last job was reserved, and its id.
_PAGE_TOKEN = re.compile(r"[0-9]{1,15}-[0-9a-f]+")
_REQUEST_ID = re.compile(r"[ -~]{1,128}")

_Film = video_service_pb2.GenerateVideoRequest | video_service_pb2.PreviewScriptRequest


def new_job(request: video_service_pb2.GenerateVideoRequest, catalog: Catalog) -> NewJob:
    """The job that is asked for. Raises InvalidRequestError with every violation."""
    front, front_violations = _front_matter(request, catalog)
    violations = [
        *_source_violations(request, catalog),
        *front_violations,
        *_film_violations(request, front, catalog),
        *_label_violations(request.labels),
        *duration_violations("execution_timeout", request, "execution_timeout", 1.0, _DAY),
    ]
    if request.request_id and not _REQUEST_ID.fullmatch(request.request_id):
        violations.append(
            Violation("request_id", f"{shown(request.request_id)} is not 1 to 128 printable ASCII characters")
        )
    refuse(violations)
    return NewJob(
        source=script_from_message(request.script)
        if request.WhichOneof("source") == "script"
        else SourceText(request.source_text, dict(request.attachments)),
        options=_options(request, front, catalog),
        request_id=request.request_id,
        labels=dict(request.labels),
        execution_timeout=seconds(request.execution_timeout) if request.HasField("execution_timeout") else None,
    )


def preview(request: video_service_pb2.PreviewScriptRequest, catalog: Catalog) -> tuple[SourceText, Options]:
    """The text and the options of a preview. Raises InvalidRequestError."""
    front, front_violations = _front_matter(request, catalog)
    refuse([*_text_violations(request.source_text), *front_violations, *_film_violations(request, front, catalog)])
    return SourceText(request.source_text, dict(request.attachments)), _options(request, front, catalog)


def heartbeat_seconds(request: video_service_pb2.WatchJobRequest) -> float:
    """Raises InvalidRequestError for what is wrong with the request."""
    violations = list(duration_violations("heartbeat_interval", request, "heartbeat_interval", 1.0, 60.0))
    if request.after_sequence < 0:
        violations.append(Violation("after_sequence", f"{request.after_sequence} is below 0"))
    refuse(violations)
    return seconds(request.heartbeat_interval) if request.HasField("heartbeat_interval") else 15.0


def page(request: video_service_pb2.ListJobsRequest) -> int:
    """The size of the page. Raises InvalidRequestError for what is wrong with the request."""
    violations = []
    if not 0 <= request.page_size <= 1000:
        violations.append(Violation("page_size", f"{request.page_size} is not between 0 and 1000"))
    if request.page_token and not _PAGE_TOKEN.fullmatch(request.page_token):
        given = shown(request.page_token)
        violations.append(Violation("page_token", f"{given} is not the next_page_token of an earlier page"))
    refuse(violations)
    return request.page_size or 50


def offset(request: video_service_pb2.DownloadArtifactRequest, size: int) -> int:
    """The first byte that is wanted. Raises InvalidRequestError."""
    if not 0 <= request.offset <= size:
        refuse([Violation("offset", f"{request.offset} is not between 0 and the artifact's size, {size}")])
    return request.offset


def attachment_type(description: video_service_pb2.AttachmentDescription) -> str:
    """The media type of an upload. Raises InvalidRequestError."""
    if description.media_type not in ATTACHMENT_TYPES:
        refuse([unknown("description.media_type", description.media_type, ATTACHMENT_TYPES)])
    return description.media_type


def attachment_size(media_type: str, size: int) -> None:
    """Raises InvalidRequestError as soon as an upload is too large."""
    most = MAX_SOUND_BYTES if media_type in SOUND_TYPES else MAX_PICTURE_BYTES
    if size > most:
        refuse([Violation("chunk", f"the attachment has more than {most >> 20} MiB")])


def attachment(media_type: str, data: bytes | bytearray) -> None:
    """Raises InvalidRequestError for an upload that lacks its description or its bytes, and for sound of another type
    than it says; what a picture is worth shows when it is drawn."""
    violations = [] if media_type else [Violation("description", "the first message has to describe the attachment")]
    if not data:
        violations.append(Violation("chunk", "the attachment has no bytes"))
    elif media_type in SOUND_TYPES and not SOUND_TYPES[media_type].match(data):
        violations.append(Violation("chunk", f"the bytes are not those of {media_type}"))
    refuse(violations)


def _source_violations(request: video_service_pb2.GenerateVideoRequest, catalog: Catalog) -> Iterator[Violation]:
    match request.WhichOneof("source"):
        case None:
            yield Violation("source", "nothing was given; source_text or script is required")
        case "source_text":
            yield from _text_violations(request.source_text)
        case "script":
            yield from script_violations(request.script, catalog)
            if request.attachments:
                yield Violation("attachments", "a script names its attachments itself; leave it empty")


def _text_violations(text: str) -> Iterator[Violation]:
    if not text.strip():
        yield Violation("source_text", f"the text is empty; 1 to {MAX_SOURCE_CHARACTERS} characters are allowed")
    if len(text) > MAX_SOURCE_CHARACTERS:
        yield Violation(
            "source_text", f"the text has {len(text)} characters; at most {MAX_SOURCE_CHARACTERS} are allowed"
        )


def _front_matter(request: _Film, catalog: Catalog) -> tuple[job_pb2.VideoOptions, list[Violation]]:
    if not 0 < len(request.source_text) <= MAX_SOURCE_CHARACTERS:
        return job_pb2.VideoOptions(), []
    return front_matter_options(request.source_text, request.attachments, catalog)


def _film_violations(request: _Film, front: job_pb2.VideoOptions, catalog: Catalog) -> Iterator[Violation]:
    """What is wrong with the fields that a film and its preview share."""
    yield from option_violations("options", request.options, catalog)
    yield from option_violations("default_options", request.default_options, catalog)
    yield from size_violations("options", merged(request.options, front, request.default_options))
    yield from _attachment_violations(request.attachments)


def _attachment_violations(attachments: Mapping[str, str]) -> Iterator[Violation]:
    if len(attachments) > MAX_ATTACHMENTS:
        yield Violation("attachments", f"{len(attachments)} were given; at most {MAX_ATTACHMENTS} are allowed")
    for path, name in attachments.items():
        if not 1 <= len(path) <= MAX_PATH_CHARACTERS:
            yield Violation("attachments", f"the path {shown(path)} has not 1 to {MAX_PATH_CHARACTERS} characters")
        if not 1 <= len(name) <= MAX_ATTACHMENT_NAME:
            yield Violation(
                f"attachments[{shown(path)}]", f"the name {shown(name)} has not 1 to {MAX_ATTACHMENT_NAME} characters"
            )


def _options(request: _Film, front: job_pb2.VideoOptions, catalog: Catalog) -> Options:
    return options_of(merged(request.options, front, request.default_options), catalog)


def _label_violations(labels: Mapping[str, str]) -> Iterator[Violation]:
    if len(labels) > MAX_LABELS:
        yield Violation("labels", f"{len(labels)} labels were given; at most {MAX_LABELS} are allowed")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key):
            yield Violation("labels", f"the key {shown(key)} is not 1 to 63 characters of [A-Za-z0-9_./-]")
        if len(value) > 255:
            yield Violation(f"labels[{shown(key)}]", f"the value has {len(value)} characters; at most 255 are allowed")
