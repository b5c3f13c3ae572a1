"""A job as HTTP users get it: the contract's Job in JSON, with addresses, and its status in one word."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from kinescribe_server.gateway import links
from kinescribe_server.gateway.errors import error_json
from kinescribe_server.jobs.details import JobDetails
from kinescribe_server.rpc.convert import job_to_message

_IN_FULL = {"script", "segments"}


def job_json(details: JobDetails, *, full: bool = False) -> dict[str, Any]:
    """The job; script and segments only in full."""
    message = job_to_message(details)
    made = [message.video.film, *message.video.extras] if message.HasField("video") else []
    for artifact in [*made, *(artifact for segment in message.segments for artifact in segment.artifacts)]:
        artifact.url = links.of_file(message.job_id, artifact.name)
    found = to_json(message) | {"status": details.job.status.value} | links.of_job(message.job_id)
    if message.HasField("video"):
        found["video_url"] = message.video.film.url
    if message.WhichOneof("outcome") == "error":
        found["error"] = error_json(message.error)
    return found if full else {name: value for name, value in found.items() if name not in _IN_FULL}


def to_json(message: Message) -> dict[str, Any]:
    """A message in the JSON form of Protocol Buffers, with the names of the contract."""
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
