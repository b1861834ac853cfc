"""The process that workers are forked from: it imports frameworks, then waits. See `spares`."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import warnings
from select import select
from typing import Any

import numpy as np

from .. import wire
from .serve import Settings, serve

_MESSAGE = 1 << 16
_STREAMS = 3


def main() -> None:
    """Import what the command line names, then fork a worker for each request."""
    line = socket.socket(fileno=int(sys.argv[1]))
    for name in sys.argv[2:]:
        with contextlib.suppress(Exception):  # the worker's own import will tell
            importlib.import_module(name)
            importlib.import_module(f"hearkit.api.frameworks.{name}_")
    gc.collect()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select([line.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _report_ended(line)
        if line.fileno() in ready:
            message, streams, _, _ = socket.recv_fds(line, _MESSAGE, _STREAMS)
            if not message:  # whoever started this is gone
                os._exit(0)
            _fork(line, json.loads(message), streams)


def _report_ended(line: socket.socket) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            ended = {"ended": pid, "status": os.waitstatus_to_exitcode(status)}
            line.send(json.dumps(ended).encode())


def _fork(line: socket.socket, message: dict[str, Any], streams: list[int]) -> None:
    with warnings.catch_warnings():
        # NumPy's library has threads, which end and begin again around a fork by themselves.
        warnings.simplefilter("ignore", DeprecationWarning)
        parent = os.getpid()
        pid = os.fork()
    if pid:
        for stream in streams:
            os.close(stream)
        line.send(json.dumps({"pid": pid}).encode())
        return
    try:
        _become_worker(line, message, streams, parent)
    finally:
        os._exit(1)


def _become_worker(
    line: socket.socket, message: dict[str, Any], streams: list[int], parent: int
) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.update(message["environment"])
    # Python's own generator is seeded anew by the fork; NumPy's is not.
    np.random.seed()  # noqa: NPY002 - the global state is meant
    serve(wire.typed(Settings, message["settings"] | {"parent": parent}))
