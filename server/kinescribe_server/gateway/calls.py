"""The calls that HTTP users know: start a film, ask how far it is, stop it."""

from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kinescribe.v1.video_service_pb2 import GenerateVideoRequest
from kinescribe_server.gateway import links
from kinescribe_server.gateway.bodies import read_message
from kinescribe_server.gateway.job_json import job_json
from kinescribe_server.gateway.parts import Parts
from kinescribe_server.jobs.model import LOCAL_OWNER
from kinescribe_server.rpc import checks

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "description": "GenerateVideoRequest of package kinescribe.v1, as JSON"},
                "example": {"source_text": "# Tides\n\nThe Moon pulls at the sea.", "options": {"theme": "dark"}},
            }
        },
    }
}


def routes(parts: Parts) -> APIRouter:
    router = APIRouter(prefix=links.ROOT)

    @router.post("/generate", status_code=202, openapi_extra=_BODY)
    async def generate(request: Request) -> Response:
        """Starts a job. `{"source_text": "…"}` suffices."""
        wanted = await read_message(request, GenerateVideoRequest())
        new = checks.new_job(wanted, parts.catalog)
        if wanted.validate_only:
            await parts.jobs.check(LOCAL_OWNER, new)
            return JSONResponse({"valid": True})
        details, deduplicated = await parts.jobs.generate(LOCAL_OWNER, new)
        urls = links.of_job(details.job.job_id)
        body = {"job_id": details.job.job_id, "status": details.job.status, "deduplicated": deduplicated, **urls}
        return JSONResponse(body, 202, {"Location": urls["status_url"]})

    @router.get("/status/{job_id}")
    async def status(job_id: str, view: Literal["basic", "full"] = "basic") -> Response:
        """A job as it is now; with `?view=full` also its script and its segments."""
        full = view == "full"
        return JSONResponse(job_json(await parts.jobs.get(LOCAL_OWNER, job_id, full=full), full=full), headers=_FRESH)

    @router.post("/cancel/{job_id}")
    async def cancel(job_id: str) -> Response:
        """Asks to stop a job. Repeated, or on a finished job, it answers the job as it is."""
        return JSONResponse(job_json(await parts.jobs.cancel(LOCAL_OWNER, job_id)))

    return router


_FRESH = {"Cache-Control": "no-store"}
