"""One Ray of this machine for all tests here: its start takes longer than they do."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from hearkit import cluster


@pytest.fixture(scope="package")
def ray() -> Iterator[Any]:
    """The module `ray`, connected."""
    before = os.environ.copy()
    with tempfile.TemporaryDirectory(prefix="h", dir="/tmp") as short:  # sockets have short paths
        os.environ["TMPDIR"] = short
        tempfile.tempdir = None
        try:
            with cluster.joined(cluster.LOCAL) as module:
                yield module
        finally:
            os.environ.clear()
            os.environ.update(before)
            tempfile.tempdir = None


@pytest.fixture
def joined(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `--ray` take the Ray that is there."""
    monkeypatch.setattr(cluster, "joined", lambda _: contextlib.nullcontext(ray))
