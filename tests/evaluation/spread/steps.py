"""Steps of an evaluation that go wrong, for processes of Ray, which import them by name."""

import os
import signal
import time
from pathlib import Path

from hearkit.errors import TaskError
from hearkit.evaluation.training.parts import Site


def row_sum(site: Site, split: str) -> float:
    """Reads embeddings where it is computed."""
    site.progress.say(f"summing {split}", 1)
    with site.progress.timed("summing"):
        return float(site.data.splits[split].embeddings.sum())


def ends_once(site: Site, file: str) -> str:
    """Its process is killed the first time."""
    site.progress.say("half of it", 1)
    if not Path(file).exists():
        Path(file).touch()
        time.sleep(0.5)  # so that the word on the progress has left
        os.kill(os.getpid(), signal.SIGKILL)
    site.progress.say("the rest", 1)
    return file


def ends_always(_: Site, file: str) -> None:
    with Path(file).open("a") as marks:
        marks.write(".")
    os.kill(os.getpid(), signal.SIGKILL)


def fails_or_waits(site: Site, item: str) -> None:
    """One fails; the others would take minutes."""
    if item == "fails":
        raise TaskError("fold00: is empty")
    for _ in range(600):
        with site.progress.timed("waiting"):
            time.sleep(0.1)
