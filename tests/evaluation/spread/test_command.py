"""`hear-eval --ray` on a Ray of this machine: figures are those of one machine, whatever ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from hearkit import cluster
from hearkit.evaluation.job import Follow
from hearkit.evaluation.results import TaskResult
from hearkit.evaluation.spread.command import score_module_on_ray
from hearkit.evaluation.tasks import folder
from hearkit.evaluation.training.engines import Options, plan_of

from ..conftest import Evaluate
from ..task_folders import event_task, scene_task

NEEDS = ("ray", "sklearn", "torch")

QUICK = ("--grid", "faster", "--grid-points", "2", "--device", "cpu", "--seeds", "2")
TASKS = ("levels-1-small", "stretches-1-small")
TIMES = {"time_in_min", "time_in_min_mean", "time_in_min_std", "seconds", "embedding_path"}
KEYS = {"model", "made_from"}
"""Depend on what a process has imported, and this one has imported much."""

ENDS_ONCE = """
import os, pathlib, signal
numbers = get_timestamp_embeddings
def get_timestamp_embeddings(audio, model):
    if len(audio) > 2 and not pathlib.Path("ended").exists():
        pathlib.Path("ended").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return numbers(audio, model)
"""


def without_times(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: without_times(one) for key, one in content.items() if key not in TIMES | KEYS}
    return [without_times(one) for one in content] if isinstance(content, list) else content


def figures(out: Path) -> list[str]:
    """All that is written of each task, but for how long it took."""
    found = []
    for task in TASKS:
        folder = out / "tiny" / task
        content = without_times(json.loads((folder / "test.predicted-scores.json").read_text()))
        with np.load(folder / "test.predictions.npz") as arrays:
            content |= {name: arrays[name].tolist() for name in arrays.files}
        found.append(json.dumps(content, indent=1))  # in which NaN equals NaN
    return found


@pytest.fixture
def tasks(place: Path) -> Path:
    """A task of four folds, and one of events."""
    folds = ("fold00", "fold01", "fold02", "fold03")
    scene_task(place / "tasks" / TASKS[0], folds, labels=(0, 1, 2))
    event_task(place / "tasks" / TASKS[1])
    return place / "tasks"


@pytest.mark.usefixtures("joined", "tasks")
def test_an_actor_that_ends_and_a_task_at_fault_change_no_figure(
    place: Path, hear_eval: Evaluate
) -> None:
    with (place / "tiny.py").open("a") as file:
        file.write(ENDS_ONCE)
    (place / "ended").touch()
    run = ("run", "tiny", "--tasks", "tasks", *QUICK)
    alone = hear_eval(*run, "--out", "alone")
    assert alone.returncode == 0
    (place / "ended").unlink()
    broken = scene_task(place / "tasks/broken-1-small")
    (broken / "16000/valid/valid_03.wav").write_bytes(b"RIFF")
    spread = hear_eval(*run, "--out", "spread", "--ray")
    assert spread.returncode == 1
    fault, ended = sorted(spread.stderr.splitlines(), key=len, reverse=True)
    assert ended.startswith("hear-eval: a worker on 127.0.0.1 ended: its process is gone; ")
    assert fault.startswith("hear-eval: broken-1-small: not scored: ")
    assert "valid_03.wav: cannot be read as audio" in fault
    # Ray writes to whatever is standard output; `cluster.joined` gives it a file, pytest does not.
    *lines, last = [line for line in spread.stdout.splitlines() if "(raylet)" not in line]
    assert sorted(lines) == sorted(alone.stdout.splitlines()[:-1])
    assert last == "scored 2, failed 1, in spread/tiny"
    assert (place / "ended").exists()
    assert figures(place / "spread") == figures(place / "alone")


@pytest.mark.cluster  # needs no other host, but minutes
def test_a_killed_training_and_an_interrupted_run_resume(
    place: Path, tasks: Path, hear_eval: Evaluate, ray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = ("--engine", "exact", *QUICK)
    assert hear_eval("run", "tiny", "--tasks", tasks, "--out", "alone", *exact).returncode == 0
    lines: list[str] = []
    killed: list[int] = []
    finished: list[tuple[str, bool]] = []

    def tell(done: int, total: int, what: str) -> None:  # noqa: ARG001
        """Kill what trains the folds in the midst of it."""
        if "fold00" in what and not killed:
            for process in psutil.process_iter(["cmdline"]):
                if (process.info["cmdline"] or [""])[0].startswith("ray::computed"):
                    killed.append(process.pid)
                    os.kill(process.pid, signal.SIGKILL)

    def interrupted(_: str, result: TaskResult, is_new: bool) -> None:
        finished.append((result.task, is_new))
        if len(finished) == 1:
            raise KeyboardInterrupt

    def score() -> None:
        score_module_on_ray(
            ray,
            "tiny",
            None,
            folder.find([tasks]),
            Path("spread"),
            Options("exact", "mlp", plan_of("exact", "faster", 2, 2, "cpu")),
            Follow(tell, lambda line, _: lines.append(line), interrupted),
            device="cpu",
            in_process=True,
            seconds=60.0,
            memory_gb=None,
            export=True,
            command="hear-eval",
        )

    with pytest.raises(KeyboardInterrupt):
        score()
    score()
    assert killed
    assert any("what it trained goes to others" in line for line in lines)
    (first, _), *others = finished
    assert sorted(task for task, _ in others) == sorted(TASKS)
    assert (first, False) in others  # it was there
    assert figures(place / "spread") == figures(place / "alone")

    monkeypatch.setattr(cluster, "joined", lambda _: contextlib.nullcontext(ray))
    given = ("spread/embeddings/tiny/levels-1-small", "--out", "scored", *exact)
    assert hear_eval("score", *given, "--ray").returncode == 0
    predictions = [
        place / out / "tiny/levels-1-small/test.predictions.npz" for out in ("scored", "alone")
    ]
    with np.load(predictions[0]) as scored, np.load(predictions[1]) as alone:
        assert all(np.array_equal(scored[name], alone[name]) for name in alone.files)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--ray", "tasks"), "--ray tasks: is no address"),
        (("--ray", "127.0.0.1:9"), "--ray 127.0.0.1:9: there is no Ray that answers"),
        (("--device", "cuda:1", "--ray"), "with --ray there is a worker for each GPU"),
        (("--device", "gpu", "--ray"), "there is no device 'gpu'"),
    ],
)
@pytest.mark.usefixtures("tasks")
def test_what_cannot_be_run_is_one_line(
    hear_eval: Evaluate, arguments: tuple[str, ...], said: str
) -> None:
    for what in (("run", "tiny", "--tasks", "tasks"), ("score", "tasks")):
        done = hear_eval(*what, "--out", "out", *arguments)
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert said in line
