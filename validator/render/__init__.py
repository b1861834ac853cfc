"""Renderers: each turns a `Report` into text and runs nothing."""

from __future__ import annotations

from collections.abc import Callable

from ..report import Report
from .badge import badge
from .json import to_json
from .junit import junit
from .sarif import sarif

RENDERERS: dict[str, Callable[[Report], str]] = {
    "json": to_json,
    "junit": junit,
    "sarif": sarif,
    "badge": badge,
}
"""What can be written to a file, by the name of its option."""
