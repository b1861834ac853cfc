"""What only some operating systems tell or can do; elsewhere each function says less.

Linux has `/proc`, the affinity of a process, glibc's figures of its allocator and a folder in
shared memory. macOS has none of them. Nothing else of the project looks at the platform.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

_PROC = Path("/proc")
_SHARED_MEMORY = Path("/dev/shm")
_PAGE_BYTES = mmap.PAGESIZE

_LISTS_CHILDREN = (_PROC / "thread-self" / "children").exists()
"""Whether the kernel lists a process's children."""


def cores() -> int:
    """Processors that this process may use, or that the machine has."""
    with contextlib.suppress(AttributeError, OSError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_fork_safely() -> bool:
    """Whether a process that has imported a framework, and used nothing of it, can be forked.

    macOS ends forked processes that touch its system libraries, and Windows cannot fork.
    """
    return sys.platform == "linux" and hasattr(os, "fork")


def shared_folder() -> Path | None:
    """A folder whose files are in memory, or None."""
    if _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK | os.X_OK):
        return _SHARED_MEMORY
    return None


def free_bytes(folder: Path) -> int:
    """How much fits into a folder; 0 where that is not told."""
    with contextlib.suppress(AttributeError, OSError):
        facts = os.statvfs(folder)
        return facts.f_bavail * facts.f_frsize
    return 0


def open_nameless(folder: Path) -> int | None:
    """A descriptor of a new file in a folder that has no name yet; it is gone when closed.

    Returns:
        The descriptor, open for writing, or None where the system or file system has no such.
    """
    if not (_PROC / "self" / "fd").is_dir():
        return None
    with contextlib.suppress(AttributeError, OSError):
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    return None


def hold(descriptor: int) -> bool:
    """Mark an open file as in use until it is closed or its process ends.

    Returns:
        Whether nobody else has marked it; False, too, where files cannot be marked.
    """
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def give_name(descriptor: int, path: Path) -> None:
    """Give an open file without a name one; see open(2), `O_TMPFILE`.

    Raises:
        OSError: If there is a file of this name.
    """
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Relative to a folder, since Python otherwise calls link(2), which follows no link.
        os.link(f"{_PROC}/self/fd/{descriptor}", path.name, dst_dir_fd=folder)
    finally:
        os.close(folder)


def allocated_bytes() -> int | None:
    """Bytes that this process has allocated and not freed, where the C library counts them.

    Resident memory would also count what was freed and kept by the allocator: with several
    threads that is half a megabyte a call, more or less.
    """
    if sys.platform != "linux":
        return None
    try:
        count = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError):  # another C library, or an old one
        return None
    count.restype = _MallInfo
    info = count()
    return int(info.uordblks + info.hblkhd)


class _MallInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                     "uordblks", "fordblks", "keepcost")
    ]  # fmt: skip


def is_running(pid: int) -> bool:
    """Whether there is a process of this number."""
    return bool(psutil.pid_exists(pid))


def resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 where it is gone."""
    # psutil reads more than this, and looks are taken 50 times a second.
    with contextlib.suppress(OSError, LookupError, ValueError):
        return int((_PROC / str(pid) / "statm").read_bytes().split()[1]) * _PAGE_BYTES
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def descendants(pid: int) -> list[int]:
    """Numbers of all that a process started, or that it adopted."""
    if _LISTS_CHILDREN:
        found = _children(pid)
        for child in found:  # grows meanwhile
            found += _children(child)
        return found
    with contextlib.suppress(psutil.Error):
        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    return []


def end_descendants(grace_s: float = 0.0) -> None:
    """End all that this process started or adopted, until none is left.

    Args:
        grace_s: Seconds for them to end by themselves.
    """
    begin = time.monotonic()
    while time.monotonic() < begin + grace_s + _END_S:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        found = descendants(os.getpid())
        if not found:
            return
        if time.monotonic() >= begin + grace_s:
            for pid in found:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.001)


def _children(pid: int) -> list[int]:
    """Numbers of the processes that one started; psutil would read those of all processes."""
    found: list[int] = []
    with contextlib.suppress(OSError):  # the process ends meanwhile, or a thread of it
        for thread in (_PROC / str(pid) / "task").iterdir():
            found += map(int, (thread / "children").read_bytes().split())
    return found


def forget_peak(pid: int) -> bool:
    """Have the kernel begin anew with the highest memory; Linux alone can, see proc_pid(5)."""
    with contextlib.suppress(OSError):
        (_PROC / str(pid) / "clear_refs").write_text("5")
        return True
    return False


def peak_bytes(pid: int) -> int:
    """The highest resident memory since then, which looking now and then may miss; or 0."""
    with contextlib.suppress(OSError, LookupError, ValueError):
        status = (_PROC / str(pid) / "status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    return 0


def folder_of(descriptor: int) -> str | None:
    """The folder that an open descriptor stands for, where the kernel tells."""
    known = _PROC / "self" / "fd" / str(descriptor)
    return os.path.realpath(known) if os.path.lexists(known) else None


def marked_processes(name: str, value: str) -> Iterator[psutil.Process]:
    """Processes of this user whose environment has this variable, as far as they can be seen."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(name) == value:
                yield process


def die_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends, however that happens.

    Only Linux can; elsewhere a thread looks at the lifeline (`api.worker.guard`).

    Args:
        parent: The parent's number, since it may have ended already.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> bool:
    """Become the parent of those descendants whose own parent ends, where that is possible."""
    if sys.platform != "linux" or not hasattr(os, "fork"):
        return False
    with contextlib.suppress(AttributeError, OSError):
        return int(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) == 0
    return False


_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
"""See prctl(2)."""

_END_S = 8.0
"""Seconds after which a process that SIGKILL does not end, as in a read that hangs, is left."""


def kill_group(pid: int) -> None:
    """End all processes of a group, where there are groups."""
    with contextlib.suppress(AttributeError, ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def signal_name(number: int) -> str:
    """Such as SIGSEGV; the number where this system has no such signal."""
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return str(number)
