"""Worker processes that begin with a framework already imported, forked from a template.

Importing PyTorch takes seconds, and a run needs several workers. The template is a process that
has imported the frameworks and nothing of any submission; each fork of it becomes a worker with a
session, streams and random state of its own. Forks of one template share the seed of Python's
hashes, so a worker that is to be unlike the first one must not have the same template.
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .folders import made, remove
from .guarded import MARK, Guarded, interpreter

START_S = 60.0
"""Seconds that the template gets to import the frameworks, after which workers do without it."""

_MESSAGE = 1 << 16
"""Bytes of a message at most; they hold paths and a few words."""

FORKABLE = ("torch",)
"""Frameworks that can be forked after their import. TensorFlow starts threads."""


class Spares:
    """The template, started when it is made, and what it tells of its forks.

    Args:
        frameworks: What to import, such as `("torch",)`.
        environment: The environment of all workers.
    """

    def __init__(self, frameworks: Sequence[str], environment: Mapping[str, str]) -> None:
        code = "from hearkit.api.worker.start import template; template()"
        mark = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._folder = made()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        lifeline, far = socket.socketpair()
        with theirs, far:
            given = (theirs.fileno(), far.fileno())
            process = subprocess.Popen(
                [*interpreter(code), *map(str, given), str(self._folder), *frameworks],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self._folder,
                env={**environment, MARK: mark},
                pass_fds=given,
                start_new_session=True,
            )
        self._template = Guarded(lifeline, mark, process)

    def fork(
        self,
        settings: Mapping[str, Any],
        mark: str,
        streams: Sequence[int],
        doomed: Sequence[Path],
    ) -> Guarded | None:
        """A worker, or None where the template cannot give one.

        Args:
            settings: See `worker.serve.Settings`.
            mark: What its `MARK` is to be.
            streams: Descriptors of its standard input, output and error.
            doomed: Folders that its guard removes.
        """
        message = {"settings": settings, "environment": {MARK: mark}, "folders": doomed}
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            try:
                self._line.settimeout(START_S)
                raw = json.dumps(message, default=os.fspath).encode()
                socket.send_fds(self._line, [raw], [*streams, theirs.fileno()])
                if not self._line.recv(_MESSAGE):
                    raise ConnectionResetError("the template is gone")
            except OSError:
                ours.close()
                self.close()
                return None
        return Guarded(ours, mark)

    @property
    def alive(self) -> bool:
        """Whether the template runs, and is this process's."""
        return self._owner == os.getpid() and self._template.poll() is None

    def close(self) -> None:
        """End the template; its forks have been ended by whoever used them."""
        if self._owner != os.getpid():  # a copy, in a process that was forked meanwhile
            return
        self._line.close()
        self._template.end()
        remove(self._folder)


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
