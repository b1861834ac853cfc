"""`hear-eval --ray` on several hosts, one of which is killed in the middle; see `netns`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ...embed.spread.netns import HEAD, PORT, Hosts, hosts
from ..task_folders import event_task, scene_task

NEEDS = ("ray", "sklearn", "torch")

pytestmark = pytest.mark.cluster

COMMAND = str(Path(sys.executable).with_name("hear-eval"))
QUICK = ("--grid", "faster", "--grid-points", "2", "--device", "cpu", "--seeds", "2")
TASKS = ("levels-1-small", "more-1-small", "stretches-1-small")

SLOW = """
import time
numbers = get_scene_embeddings
def get_scene_embeddings(audio, model):
    with open("made", "ab") as file:
        file.write(b"." * len(audio))
    time.sleep(0.02 * len(audio))
    return numbers(audio, model)
"""


@pytest.fixture
def cluster(place: Path) -> Iterator[Hosts]:
    """Two hosts, three tasks, and a slow module."""
    folds = ("fold00", "fold01", "fold02", "fold03")
    scene_task(place / "tasks" / TASKS[0], folds, n_files=150, labels=(0, 1, 2))
    scene_task(place / "tasks" / TASKS[1], folds, n_files=100, labels=(0, 1))
    event_task(place / "tasks" / TASKS[2])
    with (place / "tiny.py").open("a") as file:
        file.write(SLOW)
    with hosts(place / "ray.log") as made:
        made.add()
        made.add()
        yield made


def started(cluster: Hosts, place: Path, out: str) -> subprocess.Popen[bytes]:
    command = [COMMAND, "run", "tiny", "--tasks", "tasks", "--out", out, *QUICK]
    for name in ("stdout", "stderr"):
        (place / name).write_bytes(b"")
    given = [*command, "--ray", f"{HEAD}:{PORT}"]
    return cluster.start(2, given, stdout=place / "stdout", stderr=place / "stderr")


def wait_for(condition: Callable[[], bool], run: subprocess.Popen[bytes], place: Path) -> None:
    while not condition():
        assert run.poll() is None, (place / "stderr").read_text()
        time.sleep(0.1)


def predictions(folder: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for task in TASKS:
        with np.load(folder / "tiny" / task / "test.predictions.npz") as arrays:
            found |= {f"{task}/{name}": arrays[name].tolist() for name in arrays.files}
    return found


def test_a_host_is_killed_another_joins_and_a_killed_command_resumes(
    place: Path, cluster: Hosts
) -> None:
    made = place / "made"
    run = started(cluster, place, "spread")
    wait_for(lambda: made.exists() and made.stat().st_size > 300, run, place)
    cluster.kill(3)
    cluster.add()
    journals = place / "spread/.hear-eval/journals"
    wait_for(lambda: any(journals.glob("*/*.bin")), run, place)
    run.kill()
    run.wait(30)
    n_made = made.stat().st_size
    lines = (place / "stderr").read_text().splitlines()
    assert any(line.startswith("hear-eval: a worker on 10.77.41.3 ended: ") for line in lines)

    run = started(cluster, place, "spread")
    assert run.wait(600) == 0, (place / "stderr").read_text()
    last = (place / "stdout").read_text().splitlines()[-1]
    assert last == "scored 3, failed 0, in spread/tiny"
    assert made.stat().st_size == n_made  # nothing was embedded again
    alone = [COMMAND, "run", "tiny", "--tasks", "tasks", "--out", "alone", *QUICK]
    assert subprocess.run(alone, cwd=place, check=False).returncode == 0
    assert predictions(place / "spread") == predictions(place / "alone")
