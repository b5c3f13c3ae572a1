"""Whether the service can take jobs."""

import asyncio
from importlib.metadata import version

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from kinescribe_server.gateway.parts import Parts
from kinescribe_server.jobs.errors import ServerDrainingError, StateStoreUnavailableError

# Those who ask give up after a few seconds; a state store that answers later does not answer.
_ANSWER_SECONDS = 2.0


def routes(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.head("/health", include_in_schema=False)
    @router.get("/health")
    async def health() -> Response:
        """200 while jobs are taken; 503 while the server drains or the state store does not answer."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await parts.jobs.ready()
        except (ServerDrainingError, StateStoreUnavailableError) as error:
            return _health(503, "NOT_SERVING", reason=error.reason)
        except TimeoutError:
            return _health(503, "NOT_SERVING", reason=StateStoreUnavailableError.reason)
        return _health(200, "SERVING")

    return router


def _health(code: int, status: str, **more: str) -> Response:
    body = {"status": status, "version": version("kinescribe"), **more}
    return JSONResponse(body, code, {"Cache-Control": "no-store"})
