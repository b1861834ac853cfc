"""Below a URL, recordings are found by the rules of a local folder."""

import uuid
from pathlib import Path

import pytest

from hearkit.audio.kinds import APPLE_DOUBLE
from hearkit.embed.found import LeftOut
from hearkit.embed.jobs import find_jobs
from hearkit.embed.manifest import find_listed
from hearkit.embed.remote_search import search_url
from hearkit.embed.search import search
from hearkit.errors import UsageError
from hearkit.remote.store import store_of
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
             f"{top}/sub/a.wav", f"{top}/x/../f.wav")  # fmt: skip
    store_of(top).write(top / "sub/list.csv", "\n".join(lines).encode())
    left_out = LeftOut()
    jobs = find_listed(top / "sub/list.csv", "path", tmp_path, left_out)
    outside = f"{top}/e.wav".replace("://", "/")
    assert [job.name for job in jobs] == ["a.wav", "b.wav", "c.wav", "here/d.wav", outside]
    assert [str(job.source) for job in jobs] == [
        f"{top}/sub/a.wav", f"{top}/sub/b.wav", f"{top}/sub/c.wav", "/here/d.wav", f"{top}/e.wav",
    ]  # fmt: skip
    assert left_out.n_twice == 1
    (line,) = left_out.troubles
    assert line.startswith(f"{top}/x/../f.wav: has a part '..' in its name")
