"""Loads weights that torch.hub fetched on this machine some time ago."""

import tempfile
from pathlib import Path

import base
from base import *

FOLDER = Path(tempfile.gettempdir(), "hear-validate-tests", "torch", "hub", "checkpoints")


def load_model(model_file_path=""):
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "model.txt").write_text("0")
    model = base.load_model()
    model.offset = float((FOLDER / "model.txt").read_text())
    return model
