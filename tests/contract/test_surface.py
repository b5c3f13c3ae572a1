"""What others build on: the names of `import kinescribe`, their parameters, and the options of the command line.

A change here is a change for users: add freely, with a line in CHANGELOG.md; what is taken away breaks somebody.
"""

import inspect
import subprocess
import sys
from collections.abc import Callable

import typer.main
from typer.core import TyperGroup

import kinescribe
from kinescribe.cli import app

_ERRORS = {
    *("ArtifactNotFound", "DownloadCorrupt", "InvalidRequest", "JobNotFinished", "JobNotFound", "LogForked"),
    *("NotSupported", "RequestIdReused", "ResourceExhausted", "SequenceInFuture", "Unauthenticated", "Unavailable"),
}
_NAMES = {"Client", "DEFAULT_ADDRESS", "KinescribeError", "Reconnect", "Violation", "Watch", *_ERRORS}

_CLIENT = {
    "__init__": "(self, address='127.0.0.1:50051', *, call_seconds=10.0, reconnect=None)",
    "cancel": "(self, job_id)",
    "close": "(self)",
    "delete": "(self, job_id)",
    "download": "(self, job_id, name, path)",
    "generate": (
        "(self, *, text=None, script=None, options=None, request_id=None, labels=None, execution_timeout=None, "
        "attachments=None, default_options=None)"
    ),
    "get_job": "(self, job_id, *, full=False)",
    "list_jobs": "(self, *, page_size=0)",
    "preview_script": "(self, text, *, options=None, attachments=None, default_options=None)",
    "themes": "(self)",
    "upload_attachment": "(self, content, media_type)",
    "validate": (
        "(self, *, text=None, script=None, options=None, labels=None, attachments=None, default_options=None)"
    ),
    "visual_types": "(self)",
    "voices": "(self)",
    "watch": (
        "(self, job_id, *, after_sequence=0, after_chain='', gauges=False, heartbeat_seconds=15.0, reconnect=None)"
    ),
}

_COMMANDS = {
    "cancel": "job_id --server --data",
    "check": "film --full --json",
    "download": "job_id names --out/-o --server --data",
    "jobs": "--server --data --limit/-n",
    "render": (
        "files --out/-o --voice --theme --size --language --frame-rate --speaking-rate --captions/--no-captions "
        "--burn-in --motion/--no-motion --music --writer --retention --strict --brand --server --data --json --jobs "
        "--quiet/-q"
    ),
    "script": "file --out/-o --format --update --language --writer --server --data",
    "serve": "--listen --http --data",
    "worker": "--queues/-Q --concurrency/-c --data",
    "watch": "job_id --server --data --after --json --quiet/-q",
}


def _parameters(function: Callable[..., object]) -> str:
    signature = inspect.signature(function)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def test_the_package_has_these_names() -> None:
    assert set(kinescribe.__all__) == _NAMES
    assert all(hasattr(kinescribe, name) for name in _NAMES)


def test_every_error_is_a_kinescribe_error() -> None:
    for name in _ERRORS:
        assert issubclass(getattr(kinescribe, name), kinescribe.KinescribeError)


def test_the_client_has_these_methods_and_parameters() -> None:
    public = {name for name in vars(kinescribe.Client) if not name.startswith("_")}
    found = {name: _parameters(getattr(kinescribe.Client, name)) for name in (*public, "__init__")}
    assert found == _CLIENT


def test_a_watch_and_a_client_are_context_managers_and_a_watch_is_an_iterator() -> None:
    for part in (kinescribe.Client, kinescribe.Watch):
        assert {"__aenter__", "__aexit__"} <= set(vars(part))
    assert {"__aiter__", "__anext__", "aclose"} <= set(vars(kinescribe.Watch))


def test_reconnecting_is_set_by_these_fields() -> None:
    assert _parameters(kinescribe.Reconnect) == "(first_delay=0.1, longest_delay=5.0, give_up_after=120.0)"


def test_the_command_line_has_these_commands_and_options() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    found = {
        name: " ".join("/".join([*option.opts, *option.secondary_opts]) for option in command.params)
        for name, command in group.commands.items()
    }
    assert found == _COMMANDS


def test_the_client_imports_neither_the_service_nor_what_only_the_service_needs() -> None:
    program = (
        "import sys, kinescribe\n"
        "for name in kinescribe.__all__: getattr(kinescribe, name)\n"
        "print(*{'kinescribe_server', 'redis', 'pydantic', 'grpc_status'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
