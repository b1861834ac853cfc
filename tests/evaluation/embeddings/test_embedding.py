"""Embeddings in the store: their order, batches, what fails, and what resumes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hearkit.api.contract import FUNCTIONS
from hearkit.api.facts import CallFacts, Function, ModuleFacts
from hearkit.api.requests import Call
from hearkit.api.submission import Reply, Submission
from hearkit.embed.model import Embedder
from hearkit.errors import Fault, OutputError, TaskError
from hearkit.evaluation.embeddings import embedding, stored_rows
from hearkit.evaluation.embeddings.embedding import Embeddings
from hearkit.evaluation.embeddings.model import Here
from hearkit.evaluation.embeddings.work import Batching
from hearkit.evaluation.tasks import folder, order

from ...fakes import Fake, model_facts, returned, value
from ..task_folders import event_task, scene_task

MODULE = ModuleFacts(
    {name: Function(callable=True, type="function") for name in FUNCTIONS}, None, ("torch",), False
)
SIZE = 3
HOP = 800

Answer = Callable[[Fake, Call, NDArray[np.float32]], Reply[CallFacts]]


def levels(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    level = np.square(audio).mean(-1)
    return np.stack([level, np.sqrt(level), audio.mean(-1)], -1).astype(np.float32)


class Model:
    """Answers like a module; keeps how many sounds each call had.

    Args:
        peak: From the number of samples of a call to its peak memory.
    """

    def __init__(self, peak: Callable[[int], int] = lambda n: 1000 * n) -> None:
        self.batches: list[int] = []
        self.peak = peak

    def __call__(self, _: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        self.batches.append(len(audio))
        peak = self.peak(audio.size)
        if call.function == "get_scene_embeddings":
            return returned(value(levels(audio)), peak_bytes=peak)
        n = audio.shape[1] // HOP
        frames = audio[:, : n * HOP].reshape(len(audio), n, HOP)
        times = np.tile(np.float32(25.0) + 50 * np.arange(n, dtype=np.float32), (len(audio), 1))
        return returned(value(levels(frames)), value(times), peak_bytes=peak)


def embedded(
    path: Path,
    store: Path,
    answer: Answer | None = None,
    batching: Batching = "memory",
    memory: int = 10**9,
) -> Embeddings:
    fake = Fake(answer or Model(), model_facts(16000, SIZE), module=MODULE)
    embedder = Embedder(Submission("tiny"), lambda _: fake)
    task, _ = folder.read(path)
    return embedding.embed(
        task,
        Here(embedder, memory),
        store,
        batching=batching,
        tell=lambda *_: None,
    )


def test_rows_are_in_the_oracles_order_with_their_targets(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=7)
    task, _ = folder.read(path)
    found = embedded(path, tmp_path / "store").data
    orders = order.of_rows([7, 7, 7])
    for split, ranks in zip(task.splits, orders, strict=True):
        rows = found.splits[split.name]
        assert rows.files == tuple(split.files[n] for n in ranks)
        assert rows.starts.tolist() == list(range(8))
        assert rows.targets.argmax(1).tolist() == [int(split.labels[n][0]) for n in ranks]
        import soundfile

        for name, row in zip(rows.files, rows.embeddings, strict=True):
            audio, _ = soundfile.read(path / "16000" / split.name / name, dtype="float32")
            np.testing.assert_array_equal(row, levels(audio[None])[0])


def test_only_the_function_that_the_task_needs_is_called(tmp_path: Path) -> None:
    called = set()

    def answer(fake: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        called.add(call.function)
        return Model()(fake, call, audio)

    embedded(scene_task(tmp_path / "s", n_files=2), tmp_path / "store", answer)
    assert called == {"get_scene_embeddings"}
    called.clear()
    embedded(event_task(tmp_path / "e"), tmp_path / "store", answer)
    assert called == {"get_timestamp_embeddings"}


@pytest.mark.parametrize("seconds", [(2.0,), (2.0, 3.0, 2.5)])
@pytest.mark.parametrize("batching", ["oracle", "memory"])
def test_frames_of_a_recording_stand_together_in_order(
    tmp_path: Path, seconds: tuple[float, ...], batching: Batching
) -> None:
    path = event_task(tmp_path / "t", n_files=5, seconds=seconds)
    found = embedded(path, tmp_path / "store", batching=batching).data.splits["train"]
    assert found.timestamps is not None
    for name, first, behind in zip(found.files, found.starts, found.starts[1:], strict=False):
        length = seconds[int(name[6]) % len(seconds)]
        times = found.timestamps[first:behind]
        np.testing.assert_array_equal(times, 25 + 50 * np.arange(length * 20))
        # Frames are loud exactly where the events are, which begin on frames.
        loud = found.embeddings[first:behind, 1] > 0.1
        np.testing.assert_array_equal(loud, found.targets[first:behind, 0] == 1)


def test_exact_batches_are_the_oracles(tmp_path: Path) -> None:
    model = Model()
    path = scene_task(tmp_path / "t", n_files=20, sample_duration=5.0)
    embedded(path, tmp_path / "store", model, "oracle")
    assert model.batches == [16, 4, 16, 4, 16, 4]


def test_memory_bounds_the_batches(tmp_path: Path) -> None:
    """A recording takes 1.6 MB, the module 2.6 MB with one; half of the rest may be used."""
    model = Model(lambda n: 10**6 + 1000 * n)
    embedded(scene_task(tmp_path / "t", n_files=12), tmp_path / "store", model, memory=20 * 10**6)
    assert model.batches == [1, 1, 2, 6, 6, 6, 6, 6, 6]


def test_recordings_of_several_lengths_share_no_batch(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=4)
    longer = scene_task(tmp_path / "other", n_files=4, seconds=0.2)
    for n in (1, 3):
        name = f"16000/train/train_{n:02d}.wav"
        (path / name).write_bytes((longer / name).read_bytes())
    for batching in ("memory", "oracle"):
        found = embedded(path, tmp_path / "store", batching=batching)
        assert len(found.data.splits["train"].embeddings) == 4


def test_what_is_there_is_not_computed_again(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=3)
    first = embedded(path, tmp_path / "store")
    model = Model()
    again = embedded(path, tmp_path / "store", model)
    assert model.batches == []
    assert (first.key, again.seconds) == (again.key, 0.0)
    for name, split in first.data.splits.items():
        np.testing.assert_array_equal(split.embeddings, again.data.splits[name].embeddings)


def test_a_changed_recording_is_embedded_again(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=3)
    first = embedded(path, tmp_path / "store")
    sound = path / "16000/train/train_00.wav"
    sound.write_bytes((path / "16000/train/train_01.wav").read_bytes() + b"\0\0")
    assert embedded(path, tmp_path / "store").key != first.key


def test_an_interrupted_run_continues_and_equals_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "_SYNC_S", 0.0)
    path = event_task(tmp_path / "t", n_files=6, seconds=(2.0, 3.0))
    model = Model()

    def interrupted(fake: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        if len(model.batches) == 6:
            raise KeyboardInterrupt
        return model(fake, call, audio)

    with pytest.raises(KeyboardInterrupt):
        embedded(path, tmp_path / "store", interrupted)
    rest = Model()
    resumed = embedded(path, tmp_path / "store", rest)
    whole = Model()
    undisturbed = embedded(path, tmp_path / "other", whole)
    assert sum(rest.batches) < sum(whole.batches)
    for name, split in undisturbed.data.splits.items():
        np.testing.assert_array_equal(split.embeddings, resumed.data.splits[name].embeddings)
        np.testing.assert_array_equal(split.targets, resumed.data.splits[name].targets)


def test_a_line_that_a_killed_run_left_unfinished_is_not_believed(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=3)
    first = embedded(path, tmp_path / "store")
    (noted,) = (tmp_path / "store").glob("*/train.done")
    noted.write_bytes(noted.read_bytes()[:-4])
    model = Model()
    again = embedded(path, tmp_path / "store", model)
    assert sum(model.batches) >= 3
    np.testing.assert_array_equal(
        first.data.splits["train"].embeddings, again.data.splits["train"].embeddings
    )


def failing(on: Callable[[NDArray[np.float32]], bool], error: Fault | None = None) -> Answer:
    """A module that fails on some sounds: with a fault, or by NaN."""
    model = Model()

    def answer(fake: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        reply = model(fake, call, audio)
        bad = [on(sound) for sound in audio]
        if any(bad) and error is not None:
            raise error
        array = reply.values[0].array
        assert array is not None
        array[bad] = np.nan
        return reply

    return answer


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (None, "returned NaN or infinity"),
        (Fault("exception", "raised ValueError: no"), "ValueError: no"),
    ],
)
def test_recordings_on_which_the_module_fails_are_named(
    tmp_path: Path, fault: Fault | None, said: str
) -> None:
    path = scene_task(tmp_path / "t", n_files=8)
    quiet = failing(lambda sound: bool(np.abs(sound).max() < 0.2), fault)
    with pytest.raises(TaskError) as told:
        embedded(path, tmp_path / "store", quiet)
    line = str(told.value)
    assert said in line
    assert "4 recordings in all" in line
    for n in (0, 2, 4, 6):
        assert f"train/train_{n:02d}.wav" in line
    assert "train_01" not in line


def test_frames_that_differ_for_one_length_are_refused(tmp_path: Path) -> None:
    path = event_task(tmp_path / "t", n_files=5)
    model = Model(lambda n: 10**9 * n)

    def answer(fake: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        cut = HOP * (len(model.batches) % 2)
        return model(fake, call, audio[:, cut:])

    with pytest.raises(TaskError, match="frames for recordings of one length"):
        embedded(path, tmp_path / "store", answer)


def test_a_full_disk_ends_the_run_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(OutputError, match=r"No space left on device.*resumes from there"):
        embedded(scene_task(tmp_path / "t", n_files=2), tmp_path / "store")


def test_two_runs_do_not_write_into_one_entry(tmp_path: Path) -> None:
    path = scene_task(tmp_path / "t", n_files=2)

    def answer(fake: Fake, call: Call, audio: NDArray[np.float32]) -> Reply[CallFacts]:
        with pytest.raises(TaskError, match="another run is writing here"):
            embedded(path, tmp_path / "store")
        return Model()(fake, call, audio)

    embedded(path, tmp_path / "store", answer)
