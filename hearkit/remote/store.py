"""A store that fsspec reaches: few operations, each tried again while the network fails.

The libraries below try again by themselves, for seconds (botocore up to five times); here it is for
as long as a server takes to start again.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from .drivers import filesystem
from .ending import ENDING
from .errors import (
    GoneError,
    StoreError,
    ThereError,
    UnreachableError,
    in_words,
    is_definite,
    unreachable,
)
from .facts import Facts
from .url import Url

_PATIENCE_S = 90.0
"""Seconds for which a request is tried again; and a store without an answer is waited for, once."""

_FIRST_PATIENCE_S = 5.0
"""Seconds for a store that has never answered: its name may be wrong."""

_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before the next tries; the last one again and again."""

_BLOCK = 4 << 20
"""Bytes of a request; where a connection breaks, so much is read again."""

_UPLOAD_BLOCK, _UPLOADS = 16 << 20, 4
"""Bytes of a part of a large upload, and parts that are sent at once. S3 takes 10,000 parts."""

_CONDITIONAL = ("s3", "s3a", "gs", "gcs")
"""Schemes of stores that do not replace an object if they are told so."""

_VERSION = "?versionId="

_UNABLE = (errno.ENOSYS,)
"""What servers answer that are S3's likeness but in this."""

Answer = TypeVar("Answer")


class Store:
    """One file system of fsspec's.

    Args:
        filesystem: It.
    """

    def __init__(self, filesystem: Any) -> None:
        self._fs = filesystem
        self._has_answered = False
        self._silent_since: float | None = None
        self._lock = threading.Lock()

    def facts(self, url: Url) -> Facts:
        """What there is.

        Raises:
            StoreError: If there is nothing, or it cannot be told.
        """
        try:
            info = self._ask(url, lambda path: self._fs.info(path))
        except (GoneError, UnreachableError):
            raise
        except StoreError:
            # S3 gives the reason only to who asks for contents.
            if url.is_bucket:
                self._ask(url, lambda path: self._fs.ls(path))
            else:
                self._ask(url, lambda path: self._fs.cat_file(path, start=0, end=1))
            raise
        facts = Facts.of(info)
        if info.get("size") is None and not facts.is_folder:
            raise StoreError(url, "the store does not tell how many bytes it has")
        return facts

    def object(self, url: Url) -> Facts:
        """What there is of an object.

        Raises:
            StoreError: If it is a folder, or there is nothing, or it cannot be told.
        """
        facts = self.facts(url)
        if facts.is_folder:
            raise StoreError(url, "is a folder, not a file")
        return facts

    def is_folder_too(self, url: Url) -> bool:
        """Whether objects are below one, as in a folder that is called like it.

        Raises:
            StoreError: If it cannot be told.
        """
        # Other drivers do not tell, and the web's would read the file as a page of links.
        return self._is_s3() and bool(self._ask(url, lambda path: self._fs.isdir(path)))

    def inside(self, url: Url) -> list[tuple[str, Facts]]:
        """The names in a folder, in their order, with what they are.

        Raises:
            StoreError: If it cannot be listed.
        """
        base = self._path(url).rstrip("/")
        if self._is_s3() and base.partition("/")[2].startswith("/"):  # s3fs lists without it
            raise StoreError(url, "begins with a / behind its bucket, which s3fs cannot list")
        infos = self._ask(url, lambda path: self._fs.ls(path, detail=True))
        found = []
        for info in infos:
            name, facts = str(info["name"]), Facts.of(info)
            # An object that is called as its folder, with a `/`, stands for it in S3's console.
            if name.startswith(f"{base}/") and (facts.is_folder or not name.endswith("/")):
                found.append((name[len(base) + 1 :].rstrip("/"), facts))
        return sorted(found, key=lambda one: (one[0], one[1].is_folder))

    def read(self, url: Url, size: int) -> Iterator[bytes]:
        """The contents, a block at a time.

        Args:
            url: The object.
            size: Its bytes.

        Raises:
            StoreError: If they cannot be read, or are fewer.
        """
        for start in range(0, size, _BLOCK):
            yield self.part(url, start, min(start + _BLOCK, size))

    def part(self, url: Url, start: int, end: int) -> bytes:
        """Some of the contents.

        Raises:
            StoreError: If they cannot be read, or are fewer.
        """

        def get(path: str) -> bytes:
            found: bytes = self._fs.cat_file(path, start=start, end=end)
            if len(found) > end - start:  # a web server that gives all of a file in any case
                found = found[start:end]
            if len(found) != end - start:
                raise ConnectionError(f"{len(found)} of {end - start} bytes came")
            return found

        return self._ask(url, get)

    def end(self, url: Url, n_bytes: int) -> bytes:
        """The last bytes, at most so many.

        Raises:
            StoreError: If they cannot be read.
        """
        return self._ask(url, lambda path: bytes(self._fs.cat_file(path, start=-n_bytes)))

    def write(self, url: Url, contents: bytes, *, replace: bool = True) -> None:
        """Put contents there, whole or not at all.

        Args:
            url: Where.
            contents: What.
            replace: Whether an object there is replaced.

        Raises:
            ThereError: If something is there that is not to be replaced.
            StoreError: If it cannot be written.
        """

        def put(path: str, **how: Any) -> None:
            self._fs.pipe_file(path, contents, **how)

        self._put(url, put, replace=replace)

    def upload(self, url: Url, path: str, *, replace: bool = True) -> None:
        """Put the contents of a local file there, whole or not at all; see `write`.

        Raises:
            ThereError: If something is there that is not to be replaced.
            StoreError: If it cannot be written.
        """

        def put(there: str, **how: Any) -> None:
            self._fs.put_file(path, there, **how, **self._in_parts())

        self._put(url, put, replace=replace)

    def remove(self, url: Url) -> None:
        """Remove an object.

        Raises:
            StoreError: If that fails.
        """
        self._ask(url, lambda path: self._fs.rm_file(path))

    def _put(self, url: Url, put: Callable[..., None], *, replace: bool) -> None:
        if replace:
            self._ask(url, put)
            return
        if url.scheme in _CONDITIONAL:
            try:
                self._ask(url, lambda path: put(path, mode="create"))
                return
            except StoreError as error:
                if not (isinstance(error.__cause__, OSError) and error.__cause__.errno in _UNABLE):
                    raise
        # Elsewhere the moment in between remains.
        if self._ask(url, lambda path: self._fs.exists(path)):
            raise ThereError(url, "is there already")
        self._ask(url, put)

    def _in_parts(self) -> dict[str, Any]:
        """How s3fs sends a large file: in memory are few parts of it."""
        if not self._is_s3():
            return {}
        return {"chunksize": _UPLOAD_BLOCK, "max_concurrency": _UPLOADS}

    def _path(self, url: Url) -> str:
        # s3fs cuts a name there, and would read and write another object.
        if self._is_s3() and _VERSION in url.text:
            raise StoreError(url, f"has {_VERSION} in its name, which s3fs cuts off; rename it")
        return str(self._fs._strip_protocol(str(url)))

    def _is_s3(self) -> bool:
        return "s3" in self._fs.protocol

    def _ask(self, url: Url, request: Callable[[str], Answer]) -> Answer:
        """The answer to a request, tried again while there is none.

        Raises:
            UsageError: If no request can be answered: whose credentials are wrong.
            StoreError: If this one cannot.
        """
        path = self._path(url)
        begun = time.monotonic()
        n_tries = 0
        while True:
            try:
                answer = request(path)
            except Exception as error:
                if is_definite(error):
                    self._heard()
                    raise in_words(error, url) from error
                pause = _PAUSES_S[min(n_tries, len(_PAUSES_S) - 1)]
                if time.monotonic() + pause > self._until(begun) or ENDING.wait(pause):
                    raise unreachable(error, url) from error
            else:
                self._heard()
                return answer
            n_tries += 1

    def _heard(self) -> None:
        with self._lock:
            self._has_answered, self._silent_since = True, None

    def _until(self, begun: float) -> float:
        """Until when a request is tried again that was begun then.

        A store that nobody has heard for the whole time is not waited for anew by each request.
        """
        with self._lock:
            if self._silent_since is None:
                self._silent_since = time.monotonic()
            patience = _PATIENCE_S if self._has_answered else _FIRST_PATIENCE_S
            return min(begun, self._silent_since) + patience


_STORES: dict[tuple[str, str], Store] = {}
_OPENING = threading.Lock()


def store_of(url: Url) -> Store:
    """The store that a URL names; one for all its objects.

    Raises:
        UsageError: If its driver is not installed, or it cannot be opened.
    """
    known = url.scheme, url.text.partition("://")[2].partition("/")[0]
    with _OPENING:
        if known not in _STORES:
            _STORES[known] = Store(filesystem(url))
        return _STORES[known]
