"""Workers that are forked from a template: like new ones, but for what they had to import."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from hearkit import machine
from hearkit.api.process import Limits, WorkerProcess
from hearkit.api.requests import Call, Import, Load
from hearkit.api.running import environment
from hearkit.api.spares import Spares, end_shared, shared
from hearkit.api.submission import Reply, Submission
from hearkit.errors import Fault

pytestmark = pytest.mark.skipif(not machine.can_fork_safely(), reason="workers are not forked here")

CODE = """
import os, random, sys
HAD_TORCH = "torch" in sys.modules
import numpy, torch

class Model(torch.nn.Module):
    sample_rate, scene_embedding_size, timestamp_embedding_size = 16000, 1, 1

def load_model(model_file_path=""):
    if model_file_path == "exits":
        os._exit(3)
    if model_file_path == "crashes":
        os.kill(os.getpid(), 11)
    if model_file_path == "prints":
        print("the end", flush=True)
        os._exit(4)
    return Model()

def get_timestamp_embeddings(audio, model):
    return audio[:, None], audio[:, :1]

def get_scene_embeddings(audio, model):
    facts = [HAD_TORCH, os.getpgid(0) == os.getpid(), os.getsid(0) == os.getpid(),
             os.getcwd() == sys.path[0], torch.get_num_threads()]
    drawn = [random.random(), numpy.random.rand(), torch.rand(1).item()]
    return torch.tensor([facts + drawn], dtype=torch.float64)
"""


@pytest.fixture(scope="module")
def spares() -> Iterator[Spares]:
    template = Spares(("torch",), environment())
    yield template
    template.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "forked.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextlib.contextmanager
def worker(spares: Spares | None, seconds: float = 60.0) -> Iterator[WorkerProcess]:
    connection = WorkerProcess(Submission("forked"), Limits(seconds, int(8e9)), lambda: spares)
    try:
        yield connection
    finally:
        connection.close()


def ready(connection: WorkerProcess) -> None:
    connection.ask(Import(), step="import")
    connection.ask(Load(), step="load")


def scene(connection: WorkerProcess) -> Any:
    audio = np.zeros((1, 8), np.float32)
    reply: Reply[Any] = connection.ask(Call("get_scene_embeddings"), step="call", audio=audio)
    assert reply.values[0].array is not None
    return reply.values[0].array[0]


@pytest.mark.usefixtures("folder")
def test_a_fork_is_like_a_new_process_that_has_imported_the_framework(spares: Spares) -> None:
    with worker(spares) as forked, worker(None) as new:
        ready(forked)
        ready(new)
        one, other = scene(forked), scene(new)
    assert (one[0], other[0]) == (1, 0)  # whether torch was there
    assert one[1:5].tolist() == other[1:5].tolist() == [1, 1, 1, one[4]]


@pytest.mark.usefixtures("folder")
def test_forks_draw_other_numbers_but_for_torch_whose_seed_is_always_the_same(
    spares: Spares,
) -> None:
    drawn = []
    for _ in range(2):
        with worker(spares) as forked:
            ready(forked)
            drawn.append(scene(forked)[5:])
    python, numpy, torch = np.transpose(drawn)
    assert python[0] != python[1]
    assert numpy[0] != numpy[1]
    assert torch[0] == torch[1]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("exits", "ended its process with exit status 3"),
        ("crashes", "ended its process by signal SIGSEGV"),
        ("prints", "ended its process with exit status 4"),
    ],
)
def test_how_a_fork_ends_is_told_and_the_next_one_works(
    spares: Spares, argument: str, message: str
) -> None:
    with worker(spares) as forked:
        ready(forked)
        with pytest.raises(Fault) as caught:
            forked.ask(Load("other", (argument,)), step="load")
        assert caught.value.kind == "crash"
        assert caught.value.message == message
        if argument == "prints":
            assert "the end" in caught.value.traceback
        ready(forked)
        assert forked.starts == 2


@pytest.mark.usefixtures("folder")
def test_without_its_template_a_fork_ends_and_new_processes_are_started() -> None:
    template = Spares(("torch",), environment())
    with worker(template) as forked:
        ready(forked)
        template.close()
        with pytest.raises(Fault):
            scene(forked)
        ready(forked)
        assert scene(forked)[0] == 0


def test_neither_template_nor_forks_outlive_a_killed_caller(folder: Path) -> None:
    script = (
        "import os, time\n"
        "from hearkit.api.process import Limits, WorkerProcess, environment\n"
        "from hearkit.api.requests import Import\n"
        "from hearkit.api.spares import Spares\n"
        "from hearkit.api.submission import Submission\n"
        "spares = Spares(('torch',), environment())\n"
        "for given in (lambda: spares, lambda: None):\n"
        "    worker = WorkerProcess(Submission('forked'), Limits(60, 8 << 30), given)\n"
        "    worker.ask(Import(), step='import')\n"
        "    globals().setdefault('kept', []).append(worker)\n"
        "print('ready', flush=True)\n"
        "time.sleep(300)\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert caller.stdout is not None
    assert caller.stdout.readline() == "ready\n"
    started = psutil.Process(caller.pid).children(recursive=True)
    assert len(started) == 6  # a template, a fork of it, a new process, and a guard above each
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    caller.stdout.close()
    assert all(ended(process) for process in started)
    assert folder.is_dir()


def ended(process: psutil.Process) -> bool:
    """Whether the process ends; where nobody reaps it, it stays as a zombie."""
    for _ in range(200):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.05)
                continue
        return True
    return False


def test_the_template_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    template = Spares((), environment())
    assert list(tmp_path.iterdir())
    template.close()
    assert not list(tmp_path.iterdir())


def test_runs_of_one_process_share_a_template_as_long_as_their_environment_is_the_same() -> None:
    assert "PYTEST_CURRENT_TEST" in os.environ
    known = environment()
    assert "PYTEST_CURRENT_TEST" not in known
    first = shared((), known)
    assert shared((), dict(known)) is first
    other = shared((), known | {"OMP_NUM_THREADS": "7"})
    assert other is not first
    assert not first.alive
    other.close()
    again = shared((), known | {"OMP_NUM_THREADS": "7"})
    assert again is not other
    assert again.alive
    end_shared()
    assert not again.alive


@pytest.mark.usefixtures("folder")
def test_what_a_fork_left_behind_ends_with_it_and_other_forks_stay(spares: Spares) -> None:
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        open('left', 'w').write(str(os.getpid()))\n"
        "        time.sleep(300)\n"
        "    os._exit(0)\n"
        "while not os.path.exists('left') or not open('left').read(): time.sleep(0.01)\n" + CODE
    )
    with worker(spares) as other:
        ready(other)
        Path("forked.py").write_text(code)
        with worker(spares) as forked:
            ready(forked)
            left = psutil.Process(int(Path("left").read_text()))
            assert left.is_running()
        assert ended(left)
        assert scene(other)[0] == 1
