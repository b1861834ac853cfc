"""A result is of what is there now: what makes it anew, and what does not."""

import os
import shutil
import sqlite3
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from hearkit.embed import read

from .conftest import MODULE, Embed, write_tone

# A model that multiplies its scene embeddings by a number that it finds somewhere.
SCALED = (
    MODULE
    + """
from pathlib import Path
here = Path(__file__).parent
{imports}

def load_model(model_file_path=""):
    model = Model()
    model.scale = {scale}
    return model

plain = get_scene_embeddings

def get_scene_embeddings(audio, model):
    scale = model.scale() if callable(model.scale) else model.scale
    return plain(audio, model) * float(scale)
"""
)


def put_text(path: Path, value: float) -> None:
    path.write_text(str(value))


def put_code(path: Path, value: float) -> None:
    path.write_text(f"SCALE = {value}\n")


def put_tensors(path: Path, value: float) -> None:
    save_file({"scale": torch.tensor(value)}, path)


def put_pt(path: Path, value: float) -> None:
    torch.save({"scale": torch.tensor(value)}, path)


def put_array(path: Path, value: float) -> None:
    np.save(path, np.asarray(value))


def put_jit(path: Path, value: float) -> None:
    scale = value

    class Scale(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(scale))

        def forward(self) -> torch.Tensor:
            return self.scale

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer versions call it deprecated
        torch.jit.script(Scale()).save(str(path))  # type: ignore[no-untyped-call]


def put_rows(path: Path, value: float) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as base:
        base.execute("create table scale (value)")
        base.execute("insert into scale values (?)", (value,))
    base.close()


Put = Callable[[Path, float], None]

# The file, how it is written, what the module imports, and where its scale comes from
READS: dict[str, tuple[str, Put, str, str]] = {
    "a module next to it": ("near.py", put_code, "from near import SCALE", "SCALE"),
    "a module in the call": (
        "late_near.py", put_code, "",
        "lambda: __import__('late_near').SCALE",
    ),
    "text at the import": (
        "scale.txt", put_text, "SCALE = float((here / 'scale.txt').read_text())", "SCALE",
    ),
    "text in another folder": ("far/a.cfg", put_text, "", "float(Path('far/a.cfg').read_text())"),
    "text by os.open": (
        "scale.txt", put_text, "import os",
        "float(os.read(os.open('scale.txt', os.O_RDONLY), 99))",
    ),
    "safetensors": (
        "w.safetensors", put_tensors, "from safetensors.torch import load_file",
        "load_file(here / 'w.safetensors')['scale']",
    ),
    "safetensors, opened": (
        "w.safetensors", put_tensors, "from safetensors import safe_open",
        "safe_open(str(here / 'w.safetensors'), 'pt').get_tensor('scale')",
    ),
    "a pickle": ("w.pt", put_pt, "", "torch.load(here / 'w.pt', weights_only=True)['scale']"),
    "a mapped pickle": (
        "w.pt", put_pt, "",
        "torch.load(here / 'w.pt', weights_only=True, mmap=True)['scale'].clone()",
    ),
    "an array": ("w.npy", put_array, "import numpy", "numpy.load(here / 'w.npy')"),
    "a mapped array": (
        "w.npy", put_array, "import numpy", "float(numpy.load(here / 'w.npy', mmap_mode='r'))",
    ),
    "a script of PyTorch": (
        "w.ts", put_jit, "import warnings; warnings.simplefilter('ignore')",
        "torch.jit.load(str(here / 'w.ts'))().item()",
    ),
    "a database": (
        "w.db", put_rows, "import sqlite3",
        "sqlite3.connect(here / 'w.db').execute('select value from scale').fetchone()[0]",
    ),
    "text in the first call": (
        "scale.txt", put_text, "", "lambda: float((here / 'scale.txt').read_text())",
    ),
    "safetensors in the first call": (
        "w.safetensors", put_tensors, "from safetensors.torch import load_file",
        "lambda: load_file(here / 'w.safetensors')['scale']",
    ),
}  # fmt: skip


@pytest.fixture
def scaled(folder: Path) -> Callable[[str], Callable[[float], None]]:
    """Writes the module for one way of reading; gives what sets the number without a new time."""

    def make(kind: str) -> Callable[[float], None]:
        name, put, imports, scale = READS[kind]
        (folder / "tiny.py").write_text(SCALED.format(imports=imports, scale=scale))

        def set_to(value: float) -> None:
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            put(path, value)
            os.utime(path, ns=(10**18, 10**18))  # the size stays, too

        write_tone(folder / "in" / "a.wav")
        set_to(1.0)
        return set_to

    return make


RUN = ("in", "--out", "out", "--module", "tiny")


@pytest.mark.parametrize("kind", READS)
def test_whatever_the_module_reads_counts_by_its_contents(
    folder: Path, embed: Embed, scaled: Callable[[str], Callable[[float], None]], kind: str
) -> None:
    set_to = scaled(kind)
    assert embed(*RUN).stdout.startswith("embedded 1, already there 0")
    assert embed(*RUN).stdout.startswith("embedded 0, already there 1")
    before = read(folder / "out" / "a.wav.npz")["scene_embedding"]
    set_to(2.0)
    assert embed(*RUN).stdout.startswith("embedded 1, already there 0")
    assert np.array_equal(read(folder / "out" / "a.wav.npz")["scene_embedding"], 2 * before)
    assert embed(*RUN).stdout.startswith("embedded 0, already there 1")


@pytest.mark.parametrize("kind", ["safetensors", "text in the first call"])
def test_place_and_time_do_not_count(
    folder: Path,
    embed: Embed,
    scaled: Callable[[str], Callable[[float], None]],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    scaled(kind)
    assert embed(*RUN).returncode == 0
    result = folder / "out" / "a.wav.npz"
    made = result.stat().st_mtime_ns
    moved = folder / "moved elsewhere"
    moved.mkdir()
    for path in [p for p in folder.iterdir() if p != moved]:
        path.rename(moved / path.name)
    for path in moved.rglob("*"):
        os.utime(path) if path.name != result.name else None
    monkeypatch.chdir(moved)
    monkeypatch.syspath_prepend(str(moved))
    assert embed(*RUN).stdout.startswith("embedded 0, already there 1")
    assert (moved / "out" / "a.wav.npz").stat().st_mtime_ns == made
    shutil.copytree(moved / "in", moved / "copied")
    assert embed("copied", *RUN[1:]).stdout.startswith("embedded 0, already there 1")


def test_files_that_nobody_read_do_not_count(
    folder: Path, embed: Embed, scaled: Callable[[str], Callable[[float], None]]
) -> None:
    scaled("safetensors")
    assert embed(*RUN).returncode == 0
    (folder / "README.md").write_text("new")
    (folder / "unrelated.py").write_text("1 / 0")
    (folder / "next_epoch.safetensors").write_bytes(b"x")
    assert embed(*RUN).stdout.startswith("embedded 0, already there 1")


# What `--weights` names, and the files in it
GIVEN = {
    "a file": ("w.pt", ["w.pt"]),
    "a folder": ("w", ["w/config.json", "w/model.safetensors"]),
    "a folder with parts": ("w", ["w/variables/variables.index", "w/saved_model.pb"]),
    "TensorFlow's": ("w", ["w.index", "w.data-00000-of-00001"]),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_weights_that_are_given_count_though_nobody_sees_them_read(
    folder: Path, embed: Embed, kind: str
) -> None:
    given, names = GIVEN[kind]
    write_tone(folder / "in" / "a.wav")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("1")
    run = (*RUN, "--weights", given)
    assert embed(*run).stdout.startswith("embedded 1, already there 0")
    assert embed(*run).stdout.startswith("embedded 0, already there 1")
    for name in names:
        state = (folder / name).stat()
        (folder / name).write_text("2")
        os.utime(folder / name, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert embed(*run).stdout.startswith("embedded 1, already there 0"), name


def test_a_recording_of_the_same_size_and_time_counts_by_its_contents(
    folder: Path, embed: Embed
) -> None:
    path = write_tone(folder / "in" / "a.wav", level=0.1)
    embed(*RUN)
    state = path.stat()
    write_tone(path, level=0.2)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert path.stat().st_size == state.st_size
    assert embed(*RUN).stdout.startswith("embedded 1, already there 0")


def test_a_link_counts_by_what_it_leads_to(folder: Path, embed: Embed) -> None:
    for level, name in enumerate(("one", "two"), 1):
        write_tone(folder / name / "x.wav", level=level / 10)
        (folder / f"{name}.pt").write_text(name)
    (folder / "in").mkdir()
    sound, weights = folder / "in" / "a.wav", folder / "w.pt"
    sound.symlink_to(folder / "one" / "x.wav")
    weights.symlink_to(folder / "one.pt")
    run = (*RUN, "--weights", "w.pt")
    assert embed(*run).stdout.startswith("embedded 1, already there 0")
    weights.unlink()
    weights.symlink_to(folder / "two.pt")
    assert embed(*run).stdout.startswith("embedded 1, already there 0")
    assert embed(*run).stdout.startswith("embedded 0, already there 1")


def test_a_file_that_changed_while_it_was_loaded_makes_no_result_current(
    folder: Path, embed: Embed, scaled: Callable[[str], Callable[[float], None]]
) -> None:
    scaled("text in another folder")
    with (folder / "tiny.py").open("a") as file:
        file.write(
            "load = load_model\n"
            "def load_model(path=''):\n"
            "    model = load(path)\n"
            "    Path('far/a.cfg').write_text('33.0')\n"
            "    return model\n"
        )
    assert embed(*RUN).stdout.startswith("embedded 1, already there 0")
    assert embed(*RUN).stdout.startswith("embedded 1, already there 0")


def test_what_the_process_writes_itself_does_not_count(folder: Path, embed: Embed) -> None:
    with (folder / "tiny.py").open("a") as file:
        file.write(
            "import time\n"
            "with open('log', 'a') as log: log.write(str(time.time()))\n"
            "with open('log') as log: log.read()\n"
        )
    write_tone(folder / "in" / "a.wav")
    assert embed(*RUN).stdout.startswith("embedded 1, already there 0")
    assert embed(*RUN).stdout.startswith("embedded 0, already there 1")


def test_a_key_is_the_same_wherever_the_module_runs(
    command: Embed, scaled: Callable[[str], Callable[[float], None]]
) -> None:
    """In a process of its own, and in the command's."""
    scaled("safetensors")
    plain = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    assert command(*RUN, env=plain).stdout.startswith("embedded 1, already there 0")
    done = command(*RUN, "--in-process", env=plain)
    assert done.stdout.startswith("embedded 0, already there 1")
