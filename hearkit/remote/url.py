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

_WEB = ("http", "https")
"""Schemes whose URLs have a query."""

_SECRET = re.compile(r"[^/]*:[^/@]+@|(?!arn:|\[)[^/@]*:(?!\d*(/|$))[^@]*@")
"""A password in front of a host or a bucket; without one, it may be the user's name alone. Keys of
S3 often hold a `/`: then what stands before it is neither a host with a port, nor an ARN."""

_SIGNED = re.compile(
    r"[?&](X-(Amz|Goog)-(Signature|Security-Token)|Signature|sig|(access_)?token)=", re.IGNORECASE
)
"""What lets anybody in who has the URL, on the web."""


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
        return self if self.is_bucket else Url(self.text.rpartition("/")[0])

    @property
    def is_bucket(self) -> bool:
        """Whether it names a bucket, or a host, alone."""
        return self.text.rpartition("/")[0].endswith(":/")

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
        UsageError: If the URL holds a password or a signature, or is no text; or if a `file:` URL
            names another machine.
    """
    found = _URL.fullmatch(text)
    if found is None:
        return Path(text)
    scheme, rest = found[1].lower(), found[2]
    if scheme in _LOCAL:
        return _local(text, rest)
    if _SECRET.match(rest):
        raise UsageError(
            f"{scheme}://...@{rest.rpartition('@')[2]}: has a password in it, which would stand in "
            "each result; leave it out, and set it in the environment or in fsspec's configuration"
        )
    if scheme in _WEB and _SIGNED.search(rest):
        raise UsageError(
            f"{scheme}://{rest.partition('?')[0]}?...: has a signature in it, which would stand in "
            "each result; name the object by its store's own URL, such as s3://BUCKET/KEY"
        )
    try:
        rest.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"{shown(text)}: has bytes in it that are no UTF-8, which no URL has; write it, or the "
            "table that lists it, in UTF-8"
        ) from None
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


def shown(place: Place | str) -> str:
    r"""A place, or its name, for a message: bytes that are no UTF-8 as `\xe9`."""
    return os.fsencode(str(place)).decode("utf-8", "backslashreplace")
