"""What a model was made from: the files that its process has read, by what they hold.

A file counts by its contents and its role, not by its place or time. What a role is called:

| role | file |
| --- | --- |
| `module/...` | of the submission's top-level package or module, relative to it |
| `weights...` | what `load_model` was given, and what lies in it |
| `library/...` | of an installed package, relative to the folder of all packages |
| `other/...` | any other, by its name, with a number where several have one name |

Left out are Python's own library, for which its version stands; what this package and its tools
have imported before; what the process has written itself; and compiled code of installed packages,
for which name and size stand, since it takes gigabytes.
"""

from __future__ import annotations

import functools
import os
import secrets
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import source_from_cache
from pathlib import Path
from types import ModuleType

from ...files import digest
from .reads import State, state_of

_OURS = os.path.realpath(Path(__file__).parents[2]) + os.sep
"""The folder of `hearkit`: for it, its version stands."""

_WEIGHTS = (
    ".safetensors", ".pt", ".pth", ".pt2", ".ptl", ".ts", ".jit", ".bin", ".ckpt", ".onnx", ".ort",
    ".tflite", ".pb", ".index", ".h5", ".hdf5", ".keras", ".npz", ".npy", ".gguf", ".model",
    ".data-00000-of-00001",
)  # fmt: skip
"""Suffixes of files that compiled libraries may read unseen."""

_MAIN = os.path.abspath(getattr(sys.modules["__main__"], "__file__", None) or "/")  # noqa: PTH100
"""The command's own file, which some libraries read."""

_COMPILED = (".so", ".dylib", ".pyd", ".dll")
_METADATA = (".dist-info/", ".egg-info/")
"""Of installed packages. Some libraries read those of all packages."""

_TOOLS = ("numpy", "psutil", "click")
"""Packages that this one imports before the submission. NumPy's version counts."""

_THREADS = 4
_LARGE = 1 << 22
"""Bytes of a file from which on it is read in a thread of its own."""


_OF_LIBRARIES: dict[str, None] = {}
_BROUGHT: set[str] = set()
"""What this process has read of libraries, and names of modules that it has imported, for whatever
submission: only the first import does."""


class Sources:
    """The files that a submission was made from, as far as they are known by now.

    Args:
        name: The module's name.
    """

    def __init__(self, name: str) -> None:
        self._top = name.partition(".")[0]
        self._read: dict[str, State] = {}
        self._folders = _library_folders()

    def add(self, read: Mapping[str, State], brought: Iterable[str]) -> None:
        """Add what a step has read; its first state counts.

        Args:
            read: Files and their states.
            brought: Names of modules that were imported meanwhile.
        """
        self._read = {**read, **self._read}
        _OF_LIBRARIES.update((path, None) for path in read if self._library(path))
        _BROUGHT.update(brought)

    def are_own(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of some paths that are no library's and not ours."""
        roots = tuple(self._roots())
        return tuple(
            path
            for path in map(_source, paths)
            if _is_in(path, roots) or not (self._is_left_out(path) or self._library(path))
        )

    def digests(self, weights: str) -> tuple[dict[str, str], dict[str, str]]:
        """Digests of all files, and their places, both by role.

        Args:
            weights: What `load_model` was given, or "".
        """
        places = self._places(weights)
        large = [role for role, path in places.items() if _size(path) > _LARGE]
        with ThreadPoolExecutor(_THREADS) as pool:
            found = dict(
                zip(large, pool.map(lambda r: self._digest(r, places[r]), large), strict=True)
            )
        for role, path in places.items():
            if role not in found:  # hundreds, for which threads cost more than they save
                found[role] = self._digest(role, path)
        return found, places

    def _places(self, weights: str) -> dict[str, str]:
        roots = tuple(self._roots())
        places: dict[str, str] = {}
        names: Counter[str] = Counter()
        given = os.path.abspath(weights) if weights else "\0"  # noqa: PTH100 - links stay
        for path in dict.fromkeys((*self._all_read(given, roots), *self._modules(roots))):
            role = _relative(path, given, "weights") or self._role(path, roots)
            if role == "other":
                name = os.path.basename(path)  # noqa: PTH119 - may hold any bytes
                role = f"other/{name}#{names[name]}"
                names[name] += 1
            if role:
                places.setdefault(role, path)
        return places

    def _all_read(self, weights: str, roots: tuple[str, ...]) -> Iterator[str]:
        """What was seen to be read, what was given, and what may have been read unseen."""
        yield from map(_source, {**self._read, **_OF_LIBRARIES})
        yield from _given(weights, self._read)
        for root in roots:
            if Path(root).is_dir():
                yield from _unseen(root, self._read)

    def _modules(self, roots: tuple[str, ...]) -> Iterator[str]:
        """Source files of the module's package, and of the libraries that came with it."""
        for name, module in sorted(sys.modules.items()):
            file = _file(module)
            came = name in _BROUGHT and bool(self._library(file))
            if file and (came or _is_in(file, roots)):
                yield file

    def _roots(self) -> Iterator[str]:
        """The folders of the module's top-level package, or its file."""
        top = sys.modules.get(self._top)
        if top is None:
            return
        folders = [str(folder) for folder in vars(top).get("__path__", None) or ()]
        yield from folders or filter(None, [_file(top)])

    def _role(self, path: str, roots: tuple[str, ...]) -> str:
        """What a file counts as; "" where it does not, `other` where only its name tells."""
        for root in roots:
            if os.path.isdir(root):  # noqa: PTH112
                role = _relative(path, root, "module")
            else:
                # Of a module that is one file, what lies next to it and below moves with it.
                role = _relative(path, os.path.dirname(root), "module")  # noqa: PTH120
                role = "" if self._library(path) and path != root else role
            if role:
                return "" if self._is_left_out(path) else role
        if self._is_left_out(path):
            return ""
        library = self._library(path)
        if library.partition("/")[0] in _TOOLS:
            return ""
        return f"library/{library}" if library else "other"

    def _is_left_out(self, path: str) -> bool:
        return (
            _real(path).startswith(_OURS)
            or path == _MAIN
            or "/__pycache__/" in path
            or any(part in path for part in _METADATA)
            or self._is_pythons(path)
            or (_is_compiled(path) and path.startswith(("/usr/", "/lib")))
            or not os.path.isfile(path)  # noqa: PTH113 - gone again, or a folder
        )

    def _is_pythons(self, path: str) -> bool:
        return not self._library(path) and _is_in(path, self._folders[1])

    def _library(self, path: str) -> str:
        """Where a file is in the folder of all packages; "" for what is no installed package's."""
        for part in ("/site-packages/", "/dist-packages/"):
            if part in path:
                return path.rpartition(part)[2]
        folder = next((f for f in self._folders[0] if _is_in(path, (f,))), None)
        return os.path.relpath(path, folder) if folder else ""

    def _digest(self, role: str, path: str) -> str:
        if role.startswith("library/") and _is_compiled(path):
            return f"{_size(path)} bytes"
        try:
            before = self._read.get(path) or state_of(path)
            found = digest(path)
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        # What was read is gone where it has changed since: no later run is to take it for current.
        return found if state_of(path) == before else f"changed meanwhile {secrets.token_hex(16)}"


def _real(path: str) -> str:
    """The path without links in its folders, which are asked for once."""
    folder, name = os.path.split(path)
    return f"{_real_folder(folder)}/{name}"


@functools.cache
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return 0


def _library_folders() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Folders of installed packages, and of Python's own library."""
    paths = sysconfig.get_paths()
    both = [{paths[a], paths[b]} for a, b in (("purelib", "platlib"), ("stdlib", "platstdlib"))]
    packages, own = (tuple(f | {os.path.realpath(one) for one in f}) for f in both)
    return packages, own


def _given(weights: str, read: Mapping[str, State]) -> Iterator[str]:
    """The file that was given; of a folder what may have been read unseen."""
    if os.path.isdir(weights):  # noqa: PTH112
        yield from _unseen(weights, read, everything=True)
    elif os.path.isfile(weights):  # noqa: PTH113
        yield weights
    elif weights != "\0":
        folder, prefix = os.path.split(weights)
        names = os.listdir(folder) if os.path.isdir(folder) else []  # noqa: PTH112, PTH208
        yield from (f"{folder}/{name}" for name in sorted(names) if name.startswith(f"{prefix}."))


def _unseen(folder: str, read: Mapping[str, State], *, everything: bool = False) -> Iterator[str]:
    """The weights in a folder, unless some were seen to be read: then those are all.

    Args:
        folder: Where to look, at any depth.
        read: What was seen.
        everything: Whether, then, all files count, whatever they are called.
    """
    if any(_is_in(path, (folder,)) and path.endswith(_WEIGHTS) for path in read):
        return
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__pycache__")
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        for name in sorted(names):
            if not name.startswith(".") and (everything or name.endswith(_WEIGHTS)):
                yield f"{place}/{name}"


def _file(module: ModuleType | None) -> str:
    """The source file of a module; asked so that nothing of it runs."""
    known = getattr(module, "__dict__", {})
    file = known.get("__file__") or getattr(known.get("__spec__"), "origin", None)
    return _source(file) if isinstance(file, str) and os.path.isabs(file) else ""  # noqa: PTH117


def _source(path: str) -> str:
    """The file that compiled Python code was made from, where it is there."""
    if path.endswith(".pyc"):
        try:
            source = source_from_cache(path)
        except ValueError:
            return path
        return source if os.path.isfile(source) else path  # noqa: PTH113
    return path


def _is_compiled(path: str) -> bool:
    name = os.path.basename(path)  # noqa: PTH119
    return name.endswith(_COMPILED) or ".so." in name


def _is_in(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _relative(path: str, root: str, role: str) -> str:
    """The role of what is at or below a root; "" for what is not."""
    if path == root:
        return role + os.path.splitext(path)[1]  # noqa: PTH122
    return f"{role}/{path[len(root) + 1 :]}" if path.startswith(root + "/") else ""
