"""The caller's side of a guarded process: how it runs, ends and is ended. See `worker.guard`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from .. import machine

MARK = "HEAR_VALIDATE_WORKER"
"""Environment variable by which a worker's descendants are known where no guard is."""

_LOOK_S = 0.01
"""Seconds between two looks while waiting."""

_END_S = 10.0
"""Seconds for a guard to end all and remove the folders; afterwards it is killed."""


def interpreter(code: str) -> list[str]:
    """The command that runs code of ours in a new process.

    With -c from an empty folder nothing in the participant's folder can stand in for a module of
    ours. Our root goes last, since it may be site-packages.
    """
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.append({root!r}); {code}"
    return [sys.executable, "-X", "faulthandler", "-c", code]


class Guarded:
    """A process with a guard above it; like `subprocess.Popen`.

    Args:
        lifeline: This side's end of the socket.
        mark: The value of `MARK` in the process's environment.
        started: The process that was started here: the guard, or without one the process itself;
            None where it was forked elsewhere.
    """

    def __init__(
        self, lifeline: socket.socket, mark: str, started: subprocess.Popen[bytes] | None = None
    ) -> None:
        self._line = lifeline
        self._mark = mark
        self._started = started
        self._rest = b""
        self._told: dict[str, int] = {}
        self._is_lost = False
        self._status: int | None = None

    @property
    def pid(self) -> int:
        """The process's number, which is told soon after the start; 0 if it never was."""
        while "worker" not in self._told and self.poll() is None:
            # Looking whether it runs may have taken in the number; nothing more would come then.
            if "worker" not in self._told:
                self._listen(None)
        return self._told.get("worker", 0)

    @property
    def guard(self) -> int:
        """The guard's number; 0 where there is none."""
        return self._told.get("guard", 0)

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        self._listen(0)
        if self._status is not None:
            return self._status
        if self.guard == 0 and self._started is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._status = self._started.wait(_END_S if self._is_lost else 0)
        elif self._is_lost:  # somebody has killed the guard, and the kernel the worker
            self._status = -signal.SIGKILL
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end.

        Raises:
            subprocess.TimeoutExpired: If it still runs after that many seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("a worker", timeout or 0.0)
            self._listen(_LOOK_S)
        return status

    def end(self) -> None:
        """End it with all that it started; the folders that were named to the guard go, too."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
        if self.pid and self.guard:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(_END_S)
        if self._status is None or not self.guard or "ended" not in self._told:
            self._end_without_guard()
        self._line.close()
        if self._started is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._started.wait(_END_S)
            self._started.kill()
            self._started.wait()

    def _end_without_guard(self) -> None:
        if self._status is None and self.pid:
            # Only while they live: afterwards their numbers may be others'.
            machine.kill_group(self.pid)
            with contextlib.suppress(OSError):
                os.kill(self.guard or self.pid, signal.SIGKILL)
        if self._started is not None:
            self._started.kill()
        for process in machine.marked_processes(MARK, self._mark):
            with contextlib.suppress(psutil.Error):
                process.kill()

    def _listen(self, seconds: float | None) -> None:
        """Take in what the guard says within this time; None waits for it."""
        if self._is_lost or "ended" in self._told:
            return
        try:
            self._line.settimeout(seconds)
            read = self._line.recv(4096)
        except (BlockingIOError, TimeoutError):
            return
        except OSError:
            read = b""
        self._is_lost = not read
        *lines, self._rest = (self._rest + read).split(b"\n")
        for line in lines:
            self._told |= json.loads(line)
        self._status = self._told.get("ended")
