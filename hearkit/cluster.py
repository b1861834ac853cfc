"""A Ray of this machine, or a cluster's: started and joined without a word on the terminal."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from . import machine
from .errors import UsageError
from .optional import missing

LOCAL = "local"
"""The address that stands for a Ray of this machine alone."""

_ADDRESS = re.compile(r"auto|local|[\w.-]+:\d+|\[[0-9a-fA-F:]+\]:\d+")

_LONGEST_FOLDER = 40
"""Characters of the folder of a session; the path of a socket in it has 107 at most."""

_STORE_BYTES = 128 << 20
"""Shared memory for what passes: names and figures, and rows of `hear-eval`'s embeddings. What does
not fit lies on the disk meanwhile."""

_KNOCK_S = 5.0
"""Seconds for a connection to a cluster, and for its first words."""

_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""What gRPC begins with: HTTP/2's preface and a frame of no settings (RFC 9113, 3.4 and 6.5)."""

_SETTINGS = b"\x04"
"""Type of the frame that the other side begins with, its fourth byte (RFC 9113, 4.1)."""

_QUIET = {
    # Nothing is reported to anybody.
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Ray's own processes write to their log files.
    "RAY_DEDUP_LOGS": "1",
    "RAY_enable_metrics_collection": "0",
    "GRPC_VERBOSITY": "ERROR",
}
"""Environment variables; what the user has set stays."""


def library(address: str) -> Any:
    """The module `ray`.

    Args:
        address: Where it is to connect to.

    Raises:
        UsageError: If it is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if address == LOCAL:
        # Ray takes an address of this machine in place of the loopback's unless it is told, by this
        # variable of all systems, that there is no cluster.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        # Its workers are the command's own work; by default they give way to all other processes.
        os.environ.setdefault("RAY_worker_niceness", "0")
    elif _has_token():
        # `ray start` decides by the same; a driver has to be told.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray
        import ray.exceptions
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise missing("--ray", "ray", "ray", error) from error
    return ray


def _has_token() -> bool:
    """Whether there is a token that Ray would show to a cluster."""
    if os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH"):
        return True
    with contextlib.suppress(RuntimeError):  # there is no home
        return (Path.home() / ".ray" / "auth_token").is_file()
    return False


def check_address(address: str) -> None:
    """Refuse what is no address, such as a folder that stands behind `--ray`.

    Raises:
        UsageError: If it is none.
    """
    if address.startswith("ray://"):
        raise UsageError(
            f"--ray {address}: run the command on a node of the cluster, with --ray auto"
        )
    if not _ADDRESS.fullmatch(address):
        raise UsageError(
            f"--ray {address}: is no address; it is auto or HOST:PORT for a cluster, and without "
            "one --ray stands last or is written --ray=local"
        )


@contextmanager
def joined(address: str) -> Iterator[Any]:
    """A context in which this process is a driver; yields the module `ray`.

    Args:
        address: `local`, `auto`, or `HOST:PORT`.

    Raises:
        UsageError: If Ray is not installed, or there is none at the address.
    """
    check_address(address)
    if address == "auto" and (known := os.environ.get("RAY_ADDRESS")):
        check_address(known)
        address = known  # as Ray does, which would try it for minutes
    ray = library(address)
    if ":" in address:
        _knock(address)
    with _session_folder() as folder, _terminal_kept(folder):
        with _signals_kept():
            _init(ray, address, folder)
        try:
            yield ray
        finally:
            with _signals_kept():
                ray.shutdown()


def _knock(address: str) -> None:
    """Refuse an address where nothing listens, or no Ray; Ray would try for minutes.

    Raises:
        UsageError: If nothing does, or something else.
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _KNOCK_S) as there:
            is_ray = os.environ.get("RAY_USE_TLS") == "1" or _speaks_grpc(there)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _none_there(address, reason) from error
    if not is_ray:
        raise UsageError(
            f"--ray {address}: what listens there is no Ray; `ray start --head` tells its port, "
            "6379 by default"
        )


def _speaks_grpc(there: socket.socket) -> bool:
    """Whether what is connected answers as the server of a Ray does."""
    try:
        there.sendall(_GREETING)
        header = b""
        while len(header) < 4 and (some := there.recv(4 - len(header))):
            header += some
    except OSError:  # it hangs up, or says nothing
        return False
    return header[3:] == _SETTINGS


def _none_there(address: str, reason: object) -> UsageError:
    return UsageError(
        f"--ray {address}: there is no Ray that answers ({reason}); start one with "
        "`ray start --head`, or use --ray=local"
    )


def _init(ray: Any, address: str, folder: Path) -> None:
    options: dict[str, Any] = {
        "address": address,
        "log_to_driver": False,
        "logging_level": logging.CRITICAL,
    }
    if address == LOCAL:
        options |= {
            "num_cpus": machine.cores(),
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
            # Not to be reached from other machines; see also `library`.
            "_node_ip_address": "127.0.0.1",
            "_temp_dir": str(folder),
        }
    try:
        with _on_loopback() if address == LOCAL else contextlib.nullcontext():
            ray.init(**options)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        if ":" in address:  # something has answered the knock
            raise UsageError(
                f"--ray {address}: what listens there does not take the connection ({reason}); if "
                "its Ray has a token, copy ~/.ray/auth_token from its first machine; all machines "
                "need the same version of Ray"
            ) from error
        if address != LOCAL:
            raise _none_there(address, reason) from error
        raise UsageError(f"--ray: no Ray can be started on this machine ({reason})") from error


@contextmanager
def _on_loopback() -> Iterator[None]:
    """A context in which Ray leaves 127.0.0.1 as it is.

    It reads its variable once, when it is imported; that may have been for a cluster.
    """
    constants: Any = sys.modules["ray._private.ray_constants"]
    before = constants.ENABLE_RAY_CLUSTER
    constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = before


@contextmanager
def _session_folder() -> Iterator[Path]:
    """A folder for logs and sockets, removed at the end.

    Raises:
        UsageError: If it cannot be made.
    """
    try:
        name = tempfile.mkdtemp(prefix="hear-ray-")
        if len(name) > _LONGEST_FOLDER:
            shutil.rmtree(name)
            name = tempfile.mkdtemp(prefix="hear-ray-", dir="/tmp")
    except OSError as error:
        raise UsageError(
            f"--ray: no folder for its logs can be made ({error.strerror or error}); make room, or "
            "set TMPDIR to a folder that can be written"
        ) from error
    try:
        yield Path(name)
    finally:
        shutil.rmtree(name, ignore_errors=True)


@contextmanager
def _terminal_kept(folder: Path) -> Iterator[None]:
    """A context in which Ray's words go to a file, and standard error is ours alone.

    Its library writes to the descriptor, and a thread of its own to `sys.stdout`.

    Args:
        folder: Where that file is.
    """
    ours: IO[str] | None = None
    stdout, stderr = sys.stdout, sys.stderr
    with (folder / "driver.log").open("a") as log:
        try:
            kept = os.dup(2)
        except OSError:  # it was closed before Python began
            kept = os.open(os.devnull, os.O_WRONLY)
        with contextlib.suppress(AttributeError, OSError, ValueError):
            if stderr.fileno() == 2:
                ours = os.fdopen(os.dup(2), "w", 1, encoding=stderr.encoding, errors=stderr.errors)
                sys.stderr = ours
        os.dup2(log.fileno(), 2)
        sys.stdout = log
        if stderr is None:  # Ray needs one
            sys.stderr = log
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            sys.stdout, sys.stderr = stdout, stderr
            if ours is not None:
                ours.close()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """A context after which signals are handled as before; Ray takes SIGTERM for itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGTERM, signal.SIGINT)
        if signal.getsignal(number) is not None
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(TypeError, ValueError):
                signal.signal(number, handler)
