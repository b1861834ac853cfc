r"""The process above a worker: whatever happens, it ends all that the worker started.

    caller --- guard --- worker --- whatever the submission starts
       \________/ lifeline, a socket

Linux hands orphans to the guard, so that none gets out of its sight, whatever its session,
group and environment. The guard ends them all until none is left when the worker has ended, and
when the caller has: the lifeline tells, also when the caller was killed. The caller's temporary
folders go then, too. Elsewhere a thread of the worker does what it can.

The guard is forked before anything heavy is imported, or from the template, and imports nothing.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import threading
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from ... import machine
from ..folders import remove

_LOOK_S = 1.0
"""Seconds between two looks at the parent, should the lifeline be held by somebody else."""


def guarded(lifeline: int, folders: Sequence[Path], grace_s: float = 0.0) -> int:
    """Put a guard above this process.

    The function returns in a child of the process that calls it, which has become the guard and
    never returns.

    Args:
        lifeline: Descriptor of a stream socket whose other end the caller holds.
        folders: What to remove when the caller is gone.
        grace_s: Seconds for what this process started to end by itself: guards of forks have
            folders of their own to remove.

    Returns:
        The guard's number; 0 where orphans cannot be adopted, and this process is on its own.
    """
    line = socket.socket(fileno=lifeline)
    if not machine.adopt_orphans():
        _tell(line, guard=0, worker=os.getpid())
        threading.Thread(target=_leave_with, args=(line, folders), daemon=True).start()
        return 0
    guard, parent = os.getpid(), os.getppid()
    with warnings.catch_warnings():
        # NumPy's library has threads, which end and begin again around a fork by themselves.
        warnings.simplefilter("ignore", DeprecationWarning)
        worker = os.fork()
    if worker:
        try:
            _guard(worker, parent, line, folders, grace_s)
        finally:
            os._exit(0)
    line.close()
    os.setsid()
    return guard


def _guard(
    worker: int, parent: int, line: socket.socket, folders: Iterable[Path], grace_s: float
) -> None:
    gc.disable()  # memory that is shared with the worker stays so
    os.chdir("/")
    woken = _woken_by_children()
    _close_all_but(line.fileno(), *woken)
    _tell(line, guard=os.getpid(), worker=worker)
    status: int | None = None
    line.setblocking(False)
    while status is None and not _is_left(line, parent):
        select.select([line.fileno(), woken[0]], [], [], _LOOK_S)
        with contextlib.suppress(BlockingIOError):
            os.read(woken[0], 4096)
        status = _reaped(worker)
    if status is None:
        os.kill(worker, signal.SIGKILL)
    machine.end_descendants(grace_s)
    if status is not None:
        _tell(line, ended=status)
        while not _is_left(line, parent):
            select.select([line.fileno()], [], [], _LOOK_S)
    for folder in folders:
        remove(folder)
    if status is None:
        _tell(line, ended=-signal.SIGKILL)


def _woken_by_children() -> tuple[int, int]:
    """A pipe that can be read when a child ends, and when SIGTERM asks to end."""
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    return woken, wake


def _close_all_but(*kept: int) -> None:
    """Give up what belongs to the worker: its line is closed when the worker closes it."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    begin = 3
    for descriptor in (*sorted(kept), 4096):
        os.closerange(begin, descriptor)
        begin = descriptor + 1


def _is_left(line: socket.socket, parent: int) -> bool:
    """Whether the caller is gone, or asks to end."""
    try:
        return not line.recv(64)
    except BlockingIOError:
        return os.getppid() != parent
    except OSError:
        return True


def _reaped(worker: int) -> int | None:
    """How the worker ended, negative for a signal; None while it runs. Orphans are reaped, too."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            if pid == worker:
                found = os.waitstatus_to_exitcode(status)
    return found


def _tell(line: socket.socket, **facts: int) -> None:
    with contextlib.suppress(OSError):
        line.sendall(json.dumps(facts).encode() + b"\n")


def _leave_with(line: socket.socket, folders: Iterable[Path]) -> None:
    """End this process and its group when the caller is gone."""
    with contextlib.suppress(OSError):
        while line.recv(64):
            pass
    for folder in folders:
        remove(folder)
    machine.kill_group(os.getpgrp())
    os._exit(1)
