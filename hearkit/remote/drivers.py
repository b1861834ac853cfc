"""Fsspec's drivers: one opened, or a line on what it needs."""

from __future__ import annotations

from typing import Any

from ..errors import UsageError
from ..optional import missing
from .errors import in_words, is_definite, unreachable
from .url import Url, shown


def filesystem(url: Url) -> Any:
    """The file system of fsspec's that a URL needs.

    Raises:
        UsageError: If its driver is not installed, or it cannot be opened.
    """
    try:
        import fsspec
        from fsspec.registry import known_implementations
    except ImportError as error:
        raise missing(shown(url), "fsspec", "s3", error) from error
    scheme = url.scheme
    try:
        kind = fsspec.get_filesystem_class(scheme)
    except ValueError:
        raise UsageError(f"{shown(url)}: fsspec knows no {scheme}://; is it misspelled?") from None
    except ImportError as error:
        package = known_implementations[scheme]["class"].partition(".")[0]
        if package == "fsspec":  # its own driver, which needs packages that it names
            raise UsageError(f"{shown(url)}: {scheme}:// needs more packages ({error})") from error
        what = 'pip install "hearbaseline[s3]"' if package == "s3fs" else f"pip install {package}"
        raise UsageError(f"{shown(url)}: {scheme}:// needs {package}: {what} ({error})") from error
    try:
        # Listings are not kept: an archive's would fill the memory, and they go out of date.
        found = fsspec.filesystem(
            scheme,
            use_listings_cache=False,
            skip_instance_cache=True,
            **kind._get_kwargs_from_urls(str(url)),
        )
    except Exception as error:
        if not is_definite(error):
            raise UsageError(str(unreachable(error, url))) from error
        raise UsageError(str(in_words(error, url))) from error
    if "s3" in found.protocol:
        # Its five tries of botocore's five, within ours, are ten minutes at a server that hangs.
        found.retries = 1
    return found
