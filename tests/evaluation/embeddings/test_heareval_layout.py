import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from hearkit.errors import TaskError
from hearkit.evaluation.data import TaskData
from hearkit.evaluation.embeddings import heareval_layout

from ..made import task


def same(one: TaskData, other: TaskData) -> None:
    """Assert that all data is the same."""
    assert (one.vocabulary, list(one.splits)) == (other.vocabulary, list(other.splits))
    for name, split in one.splits.items():
        found = other.splits[name]
        np.testing.assert_array_equal(found.embeddings, split.embeddings)
        np.testing.assert_array_equal(found.targets, split.targets)
        np.testing.assert_array_equal(found.starts, split.starts)
        assert (found.files, found.events) == (split.files, split.events)
        if split.timestamps is not None:
            np.testing.assert_array_equal(found.timestamps, split.timestamps)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "event"])
def test_what_is_written_is_read(kind: str, tmp_path: Path) -> None:
    data = task(kind)
    heareval_layout.write(data, tmp_path / "task")
    assert heareval_layout.is_layout(tmp_path / "task")
    found = heareval_layout.read(tmp_path / "task")
    same(data, found)
    assert found.metadata.evaluation == data.metadata.evaluation
    assert found.metadata.param_grid == data.metadata.param_grid
    assert (
        found.metadata.postprocessing_grid == data.metadata.postprocessing_grid or kind == "event"
    )
    assert isinstance(next(iter(found.splits.values())).embeddings, np.memmap)


def test_the_embeddings_have_no_header(tmp_path: Path) -> None:
    data = task()
    heareval_layout.write(data, tmp_path)
    raw = (tmp_path / "fold01.embeddings.npy").read_bytes()
    assert raw == data.splits["fold01"].embeddings.tobytes()


def test_rows_are_numbered_where_labels_do_not_fit_the_order_of_heareval(tmp_path: Path) -> None:
    heareval_layout.write(task(), tmp_path)
    file = tmp_path / "fold00.target-labels.pkl"
    labels = pickle.loads(file.read_bytes())
    file.write_bytes(pickle.dumps([*labels[1:], labels[0]]))
    split = heareval_layout.read(tmp_path).splits["fold00"]
    assert split.files[:2] == ("row 0", "row 1")


def test_numpys_scalars_and_integers_are_labels(tmp_path: Path) -> None:
    data = task()
    heareval_layout.write(data, tmp_path)
    file = tmp_path / "fold00.target-labels.pkl"
    labels = [[np.str_(label) for label in row] for row in pickle.loads(file.read_bytes())]
    mixed = [[7] if row == ["7"] else row for row in labels]
    file.write_bytes(pickle.dumps(mixed))
    same(data, heareval_layout.read(tmp_path))


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch evil",)


def test_a_pickle_that_would_run_code_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    heareval_layout.write(task(), tmp_path)
    (tmp_path / "fold00.target-labels.pkl").write_bytes(pickle.dumps([Evil()]))
    with pytest.raises(TaskError, match=r"fold00.target-labels.pkl: .* which is no plain value"):
        heareval_layout.read(tmp_path)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("test.embeddings.npy", b"1234", "has 4 bytes, but 492 rows of 8 numbers have 15744"),
        ("test.embedding-dimensions.json", b"[1]", "must hold the numbers of rows and of feat"),
        ("test.embedding-dimensions.json", b"[", "cannot be read as JSON"),
        ("test.target-labels.pkl", b"", "cannot be read as a list of labels"),
        (
            "test.target-labels.pkl",
            pickle.dumps([["dog"]]),
            "has the labels of 1 rows; there are 4",
        ),
        ("test.target-labels.pkl", pickle.dumps([["cat"]] * 492), "has the label 'cat', which"),
        ("test.target-labels.pkl", pickle.dumps({}), "must hold a list of lists of labels"),
        ("test.filename-timestamps.json", b"[1]", "must hold a list of .recording, millisec"),
        ("test.filename-timestamps.json", b'[["a", 1]]', "has the times of 1 rows; there are 492"),
        ("test.filename-timestamps.json", None, "cannot be read: No such file or directory"),
    ],
)
def test_a_broken_file_is_named(
    name: str, content: bytes | None, told: str, tmp_path: Path
) -> None:
    heareval_layout.write(task("event"), tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TaskError, match=f"{name}: {told}"):
        heareval_layout.read(tmp_path)


def test_frames_of_unknown_or_scattered_recordings_are_refused(tmp_path: Path) -> None:
    heareval_layout.write(task("event"), tmp_path)
    file = tmp_path / "test.filename-timestamps.json"
    pairs = json.loads(file.read_text())
    file.write_text(json.dumps([["x.wav", time] for _, time in pairs]))
    with pytest.raises(TaskError, match=r"x\.wav is not in test\.json$"):
        heareval_layout.read(tmp_path)
    file.write_text(json.dumps([*pairs[1:], pairs[0]]))
    with pytest.raises(TaskError, match="the frames of one recording do not stand together"):
        heareval_layout.read(tmp_path)
