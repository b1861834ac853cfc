"""Embeddings that do not fit into memory are evaluated all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

NEEDS = ("scipy", "torch")

CODE = """
import resource, sys
from types import SimpleNamespace
from pathlib import Path
import numpy as np
import torch
import torch.optim
from hearkit.evaluation import exact, fused, rows
from hearkit.evaluation.data import SplitData, TaskData
from hearkit.evaluation.outcome import Plan
from hearkit.evaluation.task import Metadata

N, WIDTH, ROOM = 24000, 1024, 80 << 20
torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports PyTorch's compiler
names = ("train", "valid", "test")
targets = np.eye(2, dtype=np.uint8)[np.arange(N) % 2]
splits = {}
for name in names:
    mapped = np.memmap(Path(sys.argv[1]) / name, np.float32, "r", shape=(N, WIDTH))
    files = tuple(map(str, range(N)))
    splits[name] = SplitData(name, mapped, targets, files, np.arange(N + 1))
metadata = Metadata(
    "t", "1", "small", "scene", "multiclass", "trainvaltest", names, None, ("top1_acc",),
    param_grid={"max_epochs": (1,), "check_val_every_n_epoch": (1,), "lr": (0.01,)},
)
data = TaskData("t-1-small", metadata, ("a", "b"), splits)
used = int(next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmData"))) << 10
resource.setrlimit(resource.RLIMIT_DATA, (used + ROOM, used + ROOM))
# What is free is what the limit leaves.
rows.psutil = SimpleNamespace(virtual_memory=lambda: SimpleNamespace(available=ROOM))
try:
    np.ones((N, WIDTH), np.float32)
except MemoryError:
    pass
else:
    sys.exit("the limit does not hold")
outcome = {"exact": exact, "fused": fused}[sys.argv[2]].evaluate(data, Plan("faster", 1))
print(outcome.tests[0].values["test_score"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
@pytest.mark.parametrize("engine", ["exact", "fused"])
def test_each_split_may_be_larger_than_what_is_left_of_the_memory(
    tmp_path: Path, engine: str
) -> None:
    """98 MB a split, with 80 MB left. The feature 0 tells the label; the others are holes."""
    for name in ("train", "valid", "test"):
        mapped = np.memmap(tmp_path / name, np.float32, "w+", shape=(24000, 1024))
        mapped[1::2, 0] = 1.0
        mapped.flush()
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path), engine],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == 1.0
