"""What a result was made from, as its last bytes alone tell."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearkit.embed import archive, store
from hearkit.embed.archive import Found
from hearkit.embed.key import Later
from hearkit.embed.origin import Origin

ENTRIES: dict[str, Any] = {
    "scene_embedding": np.zeros(2, np.float32),
    "timestamps": np.zeros(5000, np.float32),
    "timestamp_embeddings": np.zeros((5000, 2), np.float32),
    **dict.fromkeys(("source", "module", "weights", "version"), "a"),
    "duration": 1.0,
    "sample_rate": 16000,
}


def begin(n_bytes: int) -> bytes:
    raise AssertionError(f"{n_bytes} bytes of the beginning are not needed")


def ends(contents: bytes) -> tuple[Callable[[int], bytes], list[int]]:
    """Gives the ends of contents, and notes how much was asked for."""
    asked: list[int] = []

    def end(n_bytes: int) -> bytes:
        asked.append(n_bytes)
        return contents[-n_bytes:]

    return end, asked


@pytest.mark.parametrize("n_later", [0, 300])
def test_the_end_tells_what_the_whole_tells(tmp_path: Path, n_later: int) -> None:
    later = tuple(Later(f"folder/{n}", f"/folder/{n}", "0" * 64) for n in range(n_later))
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, Origin("fingerprint", "contents", "/a.wav", "1 2 3 4", later))
    end, asked = ends(path.read_bytes())
    assert archive.look_at_end(end, begin) == archive.look(path)
    assert archive.look(path).origin is not None
    assert len(asked) == 1 + (n_later > 0)


def test_a_large_archive_is_told_by_its_end_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers, which need more than 31 bits, are in fields of their own (ZIP64)."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    path = tmp_path / "a.npz"
    store.write(path, ENTRIES, Origin("fingerprint", "contents", "/a.wav", "1 2 3 4"))
    assert b"PK\x06\x06" in path.read_bytes()
    end, asked = ends(path.read_bytes())
    found = archive.look_at_end(end, begin)
    assert found == archive.look(path)
    assert found.origin is not None
    assert len(asked) == 1
    assert archive.is_whole(path)


def zipped(method: int, size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        made.writestr("sheet.xml", np.random.default_rng(0).bytes(size))
    return file.getvalue()


FOREIGN = Found(foreign="was not written by hear-embed")


@pytest.mark.parametrize(
    ("contents", "found"),
    [
        (b"", Found()),
        (b"text", FOREIGN),
        (b"text" * 10_000, FOREIGN),
        (zipped(zipfile.ZIP_DEFLATED, 100), FOREIGN),
        (zipped(zipfile.ZIP_DEFLATED, 20_000), FOREIGN),
        (zipped(zipfile.ZIP_STORED, 20_000), FOREIGN),
        (b"PK\x03\x04 a copy that was not completed", Found()),
        (b"PK\x03\x04 a copy that was not completed" * 1000, Found()),
    ],
    ids=[
        "empty",
        "text",
        "long text",
        "small archive",
        "archive",
        "stored archive",
        "truncated",
        "long truncated",
    ],
)
def test_what_is_no_result_is_told_from_none(contents: bytes, found: Found) -> None:
    assert archive.look_at_end(ends(contents)[0], lambda n: contents[:n]) == found
