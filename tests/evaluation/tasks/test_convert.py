"""From a table of recordings to a task folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearkit.errors import UsageError
from hearkit.evaluation.tasks import folder, recordings
from hearkit.evaluation.tasks.convert import convert
from hearkit.evaluation.tasks.faults import Faults

from ..task_folders import noise, write_sound


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six short recordings in two folders, some of the same name."""
    for where in ("a", "b"):
        for n in range(3):
            write_sound(tmp_path / "sounds" / where / f"{n}.wav", noise(0.3, 800, n))
    return tmp_path / "sounds"


def write_table(root: Path, *rows: str, header: str = "path,label,group") -> Path:
    table = root.parent / "table.csv"
    table.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return table


SIX = [f"{where}/{n}.wav,{where},{n}" for where in "ab" for n in range(3)]


def nothing_is_wrong(path: Path) -> folder.Task:
    faults = Faults()
    task = folder.collect(path, faults)
    assert task is not None
    recordings.check(task, faults)
    same = [line for line in faults.all if "the same recording" not in line]
    assert same == []
    return task


def test_groups_become_folds_of_a_valid_task(root: Path, tmp_path: Path) -> None:
    made = convert(write_table(root, *SIX), root, tmp_path / "letters-2-tiny")
    task = nothing_is_wrong(made.path)
    assert (task.metadata.task_name, task.metadata.version, task.metadata.mode) == (
        "letters",
        "2",
        "tiny",
    )
    assert task.metadata.split_mode == "new_split_kfold"
    assert task.metadata.evaluation == ("top1_acc",)
    assert task.metadata.sample_duration == 0.05
    assert task.vocabulary == ("a", "b")
    assert made.splits == {"fold00": 2, "fold01": 2, "fold02": 2}
    assert task.splits[0].files == ("a_0.wav", "b_0.wav")
    assert task.splits[0].labels == (("a",), ("b",))
    assert made.notes == ("3 groups became 3 folds",)


def test_recordings_of_16_bits_are_written_as_they_are(root: Path, tmp_path: Path) -> None:
    made = convert(write_table(root, *SIX), root, tmp_path / "task")
    before, _ = soundfile.read(root / "b/0.wav", dtype="int16")
    after, rate = soundfile.read(made.path / "16000/fold00/b_0.wav", dtype="int16")
    assert rate == made.rate == 16000
    np.testing.assert_array_equal(before, after)


def test_many_groups_become_five_balanced_folds(root: Path, tmp_path: Path) -> None:
    rows = []
    for n in range(20):
        write_sound(root / f"{n}.wav", noise(0.3, 80, n))
        rows.append(f"{n}.wav,{n % 2},group{n // 2}")
    made = convert(write_table(root, *rows), root, tmp_path / "task")
    assert list(made.splits.values()) == [4] * 5
    fewer = convert(write_table(root, *rows), root, tmp_path / "fewer", folds=3)
    assert sorted(fewer.splits.values()) == [6, 6, 8]


def test_groups_called_like_splits_are_these_splits(root: Path, tmp_path: Path) -> None:
    rows = [
        row.replace(",0", ",train").replace(",1", ",valid").replace(",2", ",test") for row in SIX
    ]
    made = convert(write_table(root, *rows), root, tmp_path / "task")
    task = nothing_is_wrong(made.path)
    assert task.metadata.split_mode == "trainvaltest"
    assert made.splits == {"train": 2, "valid": 2, "test": 2}


def test_labels_with_spaces_are_several(root: Path, tmp_path: Path) -> None:
    table = write_table(
        root, *[row.replace(",a,", ",9 10 4,").replace(",b,", ",9,") for row in SIX]
    )
    task = nothing_is_wrong(convert(table, root, tmp_path / "task").path)
    assert task.metadata.prediction_type == "multilabel"
    assert task.metadata.evaluation == ("mAP",)
    assert task.vocabulary == ("4", "9", "10")
    assert task.splits[0].labels == (("9", "10", "4"), ("9",))
    whole = convert(table, root, tmp_path / "whole", prediction="multiclass")
    assert nothing_is_wrong(whole.path).vocabulary == ("9", "9 10 4")


def test_events_become_an_event_task(root: Path, tmp_path: Path) -> None:
    rows = ["a/0.wav,x,10,20", "a/0.wav,y,0,50", "a/1.wav,,,", "a/2.wav,x,5,6"]
    table = write_table(root, *rows, header="path,label,start,end")
    made = convert(table, root, tmp_path / "task")
    task = nothing_is_wrong(made.path)
    assert task.metadata.embedding_type == "event"
    content = [json.loads((made.path / f"fold{n:02d}.json").read_text()) for n in range(3)]
    assert content == [
        {
            "0.wav": [
                {"label": "y", "start": 0.0, "end": 50.0},
                {"label": "x", "start": 10.0, "end": 20.0},
            ]
        },
        {"1.wav": []},
        {"2.wav": [{"label": "x", "start": 5.0, "end": 6.0}]},
    ]


def test_several_rates_and_channels_are_changed_and_said(root: Path, tmp_path: Path) -> None:
    write_sound(root / "a/0.wav", np.stack([noise(0.3, 400, 1)] * 2, 1), 8000)
    made = convert(write_table(root, *SIX), root, tmp_path / "task")
    assert "recordings of 8000, 16000 Hz were resampled to 16000 Hz" in made.notes
    nothing_is_wrong(made.path)


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ("path,label", SIX, "lacks the column group"),
        ("path,label,start", SIX, "lacks the column end"),
        ("path,label,group", [], "has no rows"),
        ("path,label,group", ["a/0.wav,a,"], "table.csv:2: has an empty path or group"),
        ("path,label,group", ["a/0.wav,,g"], "table.csv:2: has no label"),
        ("path,label,group", ["a/0.wav,a,g"] * 2, "a/0.wav have several rows"),
        ("path,label,group", ["../a.wav,a,g"], "is not below the root"),
        ("path,label,group", ["c/0.wav,a,g", *SIX], "1 of 7 recordings are not below"),
        ("path,label,group", SIX[:2], "has 2 groups, from which 2 folds"),
        ("path,label,start,end", ["a/0.wav,x,5,1"], "0 <= start <= end"),
        ("path,label,start,end", ["a/0.wav,x,,1"], "0 <= start <= end"),
        ("path,label,start,end,group", ["a/0.wav,x,0,1,g", "a/0.wav,x,0,1,h"], "is in the group g"),
    ],
)
def test_a_bad_table_is_refused_and_nothing_is_written(
    root: Path, tmp_path: Path, header: str, rows: list[str], said: str
) -> None:
    with pytest.raises(UsageError, match=said.replace(".", r"\.")):
        convert(write_table(root, *rows, header=header), root, tmp_path / "task")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sounds", "table.csv"]


def test_a_folder_that_is_there_is_not_touched(root: Path, tmp_path: Path) -> None:
    (tmp_path / "task").mkdir()
    (tmp_path / "task/mine").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        convert(write_table(root, *SIX), root, tmp_path / "task")


def test_a_recording_that_is_no_audio_is_named(root: Path, tmp_path: Path) -> None:
    (root / "a/1.wav").write_text("no audio")
    with pytest.raises(UsageError, match=r"a/1\.wav: cannot be read as audio"):
        convert(write_table(root, *SIX), root, tmp_path / "task")
    assert not (tmp_path / "task").exists()
