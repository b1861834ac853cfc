"""A running worker process: how it is started and ended, and what it printed."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .. import machine
from ..text import printable
from . import wire
from .exchange import Exchange
from .folders import made, remove
from .guarded import MARK, Guarded, interpreter
from .memory import PeakMemory
from .spares import Spares

_LARGEST_LOG = 16 * 1024 * 1024
"""Bytes of the worker's own output that are kept; beyond them only its end is."""

_LOG_TAIL = 4000
"""Bytes of the worker's own output that a fault quotes from."""

_NEEDED = {
    "CONDA_PREFIX", "HF_HOME", "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "PATH",
    "TEMP", "TMP", "TMPDIR", "TORCH_HOME", "TZ", "USER", "VIRTUAL_ENV", "XDG_CACHE_HOME",
}  # fmt: skip
_NEEDED_BY = (
    "CUBLAS_", "CUDA_", "DYLD_", "KERAS_", "KMP_", "LC_", "MALLOC_", "MKL_", "NUMBA_", "NUMEXPR_",
    "NVIDIA_", "OMP_", "OPENBLAS_", "PYTHON", "PYTORCH_", "TF_", "XLA_",
)  # fmt: skip
"""Variables, and what names of variables begin with, that a short environment keeps: where
programs, libraries and caches are, and how frameworks compute."""

_CREDENTIALS = ("AWS_", "AZURE_", "FSSPEC_", "GOOGLE_APPLICATION_CREDENTIALS")
"""What names of variables begin with that open stores: those are the command's, and no module's."""

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
"""Not passed on: through a proxy on this machine a download would look like a local connection."""


@dataclass(frozen=True)
class Running:
    """A worker that was started, and the means to talk to it."""

    process: Guarded
    outgoing: wire.Outgoing
    incoming: wire.Incoming
    exchange: Exchange
    folder: Path
    log: BinaryIO

    @functools.cached_property
    def memory(self) -> PeakMemory:
        """The memory of it and of what it starts."""
        return PeakMemory(self.process.pid, self.process.guard)

    def printed(self) -> str:
        """The end of what the worker printed; read from the open file, not from a name."""
        with contextlib.suppress(OSError):
            return printable(self._tail().decode("utf-8", "replace"))
        return ""

    def shorten_log(self) -> None:
        """Keep a worker that prints without end from filling the disk."""
        if os.fstat(self.log.fileno()).st_size > _LARGEST_LOG:
            tail = self._tail()
            os.ftruncate(self.log.fileno(), 0)
            os.write(self.log.fileno(), tail)

    def _tail(self) -> bytes:
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), _LOG_TAIL, max(0, size - _LOG_TAIL))

    def close(self) -> None:
        """End the worker with all that it started, and remove its folders."""
        self.process.end()
        for one in (self.outgoing, self.incoming, self.log, self.exchange):
            # What one cannot close keeps no other open.
            with contextlib.suppress(OSError):
                one.close()
        remove(self.folder)


def started(
    settings: Mapping[str, Any], variables: Mapping[str, str], spares: Spares | None
) -> Running:
    """A new worker, forked where that is possible.

    Args:
        settings: See `worker.serve.Settings`; without the exchange and the parent.
        variables: Its environment, where it is not forked.
        spares: What to fork it from, if it may be.
    """
    mark = secrets.token_hex(8)
    exchange = Exchange.open()
    given = {**settings, "exchange": exchange.folders}
    folder = made()
    doomed = [*exchange.folders, folder]
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the worker
    fcntl.fcntl(log, fcntl.F_SETFL, os.O_RDWR | os.O_APPEND)  # so that it can be emptied
    requests, answers = os.pipe(), os.pipe()
    streams = (requests[0], answers[1], log.fileno())
    process: Guarded | None = None
    if spares is not None:
        process = spares.fork(given, mark, streams, doomed)
    if process is None:
        process = _spawned(given, folder, variables, mark, streams, doomed)
    os.close(requests[0])
    os.close(answers[1])
    return Running(
        process, wire.Outgoing(requests[1]), wire.Incoming(answers[0]), exchange, folder, log
    )


def _spawned(
    settings: dict[str, Any],
    folder: Path,
    variables: Mapping[str, str],
    mark: str,
    streams: tuple[int, int, int],
    doomed: Sequence[Path],
) -> Guarded:
    code = "from hearkit.api.worker.start import worker; worker()"
    told = json.dumps(settings | {"parent": os.getpid()}, default=os.fspath)
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [*interpreter(code), told, str(theirs.fileno()), *map(os.fspath, doomed)],
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            cwd=folder,
            env={**variables, MARK: mark},
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    return Guarded(ours, mark, process)


def environment(*, watched: bool = True, short: bool = False) -> dict[str, str]:
    """The environment variables of a worker.

    Args:
        watched: See `WorkerProcess`; otherwise they are those of this process but for
            credentials of stores, and how threads wait.
        short: Whether to leave out all that an import does not need: tokens, and the names of
            files that later steps of a workflow trust.
    """
    # pytest's variable tells which test runs: with it, no two runs would have one template.
    found = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    found = {k: v for k, v in found.items() if not k.startswith(_CREDENTIALS)}
    if short:
        found = {k: v for k, v in found.items() if k in _NEEDED or k.startswith(_NEEDED_BY)}
    if "PYTHONPATH" in found:
        # The worker starts in another folder: what is relative, "" included, is so to this one.
        entries = found["PYTHONPATH"].split(os.pathsep)
        found["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, entries))
    if watched:
        found = {k: v for k, v in found.items() if k.lower() not in _PROXIES}
        found["PYTHONDONTWRITEBYTECODE"] = "1"
        # A known number of threads, so that a submission that changes it is seen to.
        found.setdefault("OMP_NUM_THREADS", str(machine.cores()))
    # Idle threads sleep: spinning, they hold up those that work where cores are shared, and
    # runs next to another program took two to five times as long.
    found.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return found
