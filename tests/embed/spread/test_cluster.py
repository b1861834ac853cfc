"""A cluster of network namespaces: a host that is killed, one that joins late, a killed command.

Off by default: `pytest -m cluster tests/embed/spread`, as root on Linux; it takes minutes.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from hearkit.embed import read

from ..conftest import COMMAND, Embed
from .netns import HEAD, PORT, Hosts, hosts

NEEDS = ("pandas", "pyarrow", "ray")

pytestmark = pytest.mark.cluster

N_CLIPS = 2000
NAMES = [f"{n:04}.wav" for n in range(N_CLIPS)]

SLOW = """
import time
numbers = get_scene_embeddings
def get_scene_embeddings(audio, model):
    time.sleep(0.04 * len(audio))
    with open("made", "ab") as file:
        file.write(b"." * len(audio))
    return numbers(audio, model)
"""


@dataclass
class Run:
    """The command on the first host."""

    process: "subprocess.Popen[bytes]"
    stdout: Path
    stderr: Path

    def lines(self) -> list[str]:
        return self.stderr.read_text().splitlines()


@pytest.fixture
def cluster(folder: Path) -> Iterator[Hosts]:
    """Two hosts, clips of three lengths, each at a level of its own, and a slow module."""
    (folder / "in").mkdir()
    for n, name in enumerate(NAMES):
        samples = np.full(1600 + 160 * (n % 3), (n + 1) / (N_CLIPS + 1))
        soundfile.write(folder / "in" / name, samples, 16000)
    with (folder / "tiny.py").open("a") as file:
        file.write(SLOW)
    with hosts(folder / "ray.log") as made:
        made.add()
        made.add()
        yield made


def started(cluster: Hosts, folder: Path, kind: str) -> Run:
    said, told = folder / "stdout", folder / "stderr"
    said.write_bytes(b"")
    told.write_bytes(b"")
    command = [COMMAND, "in", "--out", "out", "--module", "tiny", "--format", kind]
    command += ["--ray", f"{HEAD}:{PORT}"]
    process = cluster.start(2, command, stdout=said, stderr=told)
    return Run(process, said, told)


def wait_for(condition: Callable[[], bool], run: Run) -> None:
    while not condition():
        assert run.process.poll() is None, run.lines()
        time.sleep(0.2)


def made(folder: Path) -> int:
    """Number of clips that a module has embedded, of any host."""
    path = folder / "made"
    return path.stat().st_size if path.exists() else 0


def scenes(folder: Path, kind: str) -> list[list[float]]:
    """Scene embeddings in the order of the names; each clip has one."""
    if kind == "npz":
        return [read(folder / f"{name}.npz")["scene_embedding"].tolist() for name in NAMES]
    rows = pd.read_parquet(folder, columns=["path", "scene_embedding"]).sort_values("path")
    assert rows.path.tolist() == NAMES
    return [scene.tolist() for scene in rows.scene_embedding]


@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_a_host_is_killed_and_another_joins_in_the_middle(
    folder: Path, cluster: Hosts, embed: Embed, kind: str
) -> None:
    run = started(cluster, folder, kind)
    wait_for(lambda: made(folder) > N_CLIPS // 5, run)
    cluster.kill(3)
    cluster.add()
    status = run.process.wait(900)
    assert run.stdout.read_text() == f"embedded {N_CLIPS}, already there 0, failed 0, in out\n"
    assert status == 0
    assert any("a worker on 10.77.41.3 ended: " in line for line in run.lines())
    assert all(line.startswith("hear-embed: ") for line in run.lines())
    found = scenes(folder / "out", kind)
    (folder / "tiny.py").write_text((folder / "tiny.py").read_text().replace("time.sleep", "abs"))
    assert embed("in", "--out", "alone", "--module", "tiny").returncode == 0
    assert found == scenes(folder / "alone", "npz")


def test_the_command_is_killed_and_started_again(folder: Path, cluster: Hosts) -> None:
    run = started(cluster, folder, "npz")
    wait_for(lambda: made(folder) > N_CLIPS // 5, run)
    run.process.kill()
    run.process.wait(30)
    before = len(list((folder / "out").glob("*.npz")))
    run = started(cluster, folder, "npz")
    assert run.process.wait(900) == 0, run.lines()
    words = run.stdout.read_text().replace(",", "").split()
    embedded, current = int(words[1]), int(words[4])
    assert before > 0
    assert current >= before
    assert embedded + current == N_CLIPS
    assert len(scenes(folder / "out", "npz")) == N_CLIPS
