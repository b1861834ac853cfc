"""Renderers: each turns a `Report` into text and runs nothing."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ..report import Report

KINDS = ("json", "junit", "sarif", "badge", "html")


def _render(kind: str) -> Callable[[Report], str]:
    """The `render` of a module here, imported when it is first needed."""

    def render(report: Report) -> str:
        text: str = import_module(f".{kind}", __name__).render(report)
        return text

    return render


RENDERERS: dict[str, Callable[[Report], str]] = {kind: _render(kind) for kind in KINDS}
"""What can be written to a file, by the name of its option."""
