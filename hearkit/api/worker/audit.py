"""Side effects of a step, seen from inside the worker by Python's audit events.

Runs in the worker only. It sees what goes through Python; a compiled library that opens its
own sockets or files is not seen (safetensors reads its file so, for example), except
`torch.save`, which `frameworks.torch_` reports.

Only what the submission's own code asks for is laid at its door. Libraries look for compilers,
fill caches and set variables while they are imported, whoever imports them.
"""

from __future__ import annotations

import errno
import os
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from ... import machine

_PROCESS_EVENTS = {
    "subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec",
    "os.spawn", "os.startfile", "pty.spawn",
}  # fmt: skip
_CHANGING_EVENTS = {
    # The places of paths that change, and of the descriptors of folders they are relative to
    "os.remove": ((0, 1),), "os.rmdir": ((0, 1),), "os.mkdir": ((0, 2),), "os.truncate": ((0, 9),),
    "os.rename": ((0, 2), (1, 3)), "os.link": ((1, 3),), "os.symlink": ((1, 2),),
}  # fmt: skip
_CONNECTING_EVENTS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
                      "socket.gethostbyname"}  # fmt: skip
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", ""}

_HARMLESS_CALLERS = (
    "ctypes/util.py", "platform.py", "uuid.py", "numba/", "_inductor/", "triton/",
    "multiprocessing/resource_tracker.py", "multiprocessing/popen_",
)  # fmt: skip
"""Library code that starts helper programs or keeps caches whatever the submission does."""

_HARMLESS_VARIABLES = (
    "CUBLAS_WORKSPACE", "GRPC_", "HF_HUB_DISABLE", "HF_HUB_VERBOSITY", "KERAS_", "KMP_",
    "LIBROSA_", "MKL_", "MPL", "NUMBA_", "NUMEXPR_", "OMP_", "OPENBLAS_", "PYTHON", "PYTORCH_",
    "TF_", "TOKENIZERS_", "TRANSFORMERS_NO", "TRANSFORMERS_VERBOSITY", "XLA_",
)  # fmt: skip
"""Variables that libraries' manuals tell users to set before the import."""

_THREADS = "_NUM_THREADS"

_DOWNLOADED = ("/torch/hub/", "/huggingface/hub/models--", "/.keras/", "/tfhub_modules/")
"""Folders where libraries keep what they fetched. On another machine they are empty."""

_HEARKIT = str(Path(__file__).parents[2])
"""Our own code, compared with frames' names as text."""


class Watch:
    """Collects effects while a step runs. Installed once; Python keeps audit hooks for good."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._main = threading.get_ident()
        self._effects: list[tuple[str, str]] = []
        self._variables: dict[str, str] = {}
        self._active = False
        self._importing = False
        self._ours: tuple[str, ...] = (_HEARKIT,)
        self._own = "\0"
        self._given = "\0"
        self._temporary = _real({tempfile.gettempdir(), "/dev", "/proc", "/sys"})
        self._kept: tuple[str, ...] = ()
        self._libraries = _real(
            sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")
        )
        self.opened: set[str] = set()
        sys.addaudithook(self._hook)

    def belongs(self, root: Path) -> None:
        """Say where the submission's own code is: a package's folder or a module's file."""
        self._own = str(root)
        folders = _real({os.fspath(root if root.is_dir() else root.parent), Path.cwd()})
        # Next to the code is not temporary, even where the code itself lies in such a folder.
        self._kept = tuple(
            f for f in folders if _is_in(f, self._temporary) and f not in self._temporary
        )

    def ours(self, package: Path) -> None:
        """Say that a package is not the submission's, but the caller's own."""
        self._ours = (*self._ours, str(package))

    def given(self, weights: str) -> None:
        """Say which file or folder the submission was given to read."""
        self._given = os.path.realpath(weights) if weights else "\0"

    def start(self, *, importing: bool) -> None:
        """Begin a step; what threads did since the last one counts to this one."""
        self.opened = set()
        self._variables = dict(os.environ)
        self._importing = importing
        self._active = True

    def stop(self) -> list[tuple[str, str]]:
        """End the step; the effects seen, each once, as (kind, what)."""
        self._active = False
        effects, self._effects = self._effects, []
        return [e for e in dict.fromkeys(effects) if not self._was_undone(*e)]

    def add(self, kind: str, what: str) -> None:
        """Note an effect that was found in another way."""
        self._effects.append((kind, what))

    def wrote(self, path: str) -> None:
        """Note that a compiled library is about to write a file."""
        self._writing(_path(path))

    def _was_undone(self, kind: str, what: str) -> bool:
        """Whether a variable has its old value again."""
        is_variable = kind in ("environment", "threads") and "=" not in what
        return is_variable and os.environ.get(what) == self._variables.get(what)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        # Between steps the main thread is the validator's; other threads never are.
        if not self._active and threading.get_ident() == self._main:
            return
        if getattr(self._local, "inside", False):
            return
        self._local.inside = True
        try:
            self._see(event, args)
        finally:
            self._local.inside = False

    def _see(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            self._opening(*args)
        elif event in _CONNECTING_EVENTS:
            self._connecting(event, args)
        elif event in _PROCESS_EVENTS:
            self._note("process", f"{event} {_command(args)}".strip())
        elif event in _CHANGING_EVENTS:
            for path in _changed(event, args):
                self._writing(path, event.partition(".")[2] + " ")
        elif event in ("os.putenv", "os.unsetenv"):
            name = os.fsdecode(args[0])
            if name.endswith(_THREADS):
                self._note("threads", name)
            elif not name.startswith(_HARMLESS_VARIABLES):
                self._note("environment", name)
        elif event == "pickle.find_class":
            self._note("unpickle", ".".join(map(str, args)))

    def _opening(self, file: Any, mode: Any, flags: Any) -> None:
        path = _path(file)
        if not path:
            return
        self.opened.add(path)
        writing = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        if isinstance(mode, str) and set(mode) & set("wax+"):
            writing = True
        if writing:
            self._writing(path)
        elif any(part in path for part in _DOWNLOADED) and not _is_in(path, (self._given,)):
            self._note("network", f"{path}, which was fetched earlier")

    def _writing(self, path: str, how: str = "") -> None:
        if path and not self._is_temporary(path) and "__pycache__" not in path:
            self._note("write", how + path)

    def _connecting(self, event: str, args: tuple[Any, ...]) -> None:
        address = args[1 if event.startswith(("socket.connect", "socket.send")) else 0]
        host = address[0] if isinstance(address, tuple) and address else address
        if isinstance(host, bytes):
            host = host.decode("utf-8", "replace")
        if event.startswith(("socket.connect", "socket.send")) and not isinstance(address, tuple):
            return  # a Unix socket
        if host is None or str(host) in _LOOPBACK or str(host).startswith("127."):
            return
        self._effects.append(("network", str(host)))
        raise OSError(errno.ENETUNREACH, f"no network while hear-validate runs: {host}")

    def _note(self, kind: str, what: str) -> None:
        if self._is_responsible():
            self._effects.append((kind, what))

    def _is_responsible(self) -> bool:
        """Whether the submission's code, and no library's import, asked for what happens now."""
        for file in _files():
            if file.startswith("<frozen importlib"):
                return False
            if self._is_own(file):
                return True
            if any(part in file for part in _HARMLESS_CALLERS):
                return False
        return not self._importing

    def _is_own(self, file: str) -> bool:
        if _is_in(file, (self._own,)):
            return True
        if file.startswith("<") or _is_in(file, self._ours):
            return False
        return not (
            "site-packages" in file or "dist-packages" in file or _is_in(file, self._libraries)
        )

    def _is_temporary(self, path: str) -> bool:
        return _is_in(path, self._temporary) and not _is_in(path, self._kept)


def _real(folders: Any) -> tuple[str, ...]:
    """The folders as they are named and as they really are."""
    named = {os.fspath(folder) for folder in folders}
    return tuple(named | {os.path.realpath(folder) for folder in named})


def _is_in(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


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


def _changed(event: str, args: tuple[Any, ...]) -> Iterator[str]:
    """The paths that an event adds, removes or alters."""
    for place, beside in _CHANGING_EVENTS[event]:
        name, folder = args[place], args[beside] if beside < len(args) else -1
        if isinstance(folder, int) and folder >= 0 and isinstance(name, (str, bytes, os.PathLike)):
            # Relative to the folder of a descriptor; where that is not told, it cannot be known.
            known = machine.folder_of(folder)
            if known is None:
                continue
            name = os.path.join(known, os.fsdecode(name))  # noqa: PTH118
        yield _path(name)


def _command(args: tuple[Any, ...]) -> str:
    parts = args[1] if len(args) > 1 and args[1] else args[:1]
    if isinstance(parts, (str, bytes)):
        parts = [parts]
    return " ".join(os.fsdecode(p) for p in parts if isinstance(p, (str, bytes, os.PathLike)))
