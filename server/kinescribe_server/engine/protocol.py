"""The seams of work: what makes (Maker), what it makes with (Bench), and where steps run (StepEngine)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kinescribe_server.artifacts.protocol import ArtifactStore, StoredFile
from kinescribe_server.jobs.model import Cost, Resource, StepRef

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the user should know: a stable upper-case reason and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Made:
    """What a maker made: stored files by role, JSON details, and notices. It is kept as a result record, so it holds
    nothing that depends on time, machine or process; but for its cost, which the worker fills in. What is not
    `lasting` serves its own job and is not kept: somebody else stood in for a part of it."""

    files: Mapping[str, StoredFile] = field(default_factory=dict)
    details: Json = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    cost: Cost = field(default_factory=Cost)
    lasting: bool = True


class Bench(Protocol):
    """What a maker works with, in its worker process."""

    @property
    def artifacts(self) -> ArtifactStore: ...

    def report(self, percent: float) -> None:
        """Tells how far the work is, 0 to 100. Cheap; may be dropped."""
        ...


# A maker takes its step's request (SpeechRequest, VisualRequest, …) and a bench. It raises MakeError for what it cannot
# make, and any other exception for a fault that a retry may mend.
MakerFunction = Callable[[Any, Bench], Made]


class StepEngine(Protocol):
    """Runs steps somewhere. At least once, perhaps twice, perhaps never: claims and leases mend both."""

    async def submit(self, steps: Sequence[StepRef]) -> None: ...

    async def aclose(self, *, drain_seconds: float) -> None: ...


class Workforce(Protocol):
    """Who can work."""

    async def slots(self) -> Mapping[Resource, int]:
        """How many steps of each resource can run at a time. Raises StateStoreUnavailableError."""
        ...
