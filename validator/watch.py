"""What a step does besides its answer, seen from inside the worker by Python's audit events.

Runs in the worker only. It sees what goes through Python; a compiled library that opens its
own sockets or files is not seen (safetensors reads its file so, for example).
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

_PROCESS_EVENTS = {
    "subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec",
    "os.spawn", "os.startfile", "pty.spawn",
}  # fmt: skip
_REMOVING_EVENTS = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
                    "os.truncate", "shutil.rmtree"}  # fmt: skip
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", ""}

_HARMLESS_CALLERS = (
    "ctypes/util.py", "platform.py", "uuid.py", "numba/", "_inductor/", "triton/",
    "multiprocessing/resource_tracker.py",
)  # fmt: skip
"""Library code that starts helper programs or keeps caches whatever the submission does."""

_HARMLESS_VARIABLES = ("TF_", "KMP_", "OMP_", "MKL_", "TOKENIZERS_", "PYTHON", "KERAS_", "XLA_")
"""Variables that libraries' manuals tell users to set before the import."""


class Watch:
    """Collects effects while a step runs. Installed once; Python keeps audit hooks for good."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._effects: list[tuple[str, str]] = []
        self._active = False
        self._importing = False
        self._own = "\0"
        self._temporary = tuple(
            {os.path.realpath(d) for d in (tempfile.gettempdir(), "/dev", "/proc", "/sys")}
        )
        self.opened: set[str] = set()
        sys.addaudithook(self._hook)

    def belongs(self, root: Path) -> None:
        """Say where the submission's own code is; libraries get leeway while they import."""
        self._own = str(root)

    def start(self, *, importing: bool) -> None:
        """Begin a step."""
        self._effects, self.opened = [], set()
        self._importing = importing
        self._active = True

    def stop(self) -> list[tuple[str, str]]:
        """End the step; the effects seen, each once, as (kind, what)."""
        self._active = False
        return list(dict.fromkeys(self._effects))

    def add(self, kind: str, what: str) -> None:
        """Note an effect that was found in another way."""
        self._effects.append((kind, what))

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._active or getattr(self._local, "inside", False):
            return
        self._local.inside = True
        try:
            self._see(event, args)
        finally:
            self._local.inside = False

    def _see(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            self._opening(*args)
        elif event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
            self._connecting(event, args)
        elif event in _PROCESS_EVENTS:
            self._note("process", f"{event} {_command(args)}".strip())
        elif event in _REMOVING_EVENTS:
            path = _path(args[0] if args else "")
            if path and not self._is_temporary(path):
                self._note("write", f"{event.partition('.')[2]} {path}")
        elif event in ("os.putenv", "os.unsetenv"):
            name = os.fsdecode(args[0])
            if not name.startswith(_HARMLESS_VARIABLES):
                self._note("environment", name)
        elif event == "pickle.find_class" and "<frozen importlib._bootstrap>" not in _files():
            self._note("unpickle", ".".join(map(str, args)))

    def _opening(self, file: Any, mode: Any, flags: Any) -> None:
        path = _path(file)
        if not path:
            return
        self.opened.add(path)
        writing = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        if isinstance(mode, str) and set(mode) & set("wax+"):
            writing = True
        if writing and not self._is_temporary(path) and "__pycache__" not in path:
            self._note("write", path)

    def _connecting(self, event: str, args: tuple[Any, ...]) -> None:
        address = args[1] if event == "socket.connect" else args[0]
        host = address[0] if isinstance(address, tuple) and address else address
        if isinstance(host, bytes):
            host = host.decode("utf-8", "replace")
        if event == "socket.connect" and not isinstance(address, tuple):
            return  # a Unix socket
        if host is None or str(host) in _LOOPBACK or str(host).startswith("127."):
            return
        self._effects.append(("network", str(host)))
        raise OSError(errno.ENETUNREACH, f"no network while hear-validate runs: {host}")

    def _note(self, kind: str, what: str) -> None:
        files = _files()
        if any(part in file for file in files for part in _HARMLESS_CALLERS):
            return
        # While modules import, only what the submission's own code does is laid at its door:
        # numeric libraries look for compilers and fill caches when they are first imported.
        if self._importing and not self._own_code(files):
            return
        self._effects.append((kind, what))

    def _own_code(self, files: list[str]) -> bool:
        for file in files:
            if file.startswith(self._own):
                return True
            if "site-packages" in file or "dist-packages" in file:
                return False
        return False

    def _is_temporary(self, path: str) -> bool:
        return any(path == d or path.startswith(d + os.sep) for d in self._temporary)


def _files() -> list[str]:
    """The source files on the stack, innermost first, without this one."""
    return [file for file in _walk(sys._getframe(1)) if file != __file__]


def _walk(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back


def _path(file: Any) -> str:
    if isinstance(file, (str, bytes, os.PathLike)):
        return os.path.realpath(os.fsdecode(file))
    return ""


def _command(args: tuple[Any, ...]) -> str:
    parts = args[1] if len(args) > 1 and args[1] else args[:1]
    if isinstance(parts, (str, bytes)):
        parts = [parts]
    return " ".join(os.fsdecode(p) for p in parts if isinstance(p, (str, bytes, os.PathLike)))
