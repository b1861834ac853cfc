"""Starts heareval 2021.1.3 next to today's Python and PyTorch: `start.py MODULE ARGUMENT...`.

MODULE is one of heareval's, such as `heareval.predictions.runner`. Four shims stand in for what
its dependencies have dropped since 2021; its own code is untouched. It computes with one thread,
or with as many as HEAREVAL_THREADS says.
"""

import importlib
import importlib.machinery
import os
import runpy
import sys
import types
from typing import Any

import numpy
import torch


def shim() -> None:
    """Give heareval what it expects of its dependencies."""
    # It asks whether a model is TensorFlow's.
    tensorflow = types.ModuleType("tensorflow")
    vars(tensorflow)["Module"] = type("Module", (), {})
    tensorflow.__spec__ = importlib.machinery.ModuleSpec("tensorflow", None)
    sys.modules["tensorflow"] = tensorflow

    # NumPy 2 dropped this name, which pytorch-lightning 1.9 uses.
    setattr(numpy, "Inf", numpy.inf)  # noqa: B010

    # It reads back checkpoints of its own, which hold more than weights.
    load = torch.load
    torch.load = lambda *args, **options: load(*args, **{"weights_only": False, **options})

    pytorch_lightning = importlib.import_module("pytorch_lightning")

    # Lightning 1.6 continued at the checkpoint's epoch, under which heareval looks up the
    # post-processing of events.
    test = pytorch_lightning.Trainer.test

    def test_at_epoch(self: Any, *args: Any, ckpt_path: Any = None, **options: Any) -> Any:
        self.fit_loop.epoch_progress.current.completed = torch.load(ckpt_path)["epoch"]
        return test(self, *args, ckpt_path=ckpt_path, **options)

    pytorch_lightning.Trainer.test = test_at_epoch


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("HEAREVAL_THREADS", "1")))
    shim()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
