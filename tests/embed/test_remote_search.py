"""Below a URL, recordings are found by the rules of a local folder."""

import threading
import uuid
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from hearkit.audio.kinds import APPLE_DOUBLE
from hearkit.embed import remote_search
from hearkit.embed.found import LeftOut
from hearkit.embed.jobs import find_jobs
from hearkit.embed.manifest import find_listed
from hearkit.embed.remote_search import search_url
from hearkit.embed.search import search
from hearkit.errors import UsageError
from hearkit.remote.facts import Facts
from hearkit.remote.store import Store, store_of
from hearkit.remote.url import Url

FILES = {
    "b.wav": b"b",
    "a.WAV": b"a",
    "a/z.flac": b"z",
    "a/deep/y.mp3": b"y",
    "b/._x.wav": APPLE_DOUBLE,
    "b/._real.wav": b"RIFF",
    "b/.hidden.wav": b"h",
    "b/notes.txt": b"",
    "b/.DS_Store": b"",
    "b/bell.wav.npz": b"",
    ".git/annex/objects/x.wav": b"x",
    "plain": b"",
}


@pytest.fixture
def top() -> Url:
    return Url(f"memory://{uuid.uuid4()}")


def fill(top: Url, folder: Path) -> None:
    for name, contents in FILES.items():
        store_of(top).write(top / name, contents)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)


def test_the_same_is_found_and_left_out_as_in_a_folder(top: Url, tmp_path: Path) -> None:
    fill(top, tmp_path)
    here, there = LeftOut(), LeftOut()
    expected = [found.name for found in search(tmp_path, here)]
    found = list(search_url(top, there))
    assert [one.name for one in found] == expected
    assert expected == ["a/deep/y.mp3", "a/z.flac", "a.WAV", "b/._real.wav", "b/.hidden.wav",
                        "b.wav"]  # fmt: skip
    assert there == here
    assert (here.n_git, here.troubles) == (1, [])
    assert [one.source for one in found] == [top / name for name in expected]
    assert all(one.state.startswith(f"{len(FILES[one.name])} ") for one in found)


def test_an_object_is_taken_whatever_it_is_called(top: Url, tmp_path: Path) -> None:
    fill(top, tmp_path)
    (job,) = find_jobs([top / "plain"], tmp_path)
    assert (job.source, job.output) == (top / "plain", tmp_path / "plain.npz")
    with pytest.raises(UsageError, match=r"gone.wav: there is no such object or folder"):
        find_jobs([top / "gone.wav"], tmp_path)


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_names_that_lead_out_of_a_folder_are_left_out_with_a_line(
    top: Url, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_of(top).write(top / "bell.wav", b"b")
    inside = store_of(top).inside(top)
    (_, facts) = inside[0]
    monkeypatch.setattr(
        type(store_of(top)),
        "inside",
        lambda _, url: [*inside, (name, type(facts)(0, "", is_folder=True))] if url == top else [],
    )
    left_out = LeftOut()
    assert [found.name for found in search_url(top, left_out)] == ["bell.wav"]
    (line,) = left_out.troubles
    assert line.startswith(f"{top}/{name}/: has a part {name!r} in its name")


@pytest.mark.parametrize("contents", [b"", b"a recording"])
def test_below_an_object_that_is_called_as_a_folder_is_searched(
    top: Url, contents: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty one stands for the folder."""
    store_of(top).write(top / "sub/bell.wav", b"b")
    below = store_of(top).facts(top / "sub")
    assert below.is_folder
    kind = type(store_of(top))
    facts = replace(below, size=len(contents), is_folder=False)
    monkeypatch.setattr(kind, "facts", lambda *_: facts)
    monkeypatch.setattr(kind, "is_folder_too", lambda *_: True)
    found = [one.name for one in search_url(top / "sub", LeftOut())]
    assert found == ["sub", "bell.wav"][not contents :]


def test_a_short_object_with_a_macs_name_is_asked_for_no_bytes_that_it_lacks(
    top: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_of(top).write(top / "._a.wav", b"abc")
    monkeypatch.delattr(type(store_of(top)), "part")
    assert [one.name for one in search_url(top, LeftOut())] == ["._a.wav"]


def test_folders_that_are_still_to_come_are_not_listed_once_the_search_is_left(
    top: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(100):
        store_of(top).write(top / f"{n:03}/bell.wav", b"b")
    monkeypatch.setattr(remote_search, "_LISTERS", 1)
    listed: list[str] = []
    go_on = threading.Event()
    inside = type(store_of(top)).inside

    def slow(store: Store, url: Url) -> list[tuple[str, Facts]]:
        listed.append(url.name)
        if url.name == "001":
            go_on.wait(10)
        return inside(store, url)

    monkeypatch.setattr(type(store_of(top)), "inside", slow)
    found = search_url(top, LeftOut())
    assert next(found).name == "000/bell.wav"
    threading.Timer(0.05, go_on.set).start()
    assert isinstance(found, Generator)
    found.close()
    assert len(listed) < 10


def test_a_table_names_places_of_all_kinds(top: Url, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    entries = {
        "sub/a.wav": ("sub/a.wav", tmp_path / "sub/a.wav"),
        (tmp_path / "b c.wav").as_uri(): ("b c.wav", tmp_path / "b c.wav"),
        "file:///else/d.wav": ("else/d.wav", Path("/else/d.wav")),
        f"{top}/e.wav": (f"{top}/e.wav".replace("://", "/"), top / "e.wav"),
    }
    table.write_text("\n".join(("path", *entries)))
    jobs = find_listed(table, "path", tmp_path)
    assert [(job.name, job.source) for job in jobs] == list(entries.values())


def test_a_table_at_a_url_is_taken_from_its_folder(top: Url, tmp_path: Path) -> None:
    lines = ("path", "a.wav", "sub/../b.wav", f"{top}/sub/c.wav", "/here/d.wav", "../e.wav",
             f"{top}/sub/a.wav", f"{top}/x/../f.wav", "../../other/g.wav")  # fmt: skip
    store_of(top).write(top / "sub/list.csv", "\n".join(lines).encode())
    left_out = LeftOut()
    jobs = find_listed(top / "sub/list.csv", "path", tmp_path, left_out)
    outside = f"{top}/e.wav".replace("://", "/")
    assert [job.name for job in jobs] == ["a.wav", "b.wav", "c.wav", "here/d.wav", outside]
    assert [str(job.source) for job in jobs] == [
        f"{top}/sub/a.wav", f"{top}/sub/b.wav", f"{top}/sub/c.wav", "/here/d.wav", f"{top}/e.wav",
    ]  # fmt: skip
    assert left_out.n_twice == 1
    assert f"({top}/sub/a.wav, line 7)" in str(left_out)
    odd, out = left_out.troubles
    assert odd.startswith(f"{top}/x/../f.wav: has a part '..' in its name")
    line = f"{top}/sub/list.csv: line 9: ../../other/g.wav: leads out of {top}; write its full URL"
    assert out == f"{line}; left out"


def test_a_folder_is_no_table(top: Url, tmp_path: Path) -> None:
    store_of(top).write(top / "sub/bell.wav", b"b")
    with pytest.raises(UsageError, match=r"/sub: is a folder, not a file; --manifest takes a CSV"):
        find_listed(top / "sub", "path", tmp_path)


def test_a_url_that_is_no_utf_8_is_left_out_with_a_line(top: Url, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_bytes(f"path\n{top}/a.wav\n{top}/caf".encode() + b"\xe9.wav\n")
    left_out = LeftOut()
    assert [job.source for job in find_listed(table, "path", tmp_path, left_out)] == [top / "a.wav"]
    (line,) = left_out.troubles
    assert line.startswith(
        f"{table}: line 3: {top}/caf\\xe9.wav: has bytes in it that are no UTF-8"
    )
