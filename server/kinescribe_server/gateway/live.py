"""The film while it is being made: a playlist that grows with each clip, and the pieces that it names."""

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from kinescribe_server.gateway import links
from kinescribe_server.gateway.parts import Parts
from kinescribe_server.jobs.errors import ServerDrainingError
from kinescribe_server.jobs.model import LOCAL_OWNER

_PLAYLIST = "application/vnd.apple.mpegurl"
# How long a playlist is held back: hls.js gives up on an answer after ten seconds, and then asks in vain for a while.
_HELD_SECONDS = 8.0


def routes(parts: Parts) -> APIRouter:
    router = APIRouter(prefix=f"{links.ROOT}/hls")

    @router.head("/{job_id}/film.m3u8", include_in_schema=False)
    @router.get("/{job_id}/film.m3u8")
    async def playlist(job_id: str, msn: Annotated[int, Query(alias="_HLS_msn", ge=0)] = 0) -> Response:
        """The longest rendered beginning of the film; it ends when the job has finished in any way. The answer is held
        back until there is a first part, or the one with the number that a player asks for."""
        text = await _with_part(parts, job_id, msn)
        return Response(text, media_type=_PLAYLIST, headers={"Cache-Control": "no-store"})

    @router.head("/{job_id}/{name}", include_in_schema=False)
    @router.get("/{job_id}/{name}")
    async def piece(job_id: str, name: str) -> Response:
        film = await parts.jobs.rendered(LOCAL_OWNER, job_id)
        data = await asyncio.to_thread(parts.live.piece, film.clips, film.frame_rate, name)
        # The clips of a job never change, and neither does what they are cut into.
        return Response(data, media_type="video/mp4", headers={"Cache-Control": "private, max-age=86400, immutable"})

    return router


async def _with_part(parts: Parts, job_id: str, number: int) -> str:
    """The playlist, as soon as it names the part of that number or nothing more will come; after a while, or when the
    server stops, as it is."""
    text, settled = await _playlist(parts, job_id, number)
    if settled:
        return text
    with suppress(TimeoutError, ServerDrainingError):
        async with asyncio.timeout(_HELD_SECONDS), parts.logs.follow(job_id) as log:
            while not settled:
                seen = log.last
                text, settled = await _playlist(parts, job_id, number)
                if not settled:
                    await log.wait_beyond(seen, _HELD_SECONDS)
    return text


async def _playlist(parts: Parts, job_id: str, number: int) -> tuple[str, bool]:
    """The playlist as it is, and whether it names the part of that number or will name no more."""
    film = await parts.jobs.rendered(LOCAL_OWNER, job_id)
    text = await asyncio.to_thread(parts.live.playlist, film.clips, film.frame_rate, ended=film.ended)
    return text, film.ended or text.count("#EXTINF") > number
