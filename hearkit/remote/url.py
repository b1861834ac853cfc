"""Places of recordings and results: paths of this machine, and URLs of elsewhere."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes

from ..errors import UsageError

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)

_LOCAL = ("file", "local")
"""Schemes of this machine's own files."""

_SECRET = re.compile(r"[^/]*:[^/@]+@")
"""A password in front of a host; without one, it may be the user's name alone."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL of another machine's file or folder, such as `s3://bucket/folder/bell.wav`.

    What stands behind the scheme is the store's own name of it, so nothing in it is encoded.

    Attributes:
        text: The URL, without a `/` at its end.

    Examples:
        >>> from hearkit.remote.url import Url
        >>> url = Url("s3://bucket/sub") / "bell.wav"
        >>> str(url), url.name, url.suffix, str(url.parent)
        ('s3://bucket/sub/bell.wav', 'bell.wav', '.wav', 's3://bucket/sub')
    """

    text: str

    @property
    def scheme(self) -> str:
        """What stands before `://`."""
        return self.text.partition("://")[0]

    @property
    def name(self) -> str:
        """The last part."""
        return self.text.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The last part's, such as `.wav`; "" if it has none."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> Url:
        """The folder that it is in; a bucket's is itself."""
        above = self.text.rpartition("/")[0]
        return self if above.endswith(":/") else Url(above)

    def __truediv__(self, name: str) -> Url:
        """What has this name below it."""
        return Url(f"{self.text}/{name}")

    def __str__(self) -> str:
        return self.text


Place = Path | Url
"""Where a file or a folder is."""


def is_url(text: str) -> bool:
    """Whether a text is a URL; a path of `pathlib` never is, since it has no `//`."""
    return _URL.match(text) is not None


def place_of_text(text: str) -> Place:
    """The place that a user, a table or a job names.

    Args:
        text: A path or a URL. `file:` URLs are paths, which they have percent-encoded.

    Raises:
        UsageError: If the URL holds a password, or a `file:` URL names another machine.
    """
    found = _URL.fullmatch(text)
    if found is None:
        return Path(text)
    scheme, rest = found[1].lower(), found[2]
    if scheme in _LOCAL:
        return _local(text, rest)
    if _SECRET.match(rest):
        raise UsageError(
            f"{scheme}://...@{rest.partition('@')[2]}: has a password in it, which would stand in "
            "each result; leave it out, and set it in the environment or in fsspec's configuration"
        )
    if not rest.strip("/"):
        raise UsageError(
            f"{text}: names nothing behind {scheme}://; write {scheme}://BUCKET/FOLDER"
        )
    return Url(f"{scheme}://{rest.rstrip('/')}")


def _local(text: str, rest: str) -> Path:
    host, _, path = rest.partition("/")
    if host not in ("", "localhost"):
        raise UsageError(
            f"{text}: names a file of the machine {host}; write file:///FOLDER/FILE, with three /"
        )
    decoded = unquote_to_bytes(f"/{path}")
    if b"\0" in decoded:
        raise UsageError(f"{text}: has a NUL in its path, which no file has")
    return Path(os.fsdecode(decoded))


def shown(place: Place) -> str:
    r"""A place for a message: bytes that are no UTF-8 as `\xe9`."""
    return os.fsencode(str(place)).decode("utf-8", "backslashreplace")
