"""The process that workers are forked from: it imports frameworks, then waits. See `spares`."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import wire
from .guard import guarded
from .serve import Settings, serve

_MESSAGE = 1 << 16
_STREAMS = 4


def fork_workers(descriptor: int, frameworks: Sequence[str]) -> None:
    """Import frameworks, then fork a worker for each request.

    Args:
        descriptor: The socket on which requests come.
        frameworks: Such as `torch`.
    """
    line = socket.socket(fileno=descriptor)
    for name in frameworks:
        with contextlib.suppress(Exception):  # the worker's own import will tell
            importlib.import_module(name)
            importlib.import_module(f"hearkit.api.frameworks.{name}_")
    gc.collect()
    # Guards tell the caller how workers end; here they are only reaped.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, streams, _, _ = socket.recv_fds(line, _MESSAGE, _STREAMS)
        if not message:  # whoever started this is gone
            os._exit(0)
        _fork(line, json.loads(message), streams)


def _fork(line: socket.socket, message: dict[str, Any], streams: list[int]) -> None:
    with warnings.catch_warnings():
        # NumPy's library has threads, which end and begin again around a fork by themselves.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        for stream in streams:
            os.close(stream)
        line.send(b"forked")
        return
    try:
        _become_worker(line, message, streams)
    finally:
        os._exit(1)


def _become_worker(line: socket.socket, message: dict[str, Any], streams: list[int]) -> None:
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line.close()
    *streams, lifeline = streams
    guard = guarded(lifeline, [Path(folder) for folder in message["folders"]])
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.update(message["environment"])
    # Python's own generator is seeded anew by the fork; NumPy's is not.
    np.random.seed()  # noqa: NPY002 - the global state is meant
    serve(wire.typed(Settings, message["settings"] | {"parent": guard}))
