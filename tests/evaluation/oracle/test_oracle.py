"""Every figure of `exact` is the oracle's, bit for bit.

It needs the oracle (`tests/evaluation/oracle/install`), in the folder that HEAR_ORACLE names, and
runs under `pytest -m oracle` only. `.ci/oracle` does both. Where HEAR_EMBEDDINGS names a folder of
embeddings in heareval's layout, `<module>/<task>`, all points of the default grid are compared on
each, or as many as HEAR_GRID_POINTS says; that takes minutes to hours a task.
"""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearkit.evaluation.data import TaskData
from hearkit.evaluation.embeddings import heareval_layout
from hearkit.evaluation.outcome import Outcome, Plan
from hearkit.evaluation.training import exact

from ..made import task

NEEDS = ("scipy", "sklearn", "librosa")

pytestmark = pytest.mark.oracle

START = Path(__file__).with_name("start.py")
PLAN = Plan("faster", 2)
LABELS = ("dog", "cat", "rain", "7")
"""Without NA, which the oracle reads as a missing number."""

TASKS: dict[str, dict[str, Any]] = {
    "multiclass": {"kind": "multiclass", "evaluation": ("top1_acc", "pitch_acc", "chroma_acc")},
    "aucroc": {"kind": "multiclass", "evaluation": ("aucroc", "top1_acc")},
    "multilabel": {"kind": "multilabel", "evaluation": ("mAP", "aucroc", "d_prime")},
    "linear": {"kind": "multilabel", "param_grid": {"hidden_layers": (0,)}},
    "events": {
        "kind": "event",
        "evaluation": (
            "event_onset_200ms_fms",
            "segment_1s_er",
            "event_onset_50ms_fms",
            "event_onset_offset_50ms_20perc_fms",
        ),
    },
    "segments": {"kind": "event", "evaluation": ("segment_1s_er", "event_onset_200ms_fms")},
    "loss": {
        "kind": "event",
        "evaluation": ("event_onset_50ms_fms", "event_onset_offset_50ms_20perc_fms"),
        "use_scoring_for_early_stopping": False,
        "postprocessing_grid": {"median_filter_ms": (150,), "min_duration": (50,)},
    },
    # A label without clips: the monitored area is never defined.
    "undefined": {"kind": "multiclass", "n_files": 3, "evaluation": ("aucroc", "top1_acc")},
    # Few clips are separated without a mistake: d' is infinite.
    "infinite": {"kind": "multilabel", "n_files": 6, "evaluation": ("d_prime", "mAP", "aucroc")},
    "two_batches": {
        "kind": "multilabel",
        "n_files": 40,
        "param_grid": {"batch_size": (64,), "max_epochs": (9,), "check_val_every_n_epoch": (2,)},
    },
}


def made(name: str) -> TaskData:
    changes = {"param_grid": {}} | TASKS[name]
    data = task(changes.pop("kind"), task_name=name, **changes)
    renamed = {
        n: split
        if split.events is None
        else split.__class__(
            **{
                **split.__dict__,
                "events": tuple(
                    tuple(e.__class__(e.label.replace("NA", "cat"), e.start, e.end) for e in some)
                    for some in split.events
                ),
            }
        )
        for n, split in data.splits.items()
    }
    return TaskData(name, data.metadata, LABELS, renamed)


def run(folders: list[Path], plan: Plan, work: Path) -> None:
    """Have the oracle predict from embeddings; it writes next to them."""
    path = os.pathsep.join(filter(None, [os.environ["HEAR_ORACLE"], os.environ.get("PYTHONPATH")]))
    command = [sys.executable, str(START), "heareval.predictions.runner", *map(str, folders)]
    command += ["--grid", plan.grid, "--grid-points", str(plan.grid_points)]
    done = subprocess.run(
        command,
        cwd=work,
        env=os.environ | {"PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def compare(outcome: Outcome, folder: Path) -> int:
    """Assert that every figure is equal; returns how many there are."""
    written = json.loads((folder / "test.predicted-scores.json").read_text())
    count = 0
    for test in outcome.tests:
        theirs = written[test.split]
        ours = {k: v for k, v in test.values.items() if k != "time_in_min"}
        assert set(ours) == set(theirs) - {"time_in_min"}
        for key, value in ours.items():
            assert value == theirs[key] or (value != value and theirs[key] != theirs[key]), key
            count += 1
        kept = pickle.loads((folder / f"{test.split}.predictions.pkl").read_bytes())
        np.testing.assert_array_equal(test.predictions, kept["prediction"].numpy())
        count += test.predictions.size
        if test.events is not None:
            events = {
                name: [(e["label"], e["start"], e["end"]) for e in some]
                for name, some in kept["predicted_events"].items()
            }
            assert list(events.values()) == [list(some) for some in test.events]
            way = test.postprocessing or {}
            assert list(map(list, way.items())) == written["postprocessing"]
    return count


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All tasks, evaluated by the oracle in one process."""
    work = tmp_path_factory.mktemp("oracle")
    folders = [work / "embeddings" / "made" / name for name in TASKS]
    for folder in folders:
        heareval_layout.write(made(folder.name), folder)
    run(folders, PLAN, work)
    return work / "embeddings" / "made"


@pytest.mark.parametrize("name", TASKS)
def test_every_figure_is_equal(name: str, oracle: Path) -> None:
    data = heareval_layout.read(oracle / name)
    assert compare(exact.evaluate(data, PLAN), oracle / name) > 50


GIVEN = sorted(
    path
    for path in Path(os.environ.get("HEAR_EMBEDDINGS", os.devnull)).glob("*/*")
    if heareval_layout.is_layout(path)
)


@pytest.mark.parametrize("given", GIVEN, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_figure_is_equal_on_given_embeddings(given: Path, tmp_path: Path) -> None:
    folder = tmp_path / given.parent.name / given.name
    shutil.copytree(given, folder)
    plan = Plan("default", int(os.environ.get("HEAR_GRID_POINTS", "8")))
    run([folder], plan, tmp_path)
    count = compare(exact.evaluate(heareval_layout.read(given), plan), folder)
    print(f"{given.parent.name}/{given.name}: {count} figures equal")
    assert count > 50
