"""Task folders: what is read, and every fault in one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from hearkit.errors import TaskError, UsageError
from hearkit.evaluation.tasks import folder
from hearkit.evaluation.tasks.faults import Faults
from hearkit.evaluation.tasks.task import Event

from ..task_folders import edit, event_task, scene_task, write_json, write_vocabulary


def faults_of(path: Path) -> Faults:
    faults = Faults()
    folder.collect(path, faults)
    return faults


def test_a_scene_task_is_read_in_the_order_of_its_files(tmp_path: Path) -> None:
    task, others = folder.read(scene_task(tmp_path / "levels-1-small", n_files=3))
    assert others == []
    assert task.name == "levels-1-small"
    assert task.metadata.evaluation == ("top1_acc",)
    assert task.rates == (16000,)
    assert [split.name for split in task.splits] == ["train", "valid", "test"]
    assert task.splits[0].files == ("train_00.wav", "train_01.wav", "train_02.wav")
    assert task.splits[0].labels == (("0",), ("1",), ("0",))
    assert task.splits[0].events is None


@pytest.mark.parametrize("mode", ["new_split_kfold", "presplit_kfold"])
def test_folds_are_read_in_both_modes(tmp_path: Path, mode: str) -> None:
    folds = ("fold00", "fold01", "fold02")
    task, _ = folder.read(scene_task(tmp_path / "t", folds, n_files=2, split_mode=mode))
    assert task.metadata.split_mode == mode
    assert [split.name for split in task.splits] == list(folds)


def test_an_event_task_has_its_events_and_the_default_postprocessing(tmp_path: Path) -> None:
    task, _ = folder.read(event_task(tmp_path / "t", n_files=1))
    assert task.splits[0].events == ((Event("loud", 200, 600), Event("loud", 1000, 1400)),)
    assert task.metadata.postprocessing_grid == {
        "median_filter_ms": (250.0,),
        "min_duration": (125.0, 250.0),
    }


def test_the_tasks_own_parameters_are_read(tmp_path: Path) -> None:
    params = {
        "event_postprocessing_grid": {"median_filter_ms": [150], "min_duration": [50]},
        "task_specific_param_grid": {"max_epochs": [50], "check_val_every_n_epoch": [1]},
    }
    path = event_task(
        tmp_path / "t", use_scoring_for_early_stopping=False, evaluation_params=params
    )
    metadata = folder.read(path)[0].metadata
    assert not metadata.use_scoring_for_early_stopping
    assert metadata.postprocessing_grid == {"median_filter_ms": (150,), "min_duration": (50,)}
    assert metadata.param_grid == {"max_epochs": (50,), "check_val_every_n_epoch": (1,)}


def test_na_none_and_numbers_stay_labels(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", labels=("NA", "None", "nan", "", "7"), n_files=5)
    write_vocabulary(path, ["NA", "None", "nan", "7", "null"])
    for split in ("train", "valid", "test"):
        content = json.loads((path / f"{split}.json").read_text())
        for name, label in zip(content, ["NA", "None", "nan", 7, "null"], strict=True):
            content[name] = [label]
        write_json(path / f"{split}.json", content)
    task, _ = folder.read(path)
    assert task.vocabulary == ("NA", "None", "nan", "7", "null")
    assert task.splits[0].labels == (("NA",), ("None",), ("nan",), ("7",), ("null",))


def test_a_multilabel_recording_may_have_no_label(tmp_path: Path) -> None:
    task, _ = folder.read(scene_task(tmp_path / "t", labels=([], ["a"], ["a", "b"]), n_files=3))
    assert task.splits[0].labels == ((), ("a",), ("a", "b"))


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"task_name": ...}, "task_name is missing"),
    ({"embedding_type": "sound"}, "embedding_type is 'sound'; known are scene, event"),
    ({"prediction_type": None}, "prediction_type is None"),
    ({"split_mode": "kfold"}, "split_mode is 'kfold'"),
    ({"splits": "train"}, "splits is 'train'; write a list"),
    ({"splits": ["train", "test"]}, "splits lacks valid"),
    ({"splits": ["train", "valid", "../test"]}, "no name of a file"),
    ({"splits": ["train", "train", "valid", "test"]}, "has one entry twice"),
    ({"split_mode": "presplit_kfold", "splits": ["train", "test"]}, "has 2 folds; three"),
    ({"evaluation": []}, "evaluation is []"),
    ({"evaluation": ["accuracy"]}, "names 'accuracy'; the scores of scene tasks are top1_acc"),
    ({"evaluation": ["segment_1s_er"]}, "names 'segment_1s_er'"),
    ({"sample_duration": 0}, "sample_duration is 0"),
    ({"sample_duration": "1"}, "sample_duration is '1'"),
    ({"use_scoring_for_early_stopping": 0}, "write true or false"),
    ({"evaluation_params": [1]}, "evaluation_params is [1]"),
    ({"evaluation_params": {"task_specific_param_grid": {"lr": 1}}}, "write an object of lists"),
]


@pytest.mark.parametrize(("changes", "said"), FAULTS, ids=[said for _, said in FAULTS])
def test_bad_metadata_is_told_with_its_key(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = scene_task(tmp_path / "t", n_files=2)
    edit(path / "task_metadata.json", **changes)
    assert any(
        said in line and line.startswith("task_metadata.json") for line in faults_of(path).fatal
    )


def test_several_postprocessings_without_scoring_are_refused(tmp_path: Path) -> None:
    path = event_task(tmp_path / "t", use_scoring_for_early_stopping=False)
    assert "nothing chooses one" in "".join(faults_of(path).fatal)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("task_metadata.json", "{", "cannot be read as JSON"),
        ("task_metadata.json", "[]", "holds a list"),
        ("train.json", "{nonsense}", "cannot be read as JSON"),
        ("train.json", "[]", "must be an object"),
        ("train.json", '{"a.wav": 3}', "must be an object"),
        ("train.json", "{}", "has no recordings"),
        ("train.json", '{"a.wav": [0], "a.wav": [1]}', "has the key 'a.wav' twice"),
        ("train.json", '{"../a.wav": [0]}', "cannot be names of recordings"),
        ("train.json", '{"a.wav": [[0]]}', "neither a text nor an integer"),
        ("train.json", '{"a.wav": [0, 1]}', "must have exactly one label"),
        ("train.json", '{"a.wav": []}', "must have exactly one label"),
        ("train.json", '{"a.wav": [5]}', "'5' are labels that labelvocabulary.csv lacks"),
        ("labelvocabulary.csv", "label\n0\n", "needs the columns idx,label"),
        ("labelvocabulary.csv", "idx,label\n0,0\n2,1\n", "must be 0 to 1"),
        ("labelvocabulary.csv", "idx,label\n0,0\n0,1\n", "index 0 a second time"),
        ("labelvocabulary.csv", "idx,label\n0,0\n1,0\n", "stand for more than one index"),
        ("labelvocabulary.csv", "idx,label\nx,0\n", "needs a whole number"),
    ],
)
def test_a_broken_file_is_told_with_its_name(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    path = scene_task(tmp_path / "t", n_files=2)
    (path / name).write_text(content)
    lines = [line for line in faults_of(path).fatal if said in line]
    assert lines
    assert lines[0].startswith(name)


@pytest.mark.parametrize("name", ["task_metadata.json", "labelvocabulary.csv", "train.json"])
def test_a_missing_file_is_told(tmp_path: Path, name: str) -> None:
    path = scene_task(tmp_path / "t", n_files=2)
    (path / name).unlink()
    assert f"{name}: is missing" in faults_of(path).fatal


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"label": "loud", "start": 0}, "without label, start and end"),
        ({"label": "loud", "start": 5, "end": 1}, "from 5 to 1 ms"),
        ({"label": "loud", "start": -5, "end": 1}, "from -5 to 1 ms"),
        ({"label": "loud", "start": "0", "end": 1}, "from '0' to 1 ms"),
        ({"label": "loud", "start": 0, "end": float("inf")}, "to inf ms"),
        ({"label": "soft", "start": 0, "end": 1}, "'soft' are labels"),
    ],
)
def test_a_broken_event_is_told(tmp_path: Path, event: dict[str, Any], said: str) -> None:
    path = event_task(tmp_path / "t", n_files=1)
    write_json(path / "train.json", {"train_0.wav": [event]})
    assert said in "".join(faults_of(path).fatal)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=2)
    edit(path / "task_metadata.json", evaluation=["accuracy"], sample_duration=-1)
    (path / "labelvocabulary.csv").unlink()
    with pytest.raises(TaskError, match=r"sample_duration.*labelvocabulary|accuracy.*is missing"):
        folder.read(path)
    assert len(faults_of(path).fatal) == 3


def test_a_recording_in_two_splits_is_told(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=2)
    write_json(path / "test.json", {"train_00.wav": [0]})
    assert faults_of(path).others == [
        "train.json and test.json: train_00.wav are in both; a split must not share any"
    ]


def test_a_task_without_audio_is_told(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=2)
    (path / "16000").rename(path / "audio")
    assert "there is no audio" in "".join(faults_of(path).fatal)


@pytest.mark.parametrize("inside", ["", "hear-2021.0.6/tasks", "tasks"])
def test_tasks_are_found_where_archives_put_them(tmp_path: Path, inside: str) -> None:
    made = scene_task(tmp_path / inside / "levels-1-small", n_files=1)
    assert folder.find([tmp_path]) == [made]
    assert folder.find([made, tmp_path]) == [made]


def test_two_tasks_of_one_name_are_refused(tmp_path: Path) -> None:
    for where in ("a", "b"):
        scene_task(tmp_path / where / "levels-1-small", n_files=1)
    with pytest.raises(UsageError, match="both called levels-1-small"):
        folder.find([tmp_path])


def test_folders_without_tasks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder"):
        folder.find([tmp_path / "absent"])
    with pytest.raises(UsageError, match="holds no task"):
        folder.find([tmp_path])
    archive = tmp_path / "task.tar.gz"
    archive.touch()
    with pytest.raises(UsageError, match="unpack the archive"):
        folder.find([archive])
