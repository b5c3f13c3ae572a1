"""A disk that is small and memory that is limited, by the kernel. Both need root."""

import contextlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kinescribe_server.artifacts.whole_files import MIN_FREE_BYTES

# What the service wants to be free, and room for a few small films.
_DISK_BYTES = MIN_FREE_BYTES + (96 << 20)
# The service and its workers need less than half of it; the hungry one wants more.
_MEMORY_BYTES = 2 << 30
_MEMORY_GROUPS = Path("/sys/fs/cgroup/memory")


def can_mount() -> bool:
    """Whether a file system can be mounted here."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder) / "disk"):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def can_limit_memory() -> bool:
    try:
        with memory_limit():
            return True
    except OSError:
        return False


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A folder on a file system of its own in memory."""
    folder.mkdir()
    subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(folder)],
        check=True,
        capture_output=True,
    )
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True, capture_output=True)


@contextlib.contextmanager
def memory_limit() -> Iterator[Callable[[Sequence[int]], None]]:
    """Gives a function that lets processes, and those that they start, use so much memory together; who wants more is
    ended. They must have ended when the block is left. The memory controller of cgroup v1."""
    group = Path(tempfile.mkdtemp(prefix="kinescribe-", dir=_MEMORY_GROUPS))

    def limit(pids: Sequence[int]) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                (group / "cgroup.procs").write_text(str(pid))

    try:
        (group / "memory.limit_in_bytes").write_text(str(_MEMORY_BYTES))
        yield limit
    finally:
        group.rmdir()
