"""Whether a schedule went right: pure functions over what was seen of it. Each answers what is wrong, in words."""

import dataclasses
import io
import itertools

import av
from tests.robustness.ledger import made_again
from tests.robustness.play import Played, PlayedJob
from tests.robustness.schedules import FAILURES, Schedule
from tests.robustness.validate import History, g4_stable, problems_of
from tests.robustness.watchers import FINISHED, Watched

from kinescribe.errors import from_status
from kinescribe.v1 import event_pb2, job_pb2

# Two cores are shared by everything: a message may be late by this.
_LATE_SECONDS = 3.0
# What a caller may be told while something is down; each says that a repetition can help.
_EXCUSES = {"UNAVAILABLE", "CONNECTION_LOST", "SERVER_DRAINING", "STATE_STORE_UNAVAILABLE"}
_FROZEN = ("stop_service", "stop at")
_DURATION_SECONDS = 0.15
_ATTEMPTS = 3


def problems_of_schedule(played: Played) -> list[str]:
    found = [*played.trouble]
    for number, job in enumerate(played.jobs):
        found += [f"job {number}: {problem}" for problem in _problems_of_job(played, job)]
    found += [f"made again though it was stored: {key[:12]}" for key in made_again(played.ledger)]
    return found + [f"a call failed with {reason}" for reason in _unexcused(played)]


def _problems_of_job(played: Played, job: PlayedJob) -> list[str]:
    if not job.watched:
        return ["it was not seen to end"]
    found = [problem for watched in job.watched for problem in _problems_of_watched(played, job, watched)]
    found += [f"g4_stable: {problem}" for problem in g4_stable([h for w in job.watched for h in w.histories])]
    if len(set(job.copies)) > 1:
        found.append(f"one request_id made {len(set(job.copies))} jobs")
    return found + job.unreadable + _problems_of_answers(job) + _problems_of_end(played.schedule, job)


def _problems_of_answers(job: PlayedJob) -> list[str]:
    """A cancel can be repeated, also after the end; what was deleted is not there."""
    match job.plan.action, job.answers:
        case "delete", ["OK" | "JOB_NOT_FOUND", "JOB_NOT_FOUND"]:
            return []
        case ("cancel", ["OK"]) | ("cancel twice", ["OK", "OK"]) | ("", []):
            return []
        case action, answers:
            return [f"{action} was answered by {', '.join(answers)}"]


def _problems_of_watched(played: Played, job: PlayedJob, watched: Watched) -> list[str]:
    found = [f"g8_stored: {problem}" for problem in watched.missing]
    for history in watched.histories:
        found += problems_of(dataclasses.replace(history, times=()))
        found += _silences(played, history)
    messages = [message for history in watched.histories for message in history.messages]
    found += problems_of(History(messages, ended_ok=watched.ended == FINISHED, times=()))
    allowed = {FINISHED, "JOB_NOT_FOUND"} if job.plan.action == "delete" else {FINISHED}
    if watched.ended not in allowed:
        found.append(f"a watcher ended with {watched.ended or 'nothing'}")
    return found


def _silences(played: Played, history: History) -> list[str]:
    """G10, but for the time in which the service was stopped, or the kernel held it up to look for memory."""
    if played.schedule.memory:
        return []
    frozen = [(since, until) for kind, since, until in played.disturbed if kind.startswith(_FROZEN)]
    return [
        f"g10_live: nothing arrived for {later - earlier:.1f} s"
        for earlier, later in itertools.pairwise(history.times)
        if later - earlier > history.heartbeat_seconds + _LATE_SECONDS + _held_up(played, earlier, later)
        and not any(since <= later and until >= earlier for since, until in frozen)
    ]


def _held_up(played: Played, earlier: float, later: float) -> float:
    """For how many seconds of a time the machine was too busy to serve even us, who do next to nothing."""
    return sum(seconds for moment, seconds in played.held_up if earlier <= moment <= later)


def _problems_of_end(schedule: Schedule, job: PlayedJob) -> list[str]:
    ends = [e.job_finished for w in job.watched for e in w.events if e.HasField("job_finished")]
    if job.plan.action == "delete":
        gone = [problem for problem, wrong in (("it is listed", job.listed), ("it is there", bool(job.job))) if wrong]
        return [f"it was deleted, and {problem}" for problem in gone]
    if not ends or job.job is None:
        return ["it has no end"]
    end = ends[0]
    found = [] if job.listed else ["it is not listed"]
    if job.job.status != end.status:
        found.append(f"GetJob says {job.job.status}, JobFinished said {end.status}")
    if job.job.last_sequence != max(event.sequence for watched in job.watched for event in watched.events):
        found.append(f"GetJob says that event {job.job.last_sequence} is the last one")
    match end.status:
        case job_pb2.JOB_STATUS_SUCCEEDED:
            return found + _problems_of_success(schedule, job, end)
        case job_pb2.JOB_STATUS_CANCELLED:
            return found if job.plan.action.startswith("cancel") else [*found, "it was cancelled by nobody"]
        case _:
            reason = from_status(end.error).reason
            return found if reason in _reasons_to_fail(schedule, job) else [*found, f"it failed: {end.error.message}"]


def _reasons_to_fail(schedule: Schedule, job: PlayedJob) -> set[str]:
    reasons = {"DEADLINE_EXCEEDED"} if job.plan.timeout else set()
    if job.plan.strict and _most_degraded(schedule, job):
        reasons.add("DEGRADED")
    if schedule.disk:
        reasons.add("STORAGE_FULL")
    if schedule.attempts_lost >= _ATTEMPTS:
        reasons.add("WORKER_LOST")
    return reasons


def _most_degraded(schedule: Schedule, job: PlayedJob) -> int:
    """A step has three attempts; those that faults cost count as well."""
    return sum(FAILURES.get(scene, 0) + schedule.attempts_lost >= _ATTEMPTS for scene in job.plan.scenes)


def _problems_of_success(schedule: Schedule, job: PlayedJob, end: event_pb2.JobFinished) -> list[str]:
    found = []
    most = _most_degraded(schedule, job)
    if not job.plan.degraded <= end.degraded_segments <= most:
        found.append(f"{end.degraded_segments} segments are degraded; at least {job.plan.degraded}, at most {most}")
    if job.plan.strict and end.degraded_segments:
        found.append("strict was asked for, and it succeeded with a degraded segment")
    steps = 1 + 3 * len(job.plan.scenes)
    if end.made_steps + end.cached_steps != steps:
        found.append(f"{end.made_steps} steps made and {end.cached_steps} cached, of {steps}")
    return found + _problems_of_film(job)


def _problems_of_film(job: PlayedJob) -> list[str]:
    assert job.job is not None
    video, found = job.job.video, []
    if not job.film:
        return ["its film could not be read"]
    with av.open(io.BytesIO(job.film), "r") as film:
        picture = film.streams.video[0]
        if (picture.width, picture.height) != (job.plan.width, job.plan.height):
            found.append(f"its film is {picture.width}x{picture.height}")
        if not film.streams.audio:
            found.append("its film has no sound")
        seconds = (film.duration or 0) / av.time_base
        said = video.duration.ToTimedelta().total_seconds()
        if abs(seconds - said) > _DURATION_SECONDS:
            found.append(f"its film plays {seconds:.2f} s, and {said:.2f} s were announced")
    return found


def _unexcused(played: Played) -> list[str]:
    broken = [reason for job in played.jobs for watched in job.watched for reason in watched.broken]
    excuses = set(_EXCUSES)
    if any(job.plan.action == "delete" for job in played.jobs):
        excuses.add("JOB_NOT_FOUND")
    if played.schedule.disk:
        excuses.add("STORAGE_FULL")
    if any(kind.startswith(_FROZEN) for kind, _, _ in played.disturbed):
        excuses |= {"DEADLINE_EXCEEDED", "STREAM_SILENT"}
    return sorted({reason for reason in (*broken, *played.refusals) if reason not in excuses})
