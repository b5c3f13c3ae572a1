"""Between the contract's messages and the words of jobs/. The only module of the service that knows both."""

from collections.abc import Iterable
from typing import assert_never

from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from kinescribe.v1 import artifact_pb2, event_pb2, job_pb2, script_pb2, video_service_pb2
from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs import events
from kinescribe_server.jobs.details import JobDetails, SegmentState
from kinescribe_server.jobs.model import (
    BrandOptions,
    CaptionMode,
    Counts,
    JobStatus,
    MotionMode,
    Options,
    Step,
    StepKind,
    Warn,
)
from kinescribe_server.jobs.plan import artifact_names
from kinescribe_server.jobs.progress import percent
from kinescribe_server.rpc.errors import job_error
from kinescribe_server.script.model import SCRIPT, Script

_STATUS = {
    JobStatus.PENDING: job_pb2.JOB_STATUS_PENDING,
    JobStatus.RUNNING: job_pb2.JOB_STATUS_RUNNING,
    JobStatus.CANCELLING: job_pb2.JOB_STATUS_CANCELLING,
    JobStatus.SUCCEEDED: job_pb2.JOB_STATUS_SUCCEEDED,
    JobStatus.FAILED: job_pb2.JOB_STATUS_FAILED,
    JobStatus.CANCELLED: job_pb2.JOB_STATUS_CANCELLED,
}
_STEP_KIND = {
    StepKind.SCRIPT: event_pb2.STEP_KIND_SCRIPT,
    StepKind.SPEECH: event_pb2.STEP_KIND_SPEECH,
    StepKind.VISUAL: event_pb2.STEP_KIND_VISUAL,
    StepKind.RENDER: event_pb2.STEP_KIND_RENDER,
    StepKind.COMPOSE: event_pb2.STEP_KIND_COMPOSE,
}
_STEP_STATE = {
    "": job_pb2.STEP_STATE_PENDING,
    "pending": job_pb2.STEP_STATE_PENDING,
    "running": job_pb2.STEP_STATE_RUNNING,
    "waiting": job_pb2.STEP_STATE_RUNNING,
    "done": job_pb2.STEP_STATE_DONE,
}

_CAPTION_MODE = {
    CaptionMode.SIDECAR: job_pb2.CAPTION_MODE_SIDECAR,
    CaptionMode.OFF: job_pb2.CAPTION_MODE_OFF,
    CaptionMode.BURNED_IN: job_pb2.CAPTION_MODE_BURNED_IN,
}
_MOTION_MODE = {MotionMode.NONE: job_pb2.MOTION_MODE_NONE, MotionMode.SUBTLE: job_pb2.MOTION_MODE_SUBTLE}


def script_from_message(message: script_pb2.Script) -> Script:
    return SCRIPT.validate_python(json_format.MessageToDict(message, preserving_proto_field_name=True))


def script_to_message(script: Script) -> script_pb2.Script:
    return json_format.ParseDict(SCRIPT.dump_python(script, mode="json"), script_pb2.Script())


def watch_event_bytes(entry: events.LogEntry) -> bytes:
    """What every watcher of an event gets: the one way in which an entry of the log becomes a message."""
    response = video_service_pb2.WatchJobResponse(event=_event(entry))
    return response.SerializeToString(deterministic=True)


def gauge_to_message(gauge: dict[str, object]) -> event_pb2.StepGauge:
    segment = gauge["segment"]
    return event_pb2.StepGauge(
        segment_index=segment if isinstance(segment, int) else None,
        step=_STEP_KIND[StepKind(str(gauge["step"]))],
        attempt=int(str(gauge["attempt"])),
        percent=float(str(gauge["percent"])),
    )


def job_to_message(details: JobDetails) -> job_pb2.Job:
    job = details.job
    message = job_pb2.Job(
        job_id=job.job_id,
        status=_STATUS[job.status],
        progress=_progress(job.counts, finished=job.status is JobStatus.SUCCEEDED),
        segments=[_segment(segment) for segment in details.segments],
        last_sequence=job.sequence,
        create_time=_time(job.created_ms),
        start_time=_time(job.started_ms),
        end_time=_time(job.ended_ms),
        expire_time=_time(job.expires_ms),
        labels=job.request.labels,
        warnings=warnings_to_messages(job.warnings),
        options=_options(job.request.options),
    )
    message.progress.queue_position = details.ahead
    if details.seconds_left is not None:
        message.progress.time_left.CopyFrom(_duration(details.seconds_left))
    if details.script is not None:
        message.script.CopyFrom(script_to_message(details.script))
    if details.film is not None:
        message.video.CopyFrom(_video(details.film))
    elif job.status.finished:
        message.error.CopyFrom(job_error(job.error_reason, job.error_message))
    return message


def warnings_to_messages(warnings: Iterable[Warn | Notice]) -> list[job_pb2.Warning]:
    return [
        job_pb2.Warning(
            segment_index=warning.segment if isinstance(warning, Warn) else None,
            reason=warning.reason,
            message=warning.message,
        )
        for warning in warnings
    ]


def artifact_to_message(name: str, file: StoredFile) -> artifact_pb2.Artifact:
    return artifact_pb2.Artifact(
        name=name,
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        duration=None if file.duration is None else _duration(file.duration),
    )


def _event(entry: events.LogEntry) -> event_pb2.JobEvent:
    finished = isinstance(entry.event, events.JobFinished) and entry.event.status is JobStatus.SUCCEEDED
    message = event_pb2.JobEvent(
        sequence=entry.sequence,
        chain=entry.chain,
        time=_time(entry.time_ms),
        job_id=entry.job_id,
        progress=_progress(entry.counts, finished=finished),
    )
    match entry.event:
        case events.JobAccepted(labels=labels):
            message.job_accepted.SetInParent()
            message.job_accepted.labels.update(labels)
        case events.ScriptReady() as event:
            message.script_ready.CopyFrom(
                event_pb2.ScriptReady(
                    script=_named(event.script), segments=event.segments, cached=event.cached, writer=event.writer
                )
            )
        case events.AudioReady() as event:
            message.audio_ready.CopyFrom(
                event_pb2.AudioReady(
                    segment_index=event.segment,
                    audio=_named(event.audio),
                    cached=event.cached,
                    maker=event.maker,
                )
            )
        case events.VisualReady() as event:
            message.visual_ready.CopyFrom(
                event_pb2.VisualReady(
                    segment_index=event.segment,
                    states=[_named(state) for state in event.states],
                    cached=event.cached,
                    maker=event.maker,
                )
            )
        case events.AssetRetried() as event:
            message.asset_retried.CopyFrom(
                event_pb2.AssetRetried(
                    segment_index=event.segment,
                    step=_STEP_KIND[event.step],
                    attempt=event.attempt,
                    reason=event.reason,
                    delay=_duration(event.delay),
                )
            )
        case events.AssetDegraded() as event:
            message.asset_degraded.CopyFrom(
                event_pb2.AssetDegraded(
                    segment_index=event.segment,
                    step=_STEP_KIND[event.step],
                    reason=event.reason,
                    message=event.message,
                )
            )
        case events.SegmentRenderReady(segment=segment):
            message.segment_render_ready.segment_index = segment
        case events.SegmentRendered() as event:
            message.segment_rendered.CopyFrom(
                event_pb2.SegmentRendered(segment_index=event.segment, clip=_named(event.clip), cached=event.cached)
            )
        case events.VideoReady() as event:
            message.video_ready.CopyFrom(event_pb2.VideoReady(video=_video(event.video), cached=event.cached))
        case events.CancelRequested():
            message.cancel_requested.SetInParent()
        case events.JobFinished() as event:
            message.job_finished.CopyFrom(
                event_pb2.JobFinished(
                    status=_STATUS[event.status],
                    error=job_error(event.error_reason, event.error_message) if event.error_reason else None,
                    degraded_segments=event.degraded_segments,
                    cached_steps=event.cached_steps,
                    made_steps=event.made_steps,
                    warnings=event.warnings,
                    cpu_time_saved=_duration(event.cpu_saved),
                    cpu_time_spent=_duration(event.cpu_spent),
                )
            )
        case _:
            assert_never(entry.event)
    return message


def _named(file: events.NamedFile) -> artifact_pb2.Artifact:
    return artifact_to_message(file.name, file.file)


def _video(film: events.FilmSummary) -> job_pb2.Video:
    return job_pb2.Video(
        film=_named(film.film),
        extras=[_named(extra) for extra in film.extras],
        duration=_duration(film.duration),
        width=film.width,
        height=film.height,
        frame_rate=film.frame_rate,
    )


def _segment(segment: SegmentState) -> job_pb2.Segment:
    message = job_pb2.Segment(
        segment_index=segment.index,
        scene_id=segment.scene_id,
        title=segment.title,
        audio_state=_STEP_STATE[segment.states[StepKind.SPEECH]],
        visual_state=_STEP_STATE[segment.states[StepKind.VISUAL]],
        clip_state=_STEP_STATE[segment.states[StepKind.RENDER]],
        degraded_reason=next((result.degraded for result in segment.results.values() if result.degraded), ""),
    )
    for kind, result in segment.results.items():
        names = artifact_names(Step(kind, segment.index), result.files)
        message.artifacts.extend(artifact_to_message(names[role], file) for role, file in result.files.items())
    if StepKind.RENDER in segment.results:
        message.duration.CopyFrom(_duration(segment.results[StepKind.RENDER].details["duration"]))
    return message


def _progress(counts: Counts, *, finished: bool) -> job_pb2.Progress:
    return job_pb2.Progress(
        percent=100.0 if finished else percent(counts),
        segments=counts.segments,
        audio_ready=counts.audio,
        visual_ready=counts.visual,
        rendered=counts.rendered,
    )


def _options(options: Options) -> job_pb2.VideoOptions:
    return job_pb2.VideoOptions(
        voice=options.voice,
        language=options.language,
        theme=options.theme,
        width=options.width,
        height=options.height,
        frame_rate=options.frame_rate,
        speaking_rate=options.speaking_rate,
        captions=_CAPTION_MODE[options.captions],
        writer=options.writer,
        motion=_MOTION_MODE[options.motion],
        lexicon=options.lexicon,
        music=options.music,
        brand=None if options.brand is None else _brand(options.brand),
        strict=options.strict,
        retention=_duration(options.retention_seconds),
    )


def _brand(brand: BrandOptions) -> job_pb2.Brand:
    return job_pb2.Brand(colors=brand.colors, fonts=brand.fonts, logo_attachment=brand.logo_attachment)


def _time(milliseconds: int) -> Timestamp | None:
    if not milliseconds:
        return None
    return Timestamp(seconds=milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)


def _duration(seconds: float) -> Duration:
    nanoseconds = round(seconds * 1_000_000_000)
    return Duration(seconds=nanoseconds // 1_000_000_000, nanos=nanoseconds % 1_000_000_000)
