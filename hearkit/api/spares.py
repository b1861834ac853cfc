"""Worker processes that begin with a framework already imported, forked from a template.

Importing PyTorch takes seconds, and a run needs several workers. The template is a process that
has imported the frameworks and nothing of any submission; each fork of it becomes a worker with a
session, streams and random state of its own. Forks of one template share the seed of Python's
hashes, so a worker that is to be unlike the first one must not have the same template.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from .. import machine
from .exchange import prefix

START_S = 60.0
"""Seconds that the template gets to import the frameworks, after which workers do without it."""

_MESSAGE = 1 << 16
"""Bytes of a message at most; they hold paths and a few words."""

MARK = "HEAR_VALIDATE_WORKER"
"""Environment variable by which a worker's descendants are known."""

FORKABLE = ("torch",)
"""Frameworks that can be forked after their import. TensorFlow starts threads."""


class Forked:
    """A forked worker, as far as its parent's parent can know it; like `subprocess.Popen`."""

    def __init__(self, spares: Spares, pid: int) -> None:
        self.spares = spares
        self.pid = pid

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self.spares.status(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end.

        Raises:
            subprocess.TimeoutExpired: If it still runs after that many seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("a worker", timeout or 0.0)
            time.sleep(0.002)
        return status

    def kill(self) -> None:
        """End it."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Spares:
    """The template, started when it is made, and what it tells of its forks.

    Args:
        frameworks: What to import, such as `("torch",)`.
        environment: The environment of all workers.
    """

    def __init__(self, frameworks: Sequence[str], environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(__file__).resolve().parents[2])
        code = (
            f"import sys; sys.path.append({root!r}); "
            "import hearkit.api.worker.template as t; t.main()"
        )
        self._mark = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._folder = tempfile.mkdtemp(prefix=prefix())
        self._statuses: dict[int, int] = {}
        self._line = ours
        with theirs:
            self._template = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-c", code, str(theirs.fileno()),
                 *frameworks],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self._folder,
                env={**environment, MARK: self._mark},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )  # fmt: skip

    def fork(
        self, settings: Mapping[str, Any], environment: Mapping[str, str], streams: Sequence[int]
    ) -> Forked | None:
        """A worker, or None where the template cannot give one.

        Args:
            settings: See `worker.serve.Settings`.
            environment: Variables to add to the template's.
            streams: Descriptors of its standard input, output and error.
        """
        message = json.dumps({"settings": settings, "environment": environment}, default=os.fspath)
        with self._lock:
            try:
                self._line.settimeout(START_S)
                socket.send_fds(self._line, [message.encode()], list(streams))
                told = self._told()
                while "pid" not in told:
                    told = self._told()
            except OSError:
                self.close()
                return None
            # The number may have been that of an earlier fork.
            self._statuses.pop(told["pid"], None)
        return Forked(self, told["pid"])

    def status(self, pid: int) -> int | None:
        """How a fork ended; None while it runs."""
        with self._lock:
            while pid not in self._statuses:
                try:
                    self._line.settimeout(0)
                    self._told()
                except BlockingIOError:
                    return None
                except OSError:  # the template is gone, and its forks with it
                    self._statuses[pid] = -signal.SIGKILL
            return self._statuses[pid]

    def end_strays(self) -> None:
        """End what forks have started and left behind, as processes that are nobody's children."""
        for process in machine.marked_processes(MARK, self._mark):
            with contextlib.suppress(psutil.Error):
                family = {process.pid, *(parent.pid for parent in process.parents())}
                if self._template.pid not in family:
                    process.kill()

    @property
    def alive(self) -> bool:
        """Whether the template runs, and is this process's."""
        return self._owner == os.getpid() and self._template.poll() is None

    def _told(self) -> dict[str, int]:
        """The next message of the template; how forks ended is noted.

        Raises:
            OSError: If the template is gone, or does not answer in time.
        """
        raw = self._line.recv(_MESSAGE)
        if not raw:
            raise ConnectionResetError("the template is gone")
        told: dict[str, int] = json.loads(raw)
        if "ended" in told:
            self._statuses[told["ended"]] = told["status"]
        return told

    def close(self) -> None:
        """End the template; its forks have been ended by whoever used them."""
        if self._owner != os.getpid():  # a copy, in a process that was forked meanwhile
            return
        self._line.close()
        machine.kill_group(self._template.pid)
        self._template.kill()
        self._template.wait()
        with contextlib.suppress(OSError):
            Path(self._folder).rmdir()


_SHARED: dict[tuple[object, ...], Spares] = {}
"""The template of this process, by what it was started with; one at most."""


def shared(frameworks: Sequence[str], environment: Mapping[str, str]) -> Spares:
    """The template that all runs of this process use; it ends with the process.

    Args:
        frameworks: See `Spares`.
        environment: See `Spares`; with another one, another template is started.
    """
    key = (tuple(frameworks), tuple(sorted(environment.items())))
    found = _SHARED.get(key)
    if found is None or not found.alive:
        end_shared()
        found = _SHARED[key] = Spares(frameworks, environment)
    return found


def end_shared() -> None:
    """End the template of this process, if there is one."""
    while _SHARED:
        _, template = _SHARED.popitem()
        template.close()


atexit.register(end_shared)
