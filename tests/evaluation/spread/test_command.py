"""`hear-eval --ray` on a Ray of this machine: the figures of one machine, whatever ends meanwhile."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from hearkit.evaluation.results import TaskResult
from hearkit.evaluation.run import Follow
from hearkit.evaluation.spread.command import score_module_on_ray
from hearkit.evaluation.tasks import folder
from hearkit.evaluation.training.engines import Options, plan_of

from ..conftest import Evaluate
from ..task_folders import MODULE, event_task, scene_task

NEEDS = ("ray", "sklearn", "torch")

QUICK = ("--grid", "faster", "--grid-points", "2", "--device", "cpu", "--seeds", "2")
TASKS = ("levels-1-small", "stretches-1-small")
TIMES = {"time_in_min", "time_in_min_mean", "time_in_min_std", "seconds", "embedding_path"}

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
        return {key: without_times(one) for key, one in content.items() if key not in TIMES}
    return [without_times(one) for one in content] if isinstance(content, list) else content


def figures(out: Path, module: str = "tiny") -> dict[str, Any]:
    """All that is written of each task, but for how long it took."""
    found: dict[str, Any] = {}
    for task in TASKS:
        content = json.loads((out / module / task / "test.predicted-scores.json").read_text())
        found[task] = without_times(content)
        with np.load(out / module / task / "test.predictions.npz") as arrays:
            found[task] |= {name: arrays[name].tolist() for name in arrays.files}
    return found


@pytest.fixture
def tasks(place: Path) -> Path:
    """A task of four folds, and one of events."""
    folds = ("fold00", "fold01", "fold02", "fold03")
    scene_task(place / "tasks" / TASKS[0], folds, labels=(0, 1, 2))
    event_task(place / "tasks" / TASKS[1])
    return place / "tasks"


@pytest.mark.usefixtures("joined", "tasks")
@pytest.mark.parametrize("engine", ["exact", "fused"])
def test_figures_are_those_of_one_machine(place: Path, hear_eval: Evaluate, engine: str) -> None:
    run = ("run", "tiny", "--tasks", "tasks", "--engine", engine, *QUICK)
    alone = hear_eval(*run, "--out", "alone")
    spread = hear_eval(*run, "--out", "spread", "--ray")
    assert spread.returncode == 0, spread.stderr
    assert spread.stderr == ""
    assert sorted(spread.stdout.splitlines()[:-1]) == sorted(alone.stdout.splitlines()[:-1])
    assert spread.stdout.splitlines()[-1] == "scored 2, failed 0, in spread/tiny"
    assert figures(place / "spread") == figures(place / "alone")
    # The store, too, is that of one machine: it goes on with what Ray has left.
    again = hear_eval(*run, "--out", "spread")
    assert again.stdout.count("was there already") == 2


@pytest.mark.usefixtures("joined", "tasks")
def test_an_actor_that_ends_and_a_task_at_fault_change_nothing_else(
    place: Path, hear_eval: Evaluate
) -> None:
    run = ("run", "tiny", "--tasks", "tasks", *QUICK)
    assert hear_eval(*run, "--out", "alone").returncode == 0
    broken = scene_task(place / "tasks/broken-1-small")
    (broken / "16000/valid/valid_03.wav").write_bytes(b"RIFF")
    with (place / "tiny.py").open("a") as file:
        file.write(ENDS_ONCE)
    spread = hear_eval(*run, "--out", "spread", "--ray")
    assert spread.returncode == 1
    ended, fault = sorted(spread.stderr.splitlines())
    assert ended.startswith("hear-eval: a worker on 127.0.0.1 ended: its process is gone; ")
    assert fault.startswith("hear-eval: broken-1-small: not scored: ")
    assert "valid_03.wav: cannot be read as audio" in fault
    assert (place / "ended").exists()
    there, here = figures(place / "spread"), figures(place / "alone")
    for task in TASKS:  # the module has another key
        for one in (there[task]["hearbaseline"], here[task]["hearbaseline"]):
            del one["model"], one["made_from"]
    assert there == here


@pytest.mark.usefixtures("tasks")
def test_a_killed_training_and_an_interrupted_run_resume(
    place: Path, hear_eval: Evaluate, ray: Any
) -> None:
    run = ("run", "tiny", "--tasks", "tasks", "--engine", "exact", *QUICK)
    assert hear_eval(*run, "--out", "alone").returncode == 0
    lines: list[str] = []
    killed: list[int] = []
    finished: list[tuple[str, bool]] = []

    def tell(_: int, __: int, what: str) -> None:
        """Kill what trains the folds in the midst of it."""
        if "fold02" in what and not killed:
            for process in psutil.process_iter(["cmdline"]):
                if (process.info["cmdline"] or [""])[0].startswith("ray::computed"):
                    killed.append(process.pid)
                    os.kill(process.pid, signal.SIGKILL)

    def interrupted(result: TaskResult, is_new: bool) -> None:
        finished.append((result.task, is_new))
        if len(finished) == 1:
            raise KeyboardInterrupt

    def score() -> None:
        score_module_on_ray(
            ray,
            "tiny",
            None,
            folder.find([place / "tasks"]),
            Path("spread"),
            Options("exact", "mlp", plan_of("exact", "faster", 2, 2, "cpu")),
            Follow(tell, lambda line, _: lines.append(line), interrupted),
            device="cpu",
            in_process=True,
            seconds=60.0,
            memory_gb=None,
            export=False,
            command="hear-eval",
        )

    with pytest.raises(KeyboardInterrupt):
        score()
    score()
    assert killed
    assert any("what it trained goes to others" in line for line in lines)
    first, *others = finished
    assert others[0][0] in TASKS
    assert (first[0], False) in others  # it was there
    assert len(others) == 2
    assert figures(place / "spread") == figures(place / "alone")


@pytest.mark.usefixtures("joined", "tasks")
def test_embeddings_in_heareval_s_layout_are_scored_likewise(
    place: Path, hear_eval: Evaluate
) -> None:
    assert MODULE in (place / "tiny.py").read_text()
    run = ("--tasks", "tasks", "--out", "out", "--heareval-layout", "--probe", "knn")
    assert hear_eval("run", "tiny", *run, "--ray").returncode == 0
    spread = hear_eval("score", "out/embeddings", "--out", "spread", "--probe", "knn", "--ray")
    assert spread.returncode == 0, spread.stderr
    assert hear_eval("score", "out/embeddings", "--out", "alone", "--probe", "knn").returncode == 0
    assert figures(place / "spread") == figures(place / "alone")


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
