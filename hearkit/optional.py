"""Packages that only some options need, imported when one is used."""

from __future__ import annotations

from typing import Any

from .errors import UsageError


def arrow(what: str) -> tuple[Any, Any]:
    """The modules `pyarrow` and `pyarrow.parquet`.

    Args:
        what: What needs them, for the message.

    Raises:
        UsageError: If pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise missing(what, "pyarrow", "parquet", error) from error
    return pyarrow, pyarrow.parquet


def missing(what: str, package: str, extra: str, error: ImportError) -> UsageError:
    """What to say of a package that cannot be imported, and why: a broken one is not missing."""
    name = error.name or ""
    why = f"needs {package}" if name.partition(".")[0] == package else f"needs {package} ({error})"
    return UsageError(f'{what} {why}: pip install "hearbaseline[{extra}]"')
