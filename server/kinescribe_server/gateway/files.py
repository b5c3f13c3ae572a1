"""A job's artifacts, by name, whole or in ranges. A name is looked up in the job and never is a path."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import PurePosixPath

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kinescribe_server.artifacts.protocol import ArtifactStore, StoredFile
from kinescribe_server.gateway import links
from kinescribe_server.gateway.parts import Parts
from kinescribe_server.gateway.ranges import RangeNotSatisfiableError, wanted_bytes
from kinescribe_server.jobs.model import LOCAL_OWNER

# Large enough to cost little a byte, small enough that many downloads at once hold little.
_CHUNK_BYTES = 256 << 10


def routes(parts: Parts) -> APIRouter:
    router = APIRouter(prefix=links.ROOT)

    @router.head("/files/{job_id}/{name:path}", include_in_schema=False)
    @router.get("/files/{job_id}/{name:path}")
    async def files(request: Request, job_id: str, name: str, download: bool = False) -> Response:
        """An artifact; with `?download=1` to be saved rather than shown."""
        file = await parts.jobs.artifact(LOCAL_OWNER, job_id, name)
        await asyncio.to_thread(parts.artifacts.path, file.sha256)  # a missing file is told while that is possible
        return _answer(request, file, _headers(name, file, download), parts.artifacts)

    return router


def _answer(request: Request, file: StoredFile, headers: dict[str, str], artifacts: ArtifactStore) -> Response:
    tag = headers["ETag"]
    if _matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    # A range of another version of the file would not fit to what the client has of it.
    asked = request.headers.get("range") if request.headers.get("if-range", tag) == tag else None
    try:
        wanted = wanted_bytes(asked, file.size_bytes)
    except RangeNotSatisfiableError as error:
        unsatisfied = {"Content-Range": f"bytes */{file.size_bytes}"}
        message = f"the file has {file.size_bytes} bytes, of which {asked!r} names none"
        raise HTTPException(416, message, unsatisfied) from error
    code, places = 200, range(file.size_bytes)
    if wanted is not None:
        code, places = 206, wanted
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{file.size_bytes}"
    headers["Content-Length"] = str(len(places))
    if request.method == "HEAD":
        return Response(status_code=code, headers=headers)
    return StreamingResponse(_chunks(artifacts, file.sha256, places), code, headers)


def _headers(name: str, file: StoredFile, download: bool) -> dict[str, str]:
    headers = {
        "Content-Type": file.media_type,
        "ETag": f'"{file.sha256}"',
        "Accept-Ranges": "bytes",
        # A deleted job's files are to be gone, so a browser asks before it shows what it kept.
        "Cache-Control": "private, no-cache",
    }
    if download:
        headers["Content-Disposition"] = f'attachment; filename="{PurePosixPath(name).name}"'
    return headers


def _matches(header: str | None, tag: str) -> bool:
    given = {one.strip().removeprefix("W/") for one in (header or "").split(",")}
    return bool(given & {tag, "*"})


async def _chunks(artifacts: ArtifactStore, sha256: str, places: range) -> AsyncIterator[bytes]:
    left = len(places)
    chunks = artifacts.chunks(sha256, places.start, _CHUNK_BYTES)
    while left and (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
        yield chunk[:left]
        left -= min(left, len(chunk))
