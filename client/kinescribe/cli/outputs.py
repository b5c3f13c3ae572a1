"""Which files are written: decided before anything is started, so that no film overwrites another or a source."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinescribe.cli.inputs import SourceText

_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """Where a film and what goes with it are written."""

    film: Path
    captions: Path
    transcript: Path
    poster: Path
    report: Path

    def paths(self) -> tuple[Path, ...]:
        return self.film, self.captions, self.transcript, self.poster, self.report

    def by_artifact(self) -> dict[str, Path]:
        """The files by the names of the job's artifacts."""
        return {
            "film.mp4": self.film,
            "captions.vtt": self.captions,
            "transcript.txt": self.transcript,
            "poster.png": self.poster,
            "report.json": self.report,
        }


def plan(sources: Sequence[SourceText], out: str | None) -> tuple[list[OutputFiles], list[str]]:
    """The files for each source, and what is wrong with them."""
    try:
        return _planned(sources, out)
    except OSError as error:  # a name too long, a folder that may not be looked into
        return [], [f"{error.filename}: cannot be written: {error.strerror}"]


def _planned(sources: Sequence[SourceText], out: str | None) -> tuple[list[OutputFiles], list[str]]:
    target = Path(out) if out else Path()
    if out is None or _is_folder(out):
        films = [target / f"{source.stem}.mp4" for source in sources]
    elif target.suffix.lower() != ".mp4":
        return [], [f"-o {out}: name an .mp4 file, or a folder with a {os.sep} at the end"]
    elif len(sources) > 1:
        return [], [f"-o {out}: one file cannot hold {len(sources)} films; give a folder: -o {target.stem}{os.sep}"]
    else:
        films = [target]
    taken = {source.path.resolve() for source in sources if source.path}
    outputs = [_beside(film, taken) for film in films]
    problems = [*_clashes(sources, films), *_unwritable(films)]
    problems += [f"{path}: is a folder" for files in outputs for path in files.paths() if path.is_dir()]
    for files in outputs:
        problems += [f"{path}: would overwrite a source" for path in files.paths() if path.resolve() in taken]
    return outputs, problems


def _is_folder(out: str) -> bool:
    return Path(out).is_dir() or out.endswith(_SEPARATORS) or not (Path(out).suffix or Path(out).exists())


def _beside(film: Path, sources: set[Path]) -> OutputFiles:
    transcript = film.with_suffix(".txt")
    if transcript.resolve() in sources:  # notes.txt, rendered in its own folder
        transcript = film.with_suffix(".transcript.txt")
    suffixes = (".png", ".report.json")
    return OutputFiles(film, film.with_suffix(".vtt"), transcript, *map(film.with_suffix, suffixes))


def _clashes(sources: Sequence[SourceText], films: Sequence[Path]) -> list[str]:
    """Films of one name. Case is ignored, as some file systems do."""
    first: dict[str, str] = {}
    problems = []
    for source, film in zip(sources, films, strict=True):
        key = str(film).casefold()
        if key in first:
            problems.append(f"{film}: would be the film of both {first[key]} and {source.name}; render them apart")
        first.setdefault(key, source.name)
    return problems


def _unwritable(films: Sequence[Path]) -> list[str]:
    problems = []
    for folder in dict.fromkeys(film.absolute().parent for film in films):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        if not existing.is_dir():
            problems.append(f"{folder}: {existing} is a file, not a folder")
        elif not os.access(existing, os.W_OK):
            problems.append(f"{folder}: cannot be written")
    return problems
