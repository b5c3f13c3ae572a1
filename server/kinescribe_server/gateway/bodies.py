"""Bodies of requests: read within limits, and parsed as the JSON form of the contract's messages."""

import asyncio
import re
from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from kinescribe_server.jobs.errors import InvalidRequestError, Violation
from kinescribe_server.jobs.violations import shown

MAX_BODY_BYTES = 3 << 20
# 3 MiB take 25 s at one megabit a second.
_BODY_SECONDS = 30.0

_TOO_LARGE = HTTPException(413, f"a request has at most {MAX_BODY_BYTES} bytes")

# How the parser of Protocol Buffers tells what it found and where.
_UNKNOWN = re.compile(r'has no field named "(?P<name>[^"]*)" at "\w+\.?(?P<at>[^"]*)"')
_ALLOWED = re.compile(r"Available Fields.*?\[(?P<names>.*)\]", re.DOTALL)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PATH = re.compile(r"Failed to parse (\w+) field: ")

_Message = TypeVar("_Message", bound=Message)


async def read_message(request: Request, message: _Message) -> _Message:
    """The body as a message. Raises HTTPException for a body that is too large, too slow or not JSON by its own word,
    InvalidRequestError for JSON that is not the message's."""
    # Pages of other sites may send a form or plain text here without asking; JSON they may not.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "the body has to be JSON, with the header Content-Type: application/json")
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            body = await _body(request)
    except TimeoutError as error:
        raise HTTPException(408, f"the body did not come within {_BODY_SECONDS:g} s") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the connection ended before the body did") from error
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequestError((Violation("", f"the body is not UTF-8: {error.reason}"),)) from error
    if not text.lstrip().startswith("{"):
        raise InvalidRequestError((Violation("", f"the body is {shown(text[:20])}…; a JSON object is needed"),))
    try:
        return json_format.Parse(text, message, max_recursion_depth=50)
    except json_format.ParseError as error:
        raise InvalidRequestError((_violation(str(error)),)) from error


async def _body(request: Request) -> bytes:
    if int(request.headers.get("content-length", "0")) > MAX_BODY_BYTES:
        raise _TOO_LARGE
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _TOO_LARGE
    return bytes(body)


def _violation(message: str) -> Violation:
    """What the parser says, with the path of the field that it says it of."""
    unknown = _UNKNOWN.search(message)
    if unknown is not None:
        path = ".".join(filter(None, (unknown["at"], unknown["name"])))
        allowed = _ALLOWED.search(message)
        # The parser lists names as JSON has them; the contract writes them with underscores, and takes both.
        names = _HUMP.sub("_", allowed["names"].replace("'", "")).lower() if allowed else "nothing"
        return Violation(path, f"there is no such field; allowed: {names}")
    return Violation(".".join(_PATH.findall(message)), _PATH.sub("", message).rstrip("."))
