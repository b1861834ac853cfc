"""Recordings that a table lists: where they are, where results go, what is wrong with it."""

from pathlib import Path

import pytest

from hearkit.embed import read
from hearkit.embed.jobs import LeftOut
from hearkit.embed.manifest import find_listed
from hearkit.errors import UsageError

from ..needs import require
from .conftest import Embed, write_tone

OUT = Path("out")


def listed(path: Path, text: str | bytes, column: str = "path") -> tuple[dict[str, str], LeftOut]:
    """Sources by results, both as text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    left_out = LeftOut()
    jobs = find_listed(path, column, OUT, left_out)
    return {str(job.output): str(job.source) for job in jobs}, left_out


def test_paths_are_from_the_manifests_folder_and_results_mirror_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    full = f"{tmp_path}/data/full.wav"
    text = f'label,path\nx,a.wav\ny,"sub/b, c.wav"\nz,{full}\nw,../up.wav\nv,/else/d.wav\n'
    found, left_out = listed(Path("data/list.csv"), text)
    assert found == {
        "out/a.wav.npz": "data/a.wav",
        "out/sub/b, c.wav.npz": "data/sub/b, c.wav",
        "out/full.wav.npz": full,
        f"out{tmp_path}/up.wav.npz": f"{tmp_path}/up.wav",
        "out/else/d.wav.npz": "/else/d.wav",
    }
    assert str(left_out) == ""
    assert left_out.troubles == []


def test_a_column_of_another_name_tabs_and_a_mark_of_order(tmp_path: Path) -> None:
    found, _ = listed(
        tmp_path / "list.tsv", "\ufefffile name\tlabel\r\na,b.wav\t1\r\n", "file name"
    )
    assert found == {"out/a,b.wav.npz": str(tmp_path / "a,b.wav")}


def test_names_may_hold_any_bytes(tmp_path: Path) -> None:
    found, _ = listed(tmp_path / "list.csv", b"path\ncaf\xe9.wav\n")
    assert list(found) == ["out/caf\udce9.wav.npz"]


def test_entries_that_repeat_are_embedded_once_and_said(tmp_path: Path) -> None:
    found, left_out = listed(
        tmp_path / "list.csv", f"path\na.wav\n./a.wav\nb.wav\n{tmp_path}/a.wav\n"
    )
    assert len(found) == 2
    assert str(left_out) == (
        "passed over 2 entries listed before (first a.wav, line 3); each is embedded once"
    )


def test_rows_without_a_path_are_told_one_by_one(tmp_path: Path) -> None:
    found, left_out = listed(tmp_path / "list.csv", "label,path\n1,a.wav\n2,\n3\n\n4, \n")
    assert len(found) == 1
    assert left_out.troubles == [
        f"{tmp_path}/list.csv: line {n} has no path; left out" for n in (3, 4, 6)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is empty, 0 bytes"),
        (b"path\n", "lists no recordings; put one path a row below 'path'"),
        (b"path\n\n\n", "lists no recordings"),
        (b"file,label\na.wav,1\n", "has no column 'path'; it has file, label: name the column of"),
        (b"path,path\na.wav,b.wav\n", "has 2 columns 'path'"),
        (b'path\n"a.wav\n', r"line 2 is no CSV \(unexpected end of data\)"),
        (b"path\n,\n", "line 2 has no path; left out"),
        ("path\na.wav\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
        (b"PK\x03\x04\0\0\0\0", "is neither CSV nor Parquet"),
    ],
)
def test_what_is_no_manifest_is_one_line(tmp_path: Path, text: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words) as stopped:
        listed(tmp_path / "list.csv", text)
    assert str(stopped.value).startswith(f"{tmp_path}/list.csv: ")
    assert "\n" not in str(stopped.value)


def test_a_manifest_that_is_not_there_or_a_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone.csv: there is no such file; --manifest takes"):
        find_listed(tmp_path / "gone.csv", "path", OUT)
    with pytest.raises(UsageError, match="is a folder; --manifest takes a CSV or Parquet file"):
        find_listed(tmp_path, "path", OUT)


def test_two_recordings_for_one_place_are_refused(tmp_path: Path) -> None:
    outside = Path("/else/a.wav")
    with pytest.raises(UsageError, match=r"would both be written to out/else/a\.wav\.npz"):
        listed(tmp_path / "list.csv", f"path\nelse/a.wav\n{outside}\n")


def test_parquet_is_read_by_its_contents(tmp_path: Path) -> None:
    require("pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    manifest = tmp_path / "list.data"
    names = ["a.wav", None, "b.wav", "a.wav"]
    columns = {"path": pa.array(names).dictionary_encode(), "label": [1, 2, 3, 4]}
    pq.write_table(pa.table(columns), manifest)
    left_out = LeftOut()
    assert len(find_listed(manifest, "path", OUT, left_out)) == 2
    assert left_out.troubles == [f"{manifest}: row 2 has no path; left out"]
    assert "a.wav, row 4" in str(left_out)
    with pytest.raises(UsageError, match="column 'label' holds int64, not paths as text"):
        find_listed(manifest, "label", OUT)
    with pytest.raises(UsageError, match="has no column 'file'; it has path, label"):
        find_listed(manifest, "file", OUT)
    manifest.write_bytes(manifest.read_bytes()[:-40])
    with pytest.raises(UsageError, match="cannot be read as Parquet"):
        find_listed(manifest, "path", OUT)


def test_the_command_embeds_what_is_listed(folder: Path, embed: Embed) -> None:
    write_tone(folder / "data" / "a.wav", 0.1)
    (folder / "data" / "list.csv").write_text("file\na.wav\ngone.wav\n")
    run = ("--manifest", "data/list.csv", "--column", "file", "--out", "out", "--module", "tiny")
    done = embed(*run)
    assert done.returncode == 1
    assert done.stdout == "embedded 1, already there 0, failed 1, in out\n"
    assert done.stderr == "hear-embed: data/gone.wav: there is no such file; skipped\n"
    assert str(read(folder / "out" / "a.wav.npz")["source"]) == "data/a.wav"
    assert embed("data", "--out", "out", "--module", "tiny").stdout.startswith(
        "embedded 0, already there 1"  # a folder's results are at the same places
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name AUDIO files and folders, or a --manifest"),
        (("a.wav", "--manifest", "list.csv"), "a.wav: give AUDIO or --manifest list.csv, not both"),
        (("a.wav", "--column", "file"), "--column file: names a column of a --manifest"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(
    folder: Path, embed: Embed, arguments: tuple[str, ...], words: str
) -> None:
    write_tone(folder / "a.wav", 0.1)
    done = embed(*arguments, "--out", "out", "--module", "tiny")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert words in line
