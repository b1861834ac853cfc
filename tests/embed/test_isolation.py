"""The module in a process of its own: what it does there costs one file, and nothing stays."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from hearkit.embed import read

from ..processes import interruptible
from .conftest import COMMAND, write_tone

RUN = ("in", "--out", "out", "--module", "tiny")

TROUBLE = """
import ctypes, os, pathlib, signal, sys, time

embed = get_scene_embeddings

def get_scene_embeddings(audio, model):
    if audio.max() > 0.4:  # half of the loud file's level
        pathlib.Path("troubled").touch()
        {trouble}
    return embed(audio, model)
"""

SHARED = Path("/dev/shm")

Start = Callable[..., subprocess.Popen[str]]


def trouble(folder: Path, code: str) -> None:
    """Have the module do something when it is given the loud file."""
    with (folder / "tiny.py").open("a") as file:
        file.write(TROUBLE.format(trouble=code))


@pytest.fixture
def files(folder: Path) -> list[str]:
    """Names of files: a batch of four that holds the loud one, and one of another length."""
    # Short, since a call is given ten times the length of its sounds.
    for n in range(4):
        write_tone(folder / "in" / f"{n}.wav", 0.1, level=0.9 if n == 1 else 0.1 * (n + 1))
    write_tone(folder / "in" / "4.wav", 0.15, level=0.1)
    return [path.name for path in sorted((folder / "in").iterdir())]


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts the command with a temporary folder of its own; ends it if a test does not."""
    temporary = folder / "temporary"
    temporary.mkdir()
    running = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = interruptible(
            [COMMAND, *RUN, *arguments],
            cwd=folder,
            env=os.environ | {"TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def remains(folder: Path, pid: int) -> list[object]:
    """Processes that still run in a folder, and what the command left in temporary folders."""
    for _ in range(100):
        processes = [p for p in psutil.process_iter() if _runs_in(p, folder)]
        if not processes:
            break
        time.sleep(0.05)
    shared = SHARED.glob(f"hear-worker-{pid}-*") if SHARED.is_dir() else ()
    return [*processes, *shared, *(folder / "temporary").iterdir()]


def _runs_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.pid != os.getpid() and Path(process.cwd()) == folder
    except (psutil.Error, OSError):
        return False


@pytest.mark.parametrize(
    ("code", "options", "words"),
    [
        ("os._exit(0)", (), "ended its process with exit status 0"),
        ("ctypes.string_at(0)", (), "ended its process by signal SIGSEGV"),
        ("time.sleep(600)", ("--timeout", "2"), "and was stopped (--timeout)"),
        (
            "kept = []\n        while True: kept.append(torch.ones(10_000_000))",
            ("--memory-limit", "2"),
            "used over 2.0 GB of memory and was stopped (--memory-limit)",
        ),
        ("sys.exit(3)", (), "failed: called sys.exit(3)"),
        ("raise KeyboardInterrupt", (), "failed: KeyboardInterrupt"),
        ("os.kill(os.getpid(), signal.SIGSTOP)", ("--timeout", "2"), "and was stopped (--timeout)"),
    ],
    ids=["exits", "crashes", "hangs", "eats memory", "calls sys.exit", "interrupts", "stops"],
)
def test_what_the_module_does_to_its_process_is_one_files_failure(
    folder: Path, files: list[str], start: Start, code: str, options: tuple[str, ...], words: str
) -> None:
    trouble(folder, code)
    running = start(*options)
    out, errors = running.communicate(timeout=120)
    (line,) = errors.splitlines()
    assert line.startswith("hear-embed: in/1.wav: tiny.get_scene_embeddings ")
    assert line.endswith(words)
    assert out == "embedded 4, already there 0, failed 1, in out\n"
    assert running.returncode == 1
    results = [f"{name}.npz" for name in files if name != "1.wav"]
    assert sorted(path.name for path in (folder / "out").iterdir()) == results
    for result in results:
        n_samples = 2400 if result.startswith("4") else 1600
        assert read(folder / "out" / result)["scene_embedding"][1] == n_samples
    assert remains(folder, running.pid) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os._exit(5)", "importing tiny ended its process with exit status 5"),
        ("def load_model(path=''): import os; os.abort()", "tiny.load_model ended its process by"),
    ],
    ids=["import", "load"],
)
@pytest.mark.usefixtures("files")
def test_a_module_that_cannot_be_loaded_ends_the_run_in_one_line(
    folder: Path, start: Start, code: str, words: str
) -> None:
    (folder / "tiny.py").write_text(f"{(folder / 'tiny.py').read_text()}\n{code}\n")
    running = start()
    out, errors = running.communicate(timeout=120)
    (line,) = errors.splitlines()
    assert words in line
    assert (running.returncode, out) == (1, "")
    assert list((folder / "out").iterdir()) == []
    assert remains(folder, running.pid) == []


@pytest.mark.usefixtures("files")
def test_a_module_that_cannot_be_loaded_again_ends_the_run_in_one_line(
    folder: Path, start: Start
) -> None:
    trouble(folder, "os._exit(0)")
    with (folder / "tiny.py").open("a") as file:
        file.write("\nif pathlib.Path('troubled').exists(): 1 / 0\n")
    running = start()
    out, errors = running.communicate(timeout=120)
    assert errors == (
        "hear-embed: tiny ended its process and cannot be loaded again: "
        "tiny cannot be imported: ZeroDivisionError: division by zero\n"
    )
    assert (running.returncode, out) == (1, "")


@pytest.mark.usefixtures("files")
def test_what_the_module_prints_is_kept_apart(folder: Path, start: Start) -> None:
    trouble(folder, "for _ in range(300): print('A' * 100_000); print('B', file=sys.stderr)")
    running = start()
    out, errors = running.communicate(timeout=120)
    assert (out, errors) == ("embedded 5, already there 0, failed 0, in out\n", "")
    assert remains(folder, running.pid) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("return {}['layer']", ["return {}['layer']", "KeyError: 'layer'"]),
        ("print('last words', flush=True); os._exit(0)", ["last words"]),
    ],
    ids=["raises", "exits"],
)
def test_debug_shows_what_happened_in_the_modules_process(
    folder: Path, start: Start, code: str, words: list[str]
) -> None:
    write_tone(folder / "in" / "1.wav", level=0.9)
    trouble(folder, code)
    _, errors = start("--debug").communicate(timeout=120)
    assert "Traceback" in errors
    assert all(word in errors for word in words)
    assert errors.splitlines()[-1].startswith("hear-embed: in/1.wav: tiny.get_scene_embeddings ")


@pytest.mark.parametrize(
    ("number", "more", "status", "words"),
    [
        (signal.SIGINT, (), 130, "interrupted"),
        (signal.SIGTERM, (), 143, "ended by SIGTERM"),
        (signal.SIGTERM, ("--in-process",), 143, "ended by SIGTERM"),
        (signal.SIGHUP, (), 129, "ended by SIGHUP"),
        (signal.SIGKILL, (), -9, ""),
    ],
    ids=["Ctrl-C", "SIGTERM", "SIGTERM in process", "SIGHUP", "SIGKILL"],
)
def test_a_run_that_is_ended_while_the_module_hangs_leaves_results_and_no_process(
    folder: Path, start: Start, number: int, more: tuple[str, ...], status: int, words: str
) -> None:
    write_tone(folder / "in" / "0.wav", 0.5, level=0.1)
    write_tone(folder / "in" / "1.wav", 0.6, level=0.9)
    trouble(folder, "time.sleep(600)")
    running = start(*more)
    for _ in range(600):
        if (folder / "troubled").exists():
            break
        time.sleep(0.1)
    running.send_signal(number)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == status
    if words:
        line = f"hear-embed: {words}; the same command resumes where it stopped"
        assert errors.splitlines()[-1] == line
        assert remains(folder, running.pid) == []
    names = [path.name for path in (folder / "out").iterdir()]
    assert names == ["0.wav.npz"] if words else set(names) <= {"0.wav.npz"}
    assert not [p for p in remains(folder, running.pid) if isinstance(p, psutil.Process)]
