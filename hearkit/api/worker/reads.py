"""Which files a process reads, noted as they are opened.

Python tells by audit events of every file that it opens. Compiled libraries open theirs unseen;
those that read weights are asked here for the paths that they are given.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
import threading
from collections.abc import Callable
from glob import escape
from pathlib import Path
from typing import Any

State = tuple[int, int, int]
"""Inode, size in bytes and time of change in ns of a file."""

_OURS = "hear-"
"""What the names of threads begin with that read and write for `hear-embed`."""

_NO_FILES = ("/proc/", "/sys/", "/dev/")

_CACHE = "/matplotlib/fontlist-"
"""What a library keeps of the fonts of this machine."""

_OF_THE_MACHINE = (
    "/etc/os-release", "/usr/lib/os-release", "/etc/localtime", "/etc/timezone", "/etc/hosts",
    "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/mime.types", "/usr/share/zoneinfo/",
)  # fmt: skip
"""What Python's own library reads to know where it runs."""

_BEFORE_IMPORT = (
    "safetensors:safe_open", "safetensors:_safe_open_handle",
    "safetensors._safetensors_rust:safe_open", "safetensors._safetensors_rust:_safe_open_handle",
)  # fmt: skip
_AFTER_IMPORT = (
    "torch._C:import_ir_module", "h5py:File.__init__", "soundfile:SoundFile.__init__",
    "onnxruntime:InferenceSession.__init__", "sentencepiece:SentencePieceProcessor.Load",
    "tensorflow.python.lib.io.file_io:FileIO.__init__",
    "tensorflow.python.training.py_checkpoint_reader:NewCheckpointReader",
)  # fmt: skip
"""Functions of compiled libraries that read files which their arguments name. The first are
replaced before the submission is imported, which may import them by name; the others once it has
imported the library."""


class Reads:
    """Notes files while a step runs. Python keeps audit hooks for good: see `of_this_process`."""

    def __init__(self) -> None:
        self._step: dict[str, State] | None = None
        self._written: set[str] = set()
        self._main = threading.get_ident()
        self._inside = threading.local()
        sys.addaudithook(self._hook)

    def start(self) -> None:
        """Begin a step."""
        self._main = threading.get_ident()
        self._step = {}

    def stop(self) -> dict[str, State]:
        """End the step.

        Returns:
            What was read, in the order of opening, with the state that it had then. Files that the
            process has made itself are left out: they follow from others.
        """
        step, self._step = self._step or {}, None
        return {path: state for path, state in step.items() if path not in self._written}

    def note(self, file: Any) -> None:
        """Note that a file is about to be read, or those of a TensorFlow checkpoint."""
        path = _path(file)
        if not path or self._step is None or path in self._step or self._is_ours():
            return
        folder, name = os.path.split(path)
        for found in [path] if os.path.lexists(path) else Path(folder).glob(f"{escape(name)}.*"):
            state = state_of(found)
            if state is not None:
                self._step[str(found)] = state

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self._step is None or event not in _EVENTS or getattr(self._inside, "value", False):
            return
        self._inside.value = True
        try:
            if not self._is_ours():
                _EVENTS[event](self, *args)
        finally:
            self._inside.value = False

    def _is_ours(self) -> bool:
        """Whether a thread of `hear-embed` opens the file."""
        if threading.get_ident() == self._main:
            return False
        return threading.current_thread().name.startswith(_OURS)

    def _open(self, file: Any, mode: Any = None, flags: Any = 0) -> None:
        if _is_read(mode, flags):
            if not _is_for_lines():
                self.note(file)
        elif (path := _path(file)) and not (self._step and path in self._step):
            self._written.add(path)

    def _connect(self, file: Any = None, *_: Any) -> None:
        self.note(file)

    def _load(self, file: Any = None, *_: Any) -> None:
        # A library without a folder is searched for by the system.
        if isinstance(file, (str, bytes, os.PathLike)) and b"/" in os.fsencode(file):
            self.note(file)


_EVENTS: dict[str, Callable[..., None]] = {
    "open": Reads._open,
    "ctypes.dlopen": Reads._load,
    "sqlite3.connect": Reads._connect,
}


def _is_for_lines() -> bool:
    """Whether Python reads source code only to show or inspect lines of it.

    Libraries do so while they are imported, with whatever code happens to import them.
    """
    frame = sys._getframe(1)
    for _ in range(_NEAR):
        if frame.f_back is None:
            return False
        frame = frame.f_back
        if frame.f_globals.get("__name__") == "linecache":
            return True
    return False


_NEAR = 8
"""Frames between Python's `linecache` and where it opens a file, and a few more."""


def _is_read(mode: Any, flags: Any) -> bool:
    """Whether a file is opened for what it holds."""
    if isinstance(mode, str):
        return not set(mode) & set("wax")
    if not isinstance(flags, int):
        return True
    access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
    return access == os.O_RDONLY or (access == os.O_RDWR and not flags & (os.O_CREAT | os.O_TRUNC))


def _path(file: Any) -> str:
    """The full name of a file; "" for what is none, or tells about this machine only."""
    if not isinstance(file, (str, bytes, os.PathLike)):
        return ""
    try:
        path = os.path.abspath(os.fsdecode(file))  # noqa: PTH100 - also where a folder is gone
    except (OSError, ValueError):
        return ""
    if path.startswith((*_NO_FILES, *_OF_THE_MACHINE)) or _CACHE in path:
        return ""
    return path


def state_of(path: str | Path) -> State | None:
    """What tells whether a file has changed; None where there is none."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - in a hook, and surrogates are none of pathlib's
    except (OSError, ValueError):
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


@functools.cache
def of_this_process() -> Reads:
    """The one that notes; made when it is first asked for."""
    return Reads()


def watch_compiled(*, imported: bool) -> None:
    """Have compiled libraries say which files they read.

    Args:
        imported: Whether the submission has been imported.
    """
    for place in _AFTER_IMPORT if imported else _BEFORE_IMPORT:
        name, _, function = place.partition(":")
        if not imported:
            # Whatever is raised by what is not installed, the submission's import will tell.
            with contextlib.suppress(Exception):
                importlib.import_module(name)
        owner: Any = sys.modules.get(name)
        *holders, last = function.split(".")
        for holder in holders:
            owner = getattr(owner, holder, None)
        original = None if owner is None else getattr(owner, last, None)
        if original is not None and not hasattr(original, "__wrapped__"):
            noting = _noting(original)
            setattr(owner, last, noting)
            _replace_elsewhere(name.partition(".")[0], last, original, noting)


def _replace_elsewhere(package: str, name: str, original: Any, noting: Any) -> None:
    """Replace a function in modules of its package that have imported it by name."""
    for module, loaded in list(sys.modules.items()):
        if module.startswith(f"{package}.") and vars(loaded).get(name) is original:
            setattr(loaded, name, noting)


def _noting(original: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which first notes the files that its arguments name."""

    @functools.wraps(original, updated=())
    def function(*args: Any, **named: Any) -> Any:
        for argument in (*args, *named.values()):
            if isinstance(argument, (str, bytes, os.PathLike)):
                of_this_process().note(argument)
        return original(*args, **named)

    return function
