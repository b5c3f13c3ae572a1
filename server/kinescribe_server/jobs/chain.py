"""Makers tried in order: what was made before is taken from storage, and else the first that can makes it."""

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from kinescribe_server.artifacts.results import ResultFolder, input_key
from kinescribe_server.engine.protocol import Made, Notice
from kinescribe_server.jobs.errors import InstallationError, MakeError, StandInRefusedError
from kinescribe_server.jobs.makers import MakerSpec
from kinescribe_server.jobs.model import Resource, Step, StepKind, StepResult
from kinescribe_server.jobs.plan import Plan
from kinescribe_server.jobs.time_limits import time_limit


class Workshop(Protocol):
    """Where makers run. Raises MakeError, and ArtifactNotFoundError for a stored file that is gone."""

    async def make(
        self, resource: Resource, maker: MakerSpec, request: Any, time_limit: float, on_gauge: Callable[[float], None]
    ) -> Made: ...


@dataclass(frozen=True, slots=True)
class Wishes:
    """Whose the result is, whether anything but what was chosen will do (`strict`), who is told how far a maker is, and
    who is told of a failure before the next maker is tried; it may raise instead."""

    owner: str
    strict: bool = False
    on_gauge: Callable[[float], None] = lambda percent: None
    on_failure: Callable[[MakeError], None] = lambda error: None


@dataclass(frozen=True, slots=True)
class MakerChain:
    """Tries makers."""

    results: ResultFolder
    workshop: Workshop

    async def make(self, kind: StepKind, wanted: Plan, wishes: Wishes) -> tuple[StepResult, tuple[Notice, ...]]:
        """The result of the first maker that can, and what the user should know of it.

        Raises MakeError where none can, InstallationError for a failure that nothing may hide, StandInRefusedError
        under `strict`, and ArtifactNotFoundError.
        """
        canonical = dataclasses.asdict(wanted.request)
        failures: list[MakeError] = []
        for maker in wanted.makers:
            key = input_key(wishes.owner, maker.name, maker.version, canonical)
            made = await asyncio.to_thread(self.results.get, key)
            cached = made is not None
            if made is None:
                try:
                    made = await self.run(kind, maker, wanted.request, wishes.on_gauge)
                except MakeError as error:
                    wishes.on_failure(error)
                    _check_replaceable(maker, error, wishes)
                    failures.append(error)
                    continue
                if made.lasting:
                    made = await asyncio.to_thread(self.results.put_if_absent, key, made)
            notices = [*made.notices, *([wanted.notice] if wanted.notice else [])]
            if failures:
                notices.append(Notice("OTHER_MAKER", f"{maker.name} made this, because: {failures[0].message}"))
            return StepResult(made.files, made.details, maker.name, cached, cost=made.cost), tuple(notices)
        if failures:
            raise failures[0]
        if wanted.notice:
            raise MakeError(wanted.notice.reason, wanted.notice.message)
        raise MakeError("UNKNOWN_TYPE", f"nothing here makes {_wanted_name(kind, wanted)}")

    async def run(
        self, kind: StepKind, maker: MakerSpec, request: Any, on_gauge: Callable[[float], None] = lambda percent: None
    ) -> Made:
        """Has a maker make something, whatever is in storage."""
        on_gauge(0.0)
        limit = time_limit(kind, request) + maker.patience
        return await self.workshop.make(Step(kind).resource, maker, request, limit, on_gauge)


def _check_replaceable(maker: MakerSpec, error: MakeError, wishes: Wishes) -> None:
    """Raises what ends the job if no other maker may take this one's place."""
    if error.reason in maker.fatal:
        raise InstallationError(error) from error
    if maker.chosen and wishes.strict:
        message = f"strict was asked for, and {maker.name} could not make this: {error.message}"
        raise StandInRefusedError(message) from error


def _wanted_name(kind: StepKind, wanted: Plan) -> str:
    visual = getattr(wanted.request, "visual", None)
    return f"visuals of type {getattr(visual, 'type_name', type(visual).__name__.lower())!r}" if visual else str(kind)
