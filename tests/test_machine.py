"""What only Linux has, taken away piece by piece: less is said, and nothing breaks."""

import ctypes
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from hearkit import machine
from hearkit.api.process import Limits, WorkerProcess
from hearkit.api.requests import Import, Measure
from hearkit.api.submission import Submission
from hearkit.errors import Fault

Patch = pytest.MonkeyPatch


def without_proc(patch: Patch) -> None:
    patch.setattr(machine, "_PROC", Path("/no/such/folder"))


def without_affinity(patch: Patch) -> None:
    patch.delattr(os, "sched_getaffinity", raising=False)


def without_shared_memory(patch: Patch) -> None:
    patch.setattr(machine, "_SHARED_MEMORY", Path("/no/such/folder"))


def without_room(patch: Patch) -> None:
    patch.delattr(os, "statvfs")


def without_groups(patch: Patch) -> None:
    patch.delattr(os, "killpg")


def without_environments(patch: Patch) -> None:
    def refused(_: psutil.Process) -> dict[str, str]:
        raise psutil.AccessDenied

    patch.setattr(psutil.Process, "environ", refused)


def on_macos(patch: Patch) -> None:
    patch.setattr(sys, "platform", "darwin")


TAKEN = (
    without_proc,
    without_affinity,
    without_shared_memory,
    without_room,
    without_groups,
    without_environments,
    on_macos,
)


def all_together(patch: Patch) -> None:
    for take in TAKEN:
        take(patch)


@pytest.mark.parametrize("take", [*TAKEN, all_together])
def test_a_worker_answers_is_limited_and_ends(
    take: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.py").write_text(
        "import sys, time\n"
        "def load_model(path=''):\n    pass\n"
        "if 'hang' in open('what').read():\n    time.sleep(300)\n"
    )
    (tmp_path / "what").write_text("")
    take(monkeypatch)
    worker = WorkerProcess(Submission("small"), Limits(10, int(4e9)))
    try:
        reply = worker.ask(Import(), step="import")
        assert reply.facts.functions["load_model"] is not None
        assert worker.ask(Measure(), step="measure").facts.bytes > 0
        assert worker._worker is not None
        process = psutil.Process(worker._worker.process.pid)
    finally:
        worker.close()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    (tmp_path / "what").write_text("hang")
    hanging = WorkerProcess(Submission("small"), Limits(1, int(4e9)))
    with pytest.raises(Fault, match="did not answer"):
        hanging.ask(Import(), step="import")
    assert not hanging.alive


def test_each_fallback_says_less(monkeypatch: Patch) -> None:
    own = os.getpid()
    assert machine.forget_peak(own) == Path("/proc/self/clear_refs").exists()
    all_together(monkeypatch)
    assert machine.cores() == (os.cpu_count() or 1)
    assert not machine.can_fork_safely()
    assert machine.shared_folder() is None
    assert machine.free_bytes(Path.cwd()) == 0
    assert machine.allocated_bytes() is None
    assert not machine.forget_peak(own)
    assert machine.peak_bytes(own) == 0
    assert machine.resident_bytes(own) > 0
    assert machine.folder_of(0) is None
    assert list(machine.marked_processes("HOME", "x")) == []
    machine.kill_group(own)
    machine.die_with(os.getppid())


def test_another_c_library_counts_no_bytes(monkeypatch: Patch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert machine.allocated_bytes() is None
    machine.die_with(os.getppid())


def test_signals_have_names_where_they_are_known() -> None:
    assert machine.signal_name(signal.SIGSEGV) == "SIGSEGV"
    assert machine.signal_name(999) == "999"


@pytest.mark.parametrize("module", ["hearbaseline"])
def test_a_run_without_any_of_it_finds_the_same(module: str, tmp_path: Path) -> None:
    """A process of its own, in which Linux's own means are gone before anything is imported."""
    script = textwrap.dedent(
        f"""
        import os, sys
        from pathlib import Path
        import psutil
        from hearkit import machine
        machine._PROC = machine._SHARED_MEMORY = Path("/no/such/folder")
        machine.can_fork_safely = lambda: False
        machine.allocated_bytes = lambda: None
        del os.sched_getaffinity, os.statvfs, os.killpg
        from validator import validate
        report = validate({module!r}, select=("M", "O03", "R02", "S10"))
        print(report.conforms, [r.check.id for r in report.results if r.is_finding])
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "True []\n", done.stderr
