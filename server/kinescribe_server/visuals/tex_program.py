"""The programs of a TeX installation, given a stranger's text: in a folder of their own, within limits.

TeX is a programming language. It can loop, fill memory and disk, and read and write files. So: no shell escape, file
access as TeX Live's "paranoid" mode has it (texmf.cnf: no path that is absolute, leads upwards or begins with a dot),
no fonts made on demand, an environment without anything of ours, limits on time, memory and files, and a folder that is
removed. Without a shell TeX has no way to the network.
"""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from kinescribe_server.jobs.errors import MakeError

LATEX, DVISVGM = "latex", "dvisvgm"
# A formula takes 0.3 s in all, of a processor that may be busy with films.
_CPU_SECONDS = 3
_SECONDS = 15.0
# pdfTeX and dvisvgm take 35 MB each, and reserve less than 200 MB of addresses.
_MEMORY_KIB = 512 * 1024
# The drawing of 6,000 signs has less than 2 MB.
_FILE_BYTES = 4 * 1024 * 1024
_FOLDER_BYTES = 16 * 1024 * 1024
_MOST_FILES = 32
_LOOK_SECONDS = 0.02
# The limits come before the program does, or it does not come. One by one: dash heeds only the last of several. POSIX
# counts the sizes of files in blocks of 512 bytes.
_LIMITS = (f"-t {_CPU_SECONDS}", f"-v {_MEMORY_KIB}", f"-f {_FILE_BYTES // 512}", "-c 0")
_WITHIN_LIMITS = ("/bin/sh", "-c", " && ".join((*(f"ulimit {limit}" for limit in _LIMITS), 'exec "$@"')), "sh")


def is_installed(latex: str = LATEX, dvisvgm: str = DVISVGM) -> bool:
    return shutil.which(latex) is not None and shutil.which(dvisvgm) is not None


def program_versions(latex: str = LATEX, dvisvgm: str = DVISVGM) -> tuple[str, ...]:
    """What each of the two that is installed says of its version, on one line."""
    return tuple(_version_of(program) for program in filter(None, map(shutil.which, (latex, dvisvgm))))


def _version_of(program: str) -> str:
    try:
        run = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "of an unknown version"
    return run.stdout.partition("\n")[0]


def run_program(name: str, arguments: Sequence[str], folder: Path) -> bool:
    """Runs a program in a folder, and says whether it succeeded. Raises MakeError (TEX_NOT_INSTALLED,
    FORMULA_TOO_LARGE)."""
    program = shutil.which(name)
    if program is None:
        raise MakeError("TEX_NOT_INSTALLED", f"the program {name!r} is not installed here")
    process = subprocess.Popen(
        [*_WITHIN_LIMITS, program, *arguments],
        cwd=folder,
        env=_environment(Path(program).parent, folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return _watched(process, folder) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _watched(process: subprocess.Popen[bytes], folder: Path) -> int:
    deadline = time.monotonic() + _SECONDS
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = process.wait(_LOOK_SECONDS)
            if code < 0:  # by the signals that end what goes beyond a limit
                raise _too_much()
            return code
        if time.monotonic() > deadline or _is_full(folder):
            raise _too_much()


def _too_much() -> MakeError:
    limits = f"{_CPU_SECONDS} s, {_MEMORY_KIB // 1024} MiB of memory and {_FILE_BYTES >> 20} MiB a file"
    return MakeError("FORMULA_TOO_LARGE", f"TeX needs more than {limits} for the formula")


def _is_full(folder: Path) -> bool:
    sizes: list[int] = []
    with contextlib.suppress(FileNotFoundError):  # files come and go
        sizes.extend(path.lstat().st_size for path in itertools.islice(folder.iterdir(), _MOST_FILES + 1))
    return len(sizes) > _MOST_FILES or sum(sizes) > _FOLDER_BYTES


def _environment(programs: Path, folder: Path) -> dict[str, str]:
    own = str(folder)
    return {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": own,
        "TMPDIR": own,
        "TEXMFHOME": own,
        "TEXMFVAR": own,
        "TEXMFCONFIG": own,
        "LC_ALL": "C",
        "openin_any": "p",
        "openout_any": "p",
        "shell_escape": "f",
        **dict.fromkeys(("MKTEXTEX", "MKTEXTFM", "MKTEXMF", "MKTEXPK", "MKTEXFMT"), "0"),
        # The log says each thing on one line.
        "max_print_line": "1000",
        # \today is the same every day.
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
    }
