"""Request checks: every violation of a request is found and named at once, with what was given and what is allowed."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration

from kinescribe.v1 import job_pb2, script_pb2, video_service_pb2
from kinescribe_server.jobs.errors import InvalidRequestError, Violation
from kinescribe_server.jobs.model import Options
from kinescribe_server.jobs.service import NewJob
from kinescribe_server.rpc.convert import script_from_message

MAX_SOURCE_CHARACTERS = 200_000
MAX_SCENES = 500
MAX_NARRATION_CHARACTERS = 5_000
MAX_TITLE_CHARACTERS = 300
MAX_SOURCE_CODE_CHARACTERS = 20_000
MAX_LATEX_CHARACTERS = 2_000
MAX_BLOCKS = 50
MAX_LEXICON_ENTRIES = 1_000
MAX_LABELS = 32
MAX_ATTACHMENT_BYTES = 20 << 20
ATTACHMENT_TYPES = ("image/png", "image/jpeg", "image/webp")
FRAME_RATES = (24, 25, 30, 50, 60)
_SIDE = range(320, 3841, 2)
_MAX_PIXELS = 3840 * 2160
_DAY = 86_400.0
_MAX_PAUSE_SECONDS = 60.0

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_SCENE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LABEL_KEY = re.compile(r"[A-Za-z0-9_./-]{1,63}")
_REQUEST_ID = re.compile(r"[ -~]{1,128}")

# The details of an error travel in HTTP/2 trailers of at most 8 KiB: more violations than this are counted, not listed.
_LISTED_VIOLATIONS = 24


@dataclass(frozen=True, slots=True)
class Catalog:
    """What this installation knows by name."""

    voices: Collection[str]
    themes: Collection[str]
    writers: Collection[str]
    default_voice: str
    default_theme: str


def new_job(request: video_service_pb2.GenerateVideoRequest, catalog: Catalog) -> NewJob:
    """The job that is asked for. Raises InvalidRequestError with every violation."""
    violations = [
        *_source_violations(request),
        *_option_violations(request.options, catalog),
        *_label_violations(request.labels),
        *_duration_violations("execution_timeout", request, "execution_timeout", 1.0, _DAY),
    ]
    if request.request_id and not _REQUEST_ID.fullmatch(request.request_id):
        violations.append(
            Violation("request_id", f"{_shown(request.request_id)} is not 1 to 128 printable ASCII characters")
        )
    if request.WhichOneof("source") == "script":
        violations += _script_violations(request.script, catalog)
    _raise(violations)
    return NewJob(
        source=request.source_text
        if request.WhichOneof("source") == "source_text"
        else script_from_message(request.script),
        options=options(request.options, catalog),
        request_id=request.request_id,
        labels=dict(request.labels),
        execution_timeout=_seconds(request.execution_timeout) if request.HasField("execution_timeout") else None,
    )


def preview(request: video_service_pb2.PreviewScriptRequest, catalog: Catalog) -> tuple[str, Options]:
    """The text and the options of a preview. Raises InvalidRequestError."""
    _raise([*_text_violations(request.source_text), *_option_violations(request.options, catalog)])
    return request.source_text, options(request.options, catalog)


def heartbeat_seconds(request: video_service_pb2.WatchJobRequest) -> float:
    """Raises InvalidRequestError for what is wrong with the request."""
    violations = list(_duration_violations("heartbeat_interval", request, "heartbeat_interval", 1.0, 60.0))
    if request.after_sequence < 0:
        violations.append(Violation("after_sequence", f"{request.after_sequence} is below 0"))
    _raise(violations)
    return _seconds(request.heartbeat_interval) if request.HasField("heartbeat_interval") else 15.0


def page(request: video_service_pb2.ListJobsRequest) -> int:
    """The size of the page. Raises InvalidRequestError."""
    if not 0 <= request.page_size <= 1000:
        _raise([Violation("page_size", f"{request.page_size} is not between 0 and 1000")])
    return request.page_size or 50


def offset(request: video_service_pb2.DownloadArtifactRequest, size: int) -> int:
    """The first byte that is wanted. Raises InvalidRequestError."""
    if not 0 <= request.offset <= size:
        _raise([Violation("offset", f"{request.offset} is not between 0 and the artifact's size, {size}")])
    return request.offset


def attachment_type(description: video_service_pb2.AttachmentDescription) -> str:
    """The media type of an upload. Raises InvalidRequestError."""
    if description.media_type not in ATTACHMENT_TYPES:
        _raise([_unknown("description.media_type", description.media_type, ATTACHMENT_TYPES)])
    return description.media_type


def attachment_size(size: int) -> None:
    """Raises InvalidRequestError as soon as an upload is too large."""
    if size > MAX_ATTACHMENT_BYTES:
        _raise([Violation("chunk", f"the attachment has more than {MAX_ATTACHMENT_BYTES >> 20} MiB")])


def attachment(media_type: str, size: int) -> None:
    """Raises InvalidRequestError for an upload that lacks its description or its bytes."""
    violations = [] if media_type else [Violation("description", "the first message has to describe the attachment")]
    _raise(violations if size else [*violations, Violation("chunk", "the attachment has no bytes")])


def options(message: job_pb2.VideoOptions, catalog: Catalog) -> Options:
    """Checked options with every default filled in."""
    defaults = Options(voice=catalog.default_voice, theme=catalog.default_theme)
    return Options(
        voice=message.voice or defaults.voice,
        theme=message.theme or defaults.theme,
        language=message.language,
        width=message.width or defaults.width,
        height=message.height or defaults.height,
        frame_rate=message.frame_rate or defaults.frame_rate,
        speaking_rate=message.speaking_rate or defaults.speaking_rate,
        captions=message.captions != job_pb2.CAPTION_MODE_OFF,
        writer=message.writer or defaults.writer,
        lexicon=dict(message.lexicon),
        strict=message.strict,
        retention_seconds=_seconds(message.retention) if message.HasField("retention") else defaults.retention_seconds,
    )


def _raise(violations: list[Violation]) -> None:
    if len(violations) > _LISTED_VIOLATIONS:
        rest = len(violations) - _LISTED_VIOLATIONS
        violations = [*violations[:_LISTED_VIOLATIONS], Violation("", f"and {rest} more violations")]
    if violations:
        raise InvalidRequestError(tuple(violations))


def _source_violations(request: video_service_pb2.GenerateVideoRequest) -> Iterator[Violation]:
    match request.WhichOneof("source"):
        case None:
            yield Violation("source", "nothing was given; source_text or script is required")
        case "source_text":
            yield from _text_violations(request.source_text)


def _text_violations(text: str) -> Iterator[Violation]:
    if not text.strip():
        yield Violation("source_text", f"the text is empty; 1 to {MAX_SOURCE_CHARACTERS} characters are allowed")
    if len(text) > MAX_SOURCE_CHARACTERS:
        yield Violation(
            "source_text", f"the text has {len(text)} characters; at most {MAX_SOURCE_CHARACTERS} are allowed"
        )


def _option_violations(message: job_pb2.VideoOptions, catalog: Catalog) -> Iterator[Violation]:
    for field, given, known in (
        ("voice", message.voice, catalog.voices),
        ("theme", message.theme, catalog.themes),
        ("writer", message.writer, catalog.writers),
    ):
        if given and given not in known:
            yield _unknown(f"options.{field}", given, known)
    if message.language and not _LANGUAGE.fullmatch(message.language):
        yield Violation(
            "options.language", f'{_shown(message.language)} is not a BCP 47 tag, for example "en" or "de-AT"'
        )
    yield from _picture_violations(message)
    if message.speaking_rate and not 0.5 <= message.speaking_rate <= 2.0:
        yield Violation("options.speaking_rate", f"{message.speaking_rate:g} is not between 0.5 and 2.0")
    if message.captions not in job_pb2.CaptionMode.values():
        yield Violation("options.captions", f"{message.captions} is not a CaptionMode")
    if message.motion not in (job_pb2.MOTION_MODE_UNSPECIFIED, job_pb2.MOTION_MODE_NONE):
        yield Violation("options.motion", f"{message.motion} is not a MotionMode of this installation")
    if message.music:
        yield Violation("options.music", "this installation cannot mix music; leave it empty")
    if message.HasField("brand"):
        yield Violation("options.brand", "this installation knows no brands; leave it out")
    yield from _lexicon_violations(message.lexicon)
    yield from _duration_violations("options.retention", message, "retention", 60.0, 365 * _DAY)


def _picture_violations(message: job_pb2.VideoOptions) -> Iterator[Violation]:
    for field, given_side in (("width", message.width), ("height", message.height)):
        if given_side and given_side not in _SIDE:
            yield Violation(f"options.{field}", f"{given_side} is not an even number from 320 to 3840")
    if message.width * message.height > _MAX_PIXELS:
        yield Violation("options.width", f"{message.width}x{message.height} is more than 3840x2160 pixels")
    if message.frame_rate and message.frame_rate not in FRAME_RATES:
        yield Violation("options.frame_rate", f"{message.frame_rate} is not one of {_list(map(str, FRAME_RATES))}")


def _lexicon_violations(lexicon: Mapping[str, str]) -> Iterator[Violation]:
    if len(lexicon) > MAX_LEXICON_ENTRIES:
        yield Violation(
            "options.lexicon", f"{len(lexicon)} entries were given; at most {MAX_LEXICON_ENTRIES} are allowed"
        )
    for word, spoken in lexicon.items():
        if not word.strip() or not spoken.strip() or len(word) > 100 or len(spoken) > 300:
            yield Violation(
                f"options.lexicon[{_shown(word)}]", "a word has 1 to 100 characters, how it is said 1 to 300"
            )


def _label_violations(labels: Mapping[str, str]) -> Iterator[Violation]:
    if len(labels) > MAX_LABELS:
        yield Violation("labels", f"{len(labels)} labels were given; at most {MAX_LABELS} are allowed")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key):
            yield Violation("labels", f"the key {_shown(key)} is not 1 to 63 characters of [A-Za-z0-9_./-]")
        if len(value) > 255:
            yield Violation(f"labels[{_shown(key)}]", f"the value has {len(value)} characters; at most 255 are allowed")


def _script_violations(script: script_pb2.Script, catalog: Catalog) -> Iterator[Violation]:
    if not 1 <= len(script.scenes) <= MAX_SCENES:
        yield Violation("script.scenes", f"{len(script.scenes)} scenes were given; 1 to {MAX_SCENES} are allowed")
        return
    yield from _too_long("script.title", script.title, MAX_TITLE_CHARACTERS)
    if script.language and not _LANGUAGE.fullmatch(script.language):
        yield Violation("script.language", f"{_shown(script.language)} is not a BCP 47 tag")
    seen: set[str] = set()
    for index, scene in enumerate(script.scenes):
        at = f"script.scenes[{index}]"
        yield from _scene_violations(at, scene, catalog)
        if scene.id and scene.id in seen:
            yield Violation(f"{at}.id", f"{_shown(scene.id)} is the id of an earlier scene")
        seen.add(scene.id)


def _scene_violations(at: str, scene: script_pb2.Scene, catalog: Catalog) -> Iterator[Violation]:
    if not scene.narration.strip() and not scene.HasField("visual"):
        yield Violation(at, "the scene has neither narration nor visual; one of them is required")
    if scene.id and not _SCENE_ID.fullmatch(scene.id):
        yield Violation(f"{at}.id", f"{_shown(scene.id)} is not 1 to 64 characters of [A-Za-z0-9_.-]")
    yield from _too_long(f"{at}.title", scene.title, MAX_TITLE_CHARACTERS)
    yield from _too_long(f"{at}.narration", scene.narration, MAX_NARRATION_CHARACTERS)
    if scene.voice and scene.voice not in catalog.voices:
        yield _unknown(f"{at}.voice", scene.voice, catalog.voices)
    if scene.language and not _LANGUAGE.fullmatch(scene.language):
        yield Violation(f"{at}.language", f"{_shown(scene.language)} is not a BCP 47 tag")
    if scene.audio_attachment:
        yield Violation(f"{at}.audio_attachment", "this installation takes no recordings; leave it empty")
    yield from _duration_violations(f"{at}.pause_after", scene, "pause_after", 0.0, _MAX_PAUSE_SECONDS)
    yield from _visual_violations(f"{at}.visual", scene.visual)


def _visual_violations(at: str, visual: script_pb2.Visual) -> Iterator[Violation]:
    match visual.WhichOneof("type"):
        case "slide" if len(visual.slide.blocks) > MAX_BLOCKS:
            yield Violation(
                f"{at}.slide.blocks", f"{len(visual.slide.blocks)} blocks were given; at most {MAX_BLOCKS} are allowed"
            )
        case "slide":
            for index, block in enumerate(visual.slide.blocks):
                if block.WhichOneof("block") is None:
                    yield Violation(f"{at}.slide.blocks[{index}]", "the block is empty")
                for row in block.table.rows:
                    if len(row.cells) != len(block.table.header):
                        yield Violation(
                            f"{at}.slide.blocks[{index}].table",
                            f"a row has {len(row.cells)} cells, the header {len(block.table.header)}",
                        )
        case "diagram":
            yield from _too_long(f"{at}.diagram.source", visual.diagram.source, MAX_SOURCE_CODE_CHARACTERS)
        case "code":
            yield from _too_long(f"{at}.code.source", visual.code.source, MAX_SOURCE_CODE_CHARACTERS)
            for index, lines in enumerate(visual.code.focus):
                if not 1 <= lines.first <= lines.last:
                    yield Violation(
                        f"{at}.code.focus[{index}]", f"{lines.first} to {lines.last} is not a range of lines"
                    )
        case "formula":
            yield from _too_long(f"{at}.formula.latex", visual.formula.latex, MAX_LATEX_CHARACTERS)
        case "other":
            yield from _too_long(f"{at}.other.source", visual.other.source, MAX_SOURCE_CODE_CHARACTERS)


def _duration_violations(
    name: str, message: "_HasDuration", field: str, least: float, most: float
) -> Iterator[Violation]:
    if message.HasField(field):  # type: ignore[arg-type]
        seconds = _seconds(getattr(message, field))
        if not least <= seconds <= most:
            yield Violation(name, f"{seconds:g} s is not between {least:g} s and {most:g} s")


_HasDuration = (
    video_service_pb2.GenerateVideoRequest | video_service_pb2.WatchJobRequest | job_pb2.VideoOptions | script_pb2.Scene
)


def _seconds(duration: Duration) -> float:
    return duration.seconds + duration.nanos / 1_000_000_000


def _too_long(field: str, text: str, most: int) -> Iterator[Violation]:
    if len(text) > most:
        yield Violation(field, f"the text has {len(text)} characters; at most {most} are allowed")


def _unknown(field: str, given: str, known: Collection[str]) -> Violation:
    return Violation(field, f"{_shown(given)} is not known; allowed: {_list(known)}")


def _list(names: "Collection[str] | Iterator[str] | map[str]") -> str:
    return ", ".join(names)


def _shown(text: str) -> str:
    """What was given, short enough for an error."""
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"'
