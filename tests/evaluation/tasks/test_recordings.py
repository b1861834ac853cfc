"""The recordings of a task: rates, samples, and what `check` says of them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearkit.errors import TaskError
from hearkit.evaluation.tasks import folder, recordings
from hearkit.evaluation.tasks.faults import Faults
from hearkit.evaluation.tasks.recordings import Source, samples

from ..task_folders import event_task, noise, scene_task, write_json, write_sound


def checked(path: Path) -> Faults:
    faults = Faults()
    task = folder.collect(path, faults)
    assert task is not None
    recordings.check(task, faults)
    return faults


def test_a_good_task_has_no_fault(tmp_path: Path) -> None:
    assert checked(scene_task(tmp_path / "scenes", n_files=2)).all == []
    assert checked(event_task(tmp_path / "events", n_files=2)).all == []


def test_everything_wrong_with_recordings_is_told_at_once(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=6)
    train = path / "16000" / "train"
    (train / "train_00.wav").unlink()
    (train / "train_01.wav").write_text("no audio")
    write_sound(train / "train_02.wav", noise(0.1, 800, 0), 8000)
    write_sound(train / "train_03.wav", np.zeros((1600, 2)))
    write_sound(train / "train_04.wav", noise(0.1, 3200, 0))
    write_sound(train / "train_05.wav", np.zeros(0))
    write_sound(train / "train_99.wav", np.zeros(1600))
    found = checked(path)
    said = "\n".join(found.fatal)
    assert "16000/train: train_00.wav are in the split's JSON but not there" in said
    assert "train_01.wav: cannot be read as audio" in said
    assert "train_02.wav (8000 Hz) must have the folder's rate of 16000 Hz" in said
    assert "train_05.wav: holds no samples" in said
    notes = "\n".join(found.others)
    assert "train_03.wav (2) have several channels" in notes
    assert "train_04.wav (0.2 s) differ from the metadata's sample_duration of 0.1 s" in notes
    assert "train_99.wav are there but not in the split's JSON" in notes


def test_a_missing_split_is_told_for_its_rate(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=1)
    (path / "48000" / "train").mkdir(parents=True)
    assert "48000/valid: is missing" in checked(path).fatal


def test_events_beyond_the_end_are_told(tmp_path: Path) -> None:
    path = event_task(tmp_path / "t", n_files=1)
    write_json(path / "test.json", {"test_0.wav": [{"label": "loud", "start": 0, "end": 2002}]})
    assert checked(path).others == [
        "16000/test: test_0.wav (to 2002 of 2000 ms) have events that end after the recording"
    ]


def test_the_same_sound_in_two_splits_is_told(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=2)
    same = (path / "16000/train/train_01.wav").read_bytes()
    (path / "16000/test/test_00.wav").write_bytes(same)
    assert checked(path).others == [
        "audio: train/train_01.wav = test/test_00.wav are the same recording in two splits"
    ]


def test_the_models_own_rate_gives_the_recorded_samples(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=1)
    source = Source.of(folder.read(path)[0], 16000)
    expected, _ = soundfile.read(path / "16000/train/train_00.wav", dtype="float32")
    np.testing.assert_array_equal(
        samples(str(source.path("train", "train_00.wav")), source.wanted), expected
    )
    assert source.resampled == ""


def test_a_missing_rate_is_made_from_the_best_and_said(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=1, rate=48000)
    scene_task(path, n_files=1, rate=22050)
    source = Source.of(folder.read(path)[0], 16000)
    assert source.rate == 48000
    assert len(samples(str(source.path("train", "train_00.wav")), source.wanted)) == 1600
    assert source.resampled == (
        "the task has no audio at the model's 16000 Hz; its 48000 Hz were resampled by soxr at its "
        "highest quality"
    )


def test_an_unreadable_recording_is_named(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=1)
    source = Source.of(folder.read(path)[0], 16000)
    (path / "16000/train/train_00.wav").write_text("no audio")
    with pytest.raises(TaskError, match=r"train_00\.wav: cannot be read as audio .*; replace"):
        samples(str(source.path("train", "train_00.wav")), source.wanted)
    (path / "16000/train/train_00.wav").unlink()
    with pytest.raises(TaskError, match=r"train_00\.wav: is missing; hear-eval check"):
        source.header("train", "train_00.wav")
