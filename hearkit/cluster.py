"""A Ray of this machine, or a cluster's: started and joined without a word on the terminal."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import machine
from .errors import UsageError

LOCAL = "local"
"""The address that stands for a Ray of this machine alone."""

_ADDRESS = re.compile(r"auto|local|[\w.-]+:\d+|\[[0-9a-fA-F:]+\]:\d+")

_LONGEST_FOLDER = 40
"""Characters of the folder of a session; the path of a socket in it has 107 at most."""

_STORE_BYTES = 128 << 20
"""Shared memory for messages. They hold names and figures; audio and embeddings never pass."""

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


def library() -> Any:
    """The module `ray`.

    Raises:
        UsageError: If it is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.exceptions
        import ray.util.scheduling_strategies
    except ImportError as error:
        missing = (error.name or "").partition(".")[0] == "ray"
        why = "" if missing else f" ({error})"
        raise UsageError(f'--ray needs ray{why}: pip install "hearbaseline[ray]"') from error
    return ray


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
    ray = library()
    folder = _session_folder() if address == LOCAL else None
    try:
        with _signals_kept():
            _init(ray, address, folder)
        try:
            yield ray
        finally:
            with _signals_kept():
                ray.shutdown()
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _init(ray: Any, address: str, folder: Path | None) -> None:
    options: dict[str, Any] = {
        "address": address,
        "log_to_driver": False,
        "logging_level": logging.CRITICAL,
    }
    if folder is not None:
        options |= {
            "num_cpus": machine.cores(),
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
            # Not to be reached from other machines.
            "_node_ip_address": "127.0.0.1",
            "_temp_dir": str(folder),
        }
    try:
        ray.init(**options)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        where = "cannot be started here" if folder is not None else "there is no Ray that answers"
        advice = (
            "see its requirements"
            if folder is not None
            else "start one there with `ray start --head`, or use --ray=local"
        )
        raise UsageError(f"--ray {address}: {where} ({reason}); {advice}") from error


def _session_folder() -> Path:
    """A folder of this run's Ray: logs and sockets, removed at its end."""
    folder = tempfile.mkdtemp(prefix="hear-ray-")
    if len(folder) > _LONGEST_FOLDER:
        shutil.rmtree(folder)
        folder = tempfile.mkdtemp(prefix="hear-ray-", dir="/tmp")
    return Path(folder)


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
