"""The routes put together, with what surrounds every call."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from kinescribe_server.gateway import calls, event_stream, files, health, live
from kinescribe_server.gateway.call_log import CallLog
from kinescribe_server.gateway.errors import answer_bad_parameter, answer_error, answer_http_error
from kinescribe_server.gateway.parts import Parts
from kinescribe_server.jobs.errors import KinescribeError


def application(parts: Parts) -> ASGIApp:
    """The pages of documentation are left out, since they load scripts from elsewhere; the description is there."""
    app = FastAPI(title="Kinescribe", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    for module in (calls, event_stream, files, live, health):
        app.include_router(module.routes(parts))
    app.add_exception_handler(RequestValidationError, answer_bad_parameter)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(KinescribeError, answer_error)
    app.add_exception_handler(Exception, answer_error)
    return CallLog(app)
