"""Which maker makes what. The table is data: it crosses into worker processes, and imports no maker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata

from kinescribe_server.engine.protocol import Notice


@dataclass(frozen=True, slots=True)
class MakerSpec:
    """A maker's name, the function that it is ("package.module:function"), and the distributions whose versions its
    results depend on. `revision` is raised when the maker's own results change. `arguments` are the installation's
    settings, given to the function by keyword; secrets are not among them. Those named in `limits` (how long, how much,
    how often) decide whether there is a result and not which, so they are no part of the version. `programs` are the
    versions of other programs that results depend on. `patience` is how many seconds longer than other makers of its
    kind it may take, for one that waits for somebody else. A failure for a `fatal` reason is for whoever set the
    installation up, and no other maker hides it. One that is `chosen` was asked for by the settings: where another
    takes its place, a job under `strict` fails."""

    name: str
    target: str
    distributions: tuple[str, ...] = ()
    revision: int = 1
    arguments: tuple[tuple[str, str], ...] = ()
    patience: float = 0.0
    fatal: frozenset[str] = frozenset()
    chosen: bool = False
    limits: frozenset[str] = frozenset()
    programs: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        versions = (f"{name}={_installed(name)}" for name in self.distributions)
        settings = (f"{name}:{value}" for name, value in self.arguments if name not in self.limits)
        return "+".join([str(self.revision), *versions, *self.programs, *settings])


@cache
def _installed(distribution: str) -> str:
    return metadata.version(distribution)


@dataclass(frozen=True, slots=True)
class Speaker:
    """The voice that speaks a scene ("" where none can), those who can make its speech, and what the user should know
    of the choice."""

    voice: str
    makers: tuple[MakerSpec, ...]
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class MakerTable:
    """The makers of this installation. Where there are several, they are tried in order."""

    writers: Mapping[str, tuple[MakerSpec, ...]]
    """Who writes scripts, by the names that users know; the first is the default."""
    speaker_for: Callable[[str, str, bool], Speaker]
    """Who speaks: for a language (BCP 47), the wanted voice ("" for any), and whether the user named it."""
    silence: MakerSpec
    recording: MakerSpec
    visuals: Mapping[str, tuple[MakerSpec, ...]]
    placeholder: MakerSpec
    clips: tuple[MakerSpec, ...]
    film: MakerSpec
    translators: Mapping[str, tuple[MakerSpec, ...]] = field(default_factory=dict)
    """Those of the writers that are tried first where the text may be in another language than the film."""
    translator: MakerSpec | None = None
    """Who translates a script that the user sent."""
    slides_are_a_deck: bool = False
    """Whether the first maker of slides wants to know all slides of the job."""
