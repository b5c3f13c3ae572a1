"""The promises of WatchJob as code: one pure function for each, over recorded histories.

A history is what one watcher got on one stream, in order: the messages, and how the stream ended. Each function answers
what is wrong, in words; an empty list means that the promise was kept.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kinescribe.v1 import artifact_pb2, event_pb2, video_service_pb2

Message = video_service_pb2.WatchJobResponse
Event = event_pb2.JobEvent


@dataclass(frozen=True, slots=True)
class History:
    """One stream: where it was asked to begin, the messages with the time at which each arrived (seconds), and whether
    it ended OK."""

    messages: Sequence[Message]
    after_sequence: int = 0
    ended_ok: bool = True
    times: Sequence[float] = field(default_factory=tuple)
    heartbeat_seconds: float = 15.0

    @property
    def events(self) -> list[Event]:
        return [message.event for message in self.messages if message.WhichOneof("message") == "event"]


def g1_ordered(history: History) -> list[str]:
    numbers = [event.sequence for event in history.events]
    return [f"{later} came after {earlier}" for earlier, later in itertools.pairwise(numbers) if later <= earlier]


def g2_contiguous(history: History) -> list[str]:
    numbers = [event.sequence for event in history.events]
    return [f"after {earlier} came {later}" for earlier, later in itertools.pairwise(numbers) if later != earlier + 1]


def g3_unique(history: History) -> list[str]:
    numbers = [event.sequence for event in history.events]
    return [
        f"{number} came {numbers.count(number)} times" for number in sorted(set(numbers)) if numbers.count(number) > 1
    ]


def g4_stable(histories: Iterable[History]) -> list[str]:
    """Over all histories of one job."""
    seen: dict[int, bytes] = {}
    problems = []
    for event in (event for history in histories for event in history.events):
        encoded = event.SerializeToString(deterministic=True)
        if seen.setdefault(event.sequence, encoded) != encoded:
            problems.append(f"event {event.sequence} differs between watchers")
    return problems


def g5_resumable(history: History) -> list[str]:
    first = next((event.sequence for event in history.events), None)
    if first is None or first == history.after_sequence + 1:
        return []
    return [f"after_sequence was {history.after_sequence}, and the first event {first}"]


def g6_causal(history: History) -> list[str]:
    """On a history from the beginning."""
    done: set[tuple[str, int]] = set()
    problems = []
    needs: Mapping[str, Sequence[str]] = {
        "script_ready": ["job_accepted"],
        "audio_ready": ["script_ready"],
        "visual_ready": ["script_ready"],
        "segment_render_ready": ["audio_ready", "visual_ready"],
        "segment_rendered": ["segment_render_ready"],
    }
    cancelled = False
    for event in history.events:
        kind = event.WhichOneof("type") or "unknown"
        segment = _segment(event)
        if cancelled and kind != "job_finished":
            problems.append(f"event {event.sequence} ({kind}) came after CancelRequested")
        for need in needs.get(kind, ()):
            if (need, _JOB) not in done and (need, segment) not in done:
                problems.append(f"event {event.sequence} ({kind} of segment {segment}) came before {need}")
        done.add((kind, segment))
        cancelled = cancelled or kind == "cancel_requested"
    return problems


def g7_terminal(history: History) -> list[str]:
    kinds = [event.WhichOneof("type") for event in history.events]
    finished = kinds.count("job_finished")
    problems = []
    if finished > 1:
        problems.append(f"JobFinished came {finished} times")
    if finished and history.messages[-1].event.WhichOneof("type") != "job_finished":
        problems.append("JobFinished was not the last message")
    if history.ended_ok and not finished:
        problems.append("the stream ended OK without JobFinished")
    if finished and not history.ended_ok:
        problems.append("the stream ended with an error after JobFinished")
    return problems


def g8_stored(history: History, is_readable: Callable[[str, artifact_pb2.Artifact], bool]) -> list[str]:
    """`is_readable` tells, by job and artifact, whether the bytes are there and are those that were announced."""
    return [
        f"event {event.sequence} names {artifact.name}, which cannot be read"
        for event in history.events
        for artifact in artifacts_of(event)
        if not is_readable(event.job_id, artifact)
    ]


def g9_once(history: History) -> list[str]:
    once = [
        (event.WhichOneof("type"), _segment(event))
        for event in history.events
        if event.WhichOneof("type") not in {"asset_retried", "asset_degraded"}
    ]
    return [
        f"{kind} of segment {segment} came {once.count((kind, segment))} times"
        for kind, segment in sorted({fact for fact in once if once.count(fact) > 1}, key=str)
    ]


def g10_live(history: History, grace_seconds: float = 2.0) -> list[str]:
    """`grace_seconds` is for a machine that is busy with other things."""
    most = history.heartbeat_seconds + grace_seconds
    return [
        f"nothing arrived for {later - earlier:.1f} s"
        for earlier, later in itertools.pairwise(history.times)
        if later - earlier > most
    ]


def progress_never_falls(history: History) -> list[str]:
    percents = [event.progress.percent for event in history.events]
    return [
        f"{earlier} % was followed by {later} %" for earlier, later in itertools.pairwise(percents) if later < earlier
    ]


def problems_of(history: History) -> list[str]:
    """What is wrong with a single history that has to keep every promise but G4 and G8, which need more than it."""
    checks = [g1_ordered, g2_contiguous, g3_unique, g5_resumable, g7_terminal, g9_once, progress_never_falls]
    if history.after_sequence == 0:
        checks.append(g6_causal)
    found = [f"{check.__name__}: {problem}" for check in checks for problem in check(history)]
    return found + [f"g10_live: {problem}" for problem in g10_live(history)]


def artifacts_of(event: Event) -> list[artifact_pb2.Artifact]:
    """The artifacts that an event names."""
    match event.WhichOneof("type"):
        case "script_ready":
            return [event.script_ready.script]
        case "audio_ready":
            return [event.audio_ready.audio]
        case "visual_ready":
            return list(event.visual_ready.states)
        case "segment_rendered":
            return [event.segment_rendered.clip]
        case "video_ready":
            return [event.video_ready.video.film, *event.video_ready.video.extras]
        case _:
            return []


_JOB = -1


def _segment(event: Event) -> int:
    """The segment of an event; _JOB for an event of the whole job."""
    kind = event.WhichOneof("type")
    detail = getattr(event, kind) if kind else None
    if detail is not None and "segment_index" in detail.DESCRIPTOR.fields_by_name and detail.HasField("segment_index"):
        return int(detail.segment_index)
    return _JOB
