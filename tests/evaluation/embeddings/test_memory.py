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
from hearkit.evaluation.training import exact, fused, rows
from hearkit.evaluation.data import SplitData, TaskData
from hearkit.evaluation.outcome import Plan
from hearkit.evaluation.tasks.task import Metadata

WIDTH, ROOM = 4096, 320 << 20
ROWS = {"train": 24000, "valid": 600, "test": 600}
torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports PyTorch's compiler
names = ("train", "valid", "test")
splits = {}
for name in names:
    n = ROWS[name]
    mapped = np.memmap(Path(sys.argv[1]) / name, np.float32, "r", shape=(n, WIDTH))
    targets = np.eye(2, dtype=np.uint8)[np.arange(n) % 2]
    splits[name] = SplitData(name, mapped, targets, tuple(map(str, range(n))), np.arange(n + 1))
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
    np.ones(splits["train"].embeddings.shape, np.float32)
except MemoryError:
    pass
else:
    sys.exit("the limit does not hold")
for engine in (exact, fused):
    print(engine.evaluate(data, Plan("faster", 1)).tests[0].values["test_score"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_split_may_be_larger_than_what_is_left_of_the_memory(tmp_path: Path) -> None:
    """393 MB, with 336 MB left. The first feature tells the label; the others are holes."""
    for name, n in (("train", 24000), ("valid", 600), ("test", 600)):
        mapped = np.memmap(tmp_path / name, np.float32, "w+", shape=(n, 4096))
        mapped[1::2, 0] = 1.0
        mapped.flush()
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1.0", "1.0"]
