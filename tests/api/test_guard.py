"""No orphan and no folder stays, however the validator, the worker or its guard ends."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from hearkit.api import folders
from hearkit.api.process import Limits, WorkerProcess
from hearkit.api.requests import Call, Import
from hearkit.api.submission import Submission
from hearkit.errors import Fault, OutOfTimeError
from hearkit.machine import shared_folder

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere orphans are not handed on"
)

ORPHAN = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        program = "import time\\n{does}\\ntime.sleep(300)"
        open({file!r}, "a").write(f"{{os.getpid()}}\\n")
        os.execve(sys.executable, [sys.executable, "-c", program], {{}})
    os._exit(0)
os.wait()
while not os.path.exists({file!r}): time.sleep(0.01)
"""
"""Starts a process in a session of its own, without the worker's mark, whose parent ends."""


def orphan(folder: Path, does: str = "") -> str:
    return ORPHAN.format(file=str(folder / "pids"), does=does)


def pids(folder: Path, count: int = 1) -> list[int]:
    """The numbers that were written, as soon as there are so many."""
    file = folder / "pids"
    for _ in range(2000):
        if file.exists() and len(found := file.read_text().split()) >= count:
            return [int(number) for number in found]
        time.sleep(0.01)
    raise AssertionError("nothing was started")


def gone(pid: int) -> bool:
    """Whether a process ends; where nobody reaps it, it stays as a zombie."""
    for _ in range(300):
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.02)
                continue
        return True
    return False


def left_in(folder: Path, owner: int) -> list[Path]:
    """Folders of a process that are still there, after a while."""
    homes = [folder, *filter(None, [shared_folder()])]
    for _ in range(100):
        found = [one for home in homes for one in home.glob(f"hear-worker-{owner}-*")]
        if not found:
            break
        time.sleep(0.02)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextlib.contextmanager
def worker(code: str, limits: Limits | None = None) -> Iterator[WorkerProcess]:
    Path("submission.py").write_text(code, "utf-8")
    made = WorkerProcess(Submission("submission"), limits or Limits(30, int(4e9)))
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["SIGTERM", "SIGHUP", "SIGKILL"],
)
def test_a_signal_to_the_command_ends_all_that_it_started(
    folder: Path, number: signal.Signals, status: int
) -> None:
    code = orphan(folder) + f"open({str(folder / 'pids')!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
    (folder / "hangs.py").write_text(code + "while True: pass\n")
    temporary = folder / "temporary"
    temporary.mkdir()
    command = subprocess.Popen(
        [sys.executable, "-m", "validator", "hangs"],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    )
    started = pids(folder, 2)
    family = [one.pid for one in psutil.Process(command.pid).children(recursive=True)]
    command.send_signal(number)
    _, told = command.communicate(timeout=60)
    assert command.returncode == status
    assert told.count("\n") == (number != signal.SIGKILL), told
    assert all(gone(pid) for pid in (*started, *family))
    assert not left_in(temporary, command.pid)
    assert not list(temporary.iterdir())


def test_orphans_end_with_their_worker(folder: Path) -> None:
    with worker(orphan(folder)) as one:
        one.ask(Import(), step="import")
        (left,) = pids(folder)
        assert psutil.pid_exists(left)
    assert gone(left)


def test_orphans_of_a_worker_that_crashes_end_too(folder: Path) -> None:
    with worker(orphan(folder) + "os.abort()\n") as one:
        with pytest.raises(Fault, match="SIGABRT"):
            one.ask(Import(), step="import")
        assert gone(*pids(folder))


def test_a_chain_of_processes_that_fork_and_end_is_caught(folder: Path) -> None:
    chain = "import os\\nwhile True:\\n    if os.fork(): os._exit(0)\\n    time.sleep(0.005)"
    with worker(orphan(folder, chain)) as one:
        one.ask(Import(), step="import")
        assert gone(*pids(folder))  # its successors go on
    left = [p for p in psutil.process_iter(["cmdline", "status"]) if "if os.fork(): os._exit" in
            str(p.info["cmdline"]) and p.info["status"] != psutil.STATUS_ZOMBIE]  # fmt: skip
    assert not left


def test_memory_of_an_orphan_counts(folder: Path) -> None:
    code = orphan(folder, "kept = bytearray(b'1') * 700_000_000") + "time.sleep(60)\n"
    with worker(code, Limits(30, int(6e8))) as one:
        with pytest.raises(Fault) as caught:
            one.ask(Import(), step="import")
        assert caught.value.kind == "memory"
        assert gone(*pids(folder))


def test_a_worker_whose_guard_is_killed_ends_and_the_next_request_has_another(
    folder: Path,
) -> None:
    with worker("import os\nif not os.path.exists('once'):\n    open('once', 'w').close()\n"
                "    os.kill(os.getppid(), 9)\n    while True: pass") as one:  # fmt: skip
        with pytest.raises(Fault) as caught:
            one.ask(Import(), step="import")
        assert caught.value.kind == "crash"
        assert one.ask(Import(), step="import").facts.functions
    assert not left_in(folder, os.getpid())


@pytest.mark.usefixtures("folder")
def test_a_worker_that_never_reads_falls_to_the_time_limit() -> None:
    """It fills the pipe that requests come through, and stops itself."""
    code = (
        "import os, signal, stat, threading, time\n"
        "def stop():\n"
        "    time.sleep(0.3)\n"
        "    for name in os.listdir('/proc/self/fd'):\n"
        "        if not stat.S_ISFIFO(os.stat(f'/proc/self/fd/{name}').st_mode): continue\n"
        "        try:\n"
        "            pipe = os.open(f'/proc/self/fd/{name}', os.O_WRONLY | os.O_NONBLOCK)\n"
        "            while True: os.write(pipe, b'x' * 4096)\n"
        "        except OSError: pass\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
        "threading.Thread(target=stop, daemon=True).start()\n"
    )
    with worker(code, Limits(2, int(4e9))) as one:
        with contextlib.suppress(Fault):
            one.ask(Import(), step="import")
        time.sleep(1)
        begin = time.monotonic()
        with pytest.raises(Fault) as caught:
            one.ask(Import(), step="import")
        assert caught.value.kind == "timeout"
        assert time.monotonic() - begin < 10


@pytest.mark.usefixtures("folder")
def test_the_whole_run_has_a_limit() -> None:
    limits = Limits(30, int(4e9), 1.0, time.monotonic() + 1.0)
    with worker("import time\ntime.sleep(60)", limits) as one:
        with pytest.raises(OutOfTimeError, match="1 s, which are used up"):
            one.ask(Import(), step="import")
        assert not one.alive


@pytest.mark.usefixtures("folder")
def test_what_stands_in_the_way_of_audio_is_the_submissions_fault() -> None:
    """A file that it puts where audio would go is no reason to end the whole run."""
    code = (
        "import json\n"
        "settings = json.loads(open('/proc/self/cmdline').read().split('\\0')[5])\n"
        "for folder in settings['exchange']: open(folder + '/kept-audio.npy', 'w').close()\n"
    )
    with worker(code) as one:
        one.ask(Import(), step="import")
        with pytest.raises(Fault):
            one.ask(Call("f"), step="call", audio=np.zeros((1, 8), np.float32))


def test_folders_are_removed_however_deep_and_whatever_is_in_them(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (top / "link").symlink_to(tmp_path / "kept")
    (top / "closed").mkdir(mode=0)
    here = os.open(top, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("a", dir_fd=here)
        inner = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    folders.remove(top)
    assert not top.exists()
    assert (tmp_path / "kept" / "file").exists()
