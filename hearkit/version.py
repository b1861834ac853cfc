"""The version of the distribution that all its packages share."""

from __future__ import annotations

import functools
from importlib import metadata

DISTRIBUTION = "hearbaseline"


@functools.cache
def version() -> str:
    """The installed version, or words where a checkout was not installed."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "not installed"
