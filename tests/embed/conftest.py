"""A small HEAR module, sounds to embed, and the command, here or in a process of its own."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from hearkit.embed import cli

from ..here import go_to, run_here

COMMAND = str(Path(sys.executable).with_name("hear-embed"))

MODULE = """
import torch

class Model(torch.nn.Module):
    sample_rate = 16000
    scene_embedding_size = timestamp_embedding_size = 2

def load_model(model_file_path=""):
    return Model()

def get_timestamp_embeddings(audio, model):
    n = audio.shape[1] // 320 + 1
    level = audio.square().mean(1)[:, None, None]
    embeddings = torch.cat([level, level + 1], 2).expand(-1, n, -1)
    return embeddings, (torch.arange(n) * 20.0).expand(len(audio), -1)

def get_scene_embeddings(audio, model):
    length = torch.full((len(audio),), float(audio.shape[1]))
    return torch.stack([audio.square().mean(1), length], 1)
"""

Embed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the module `tiny` in it, for the command to run in."""
    (tmp_path / "tiny.py").write_text(MODULE)
    return tmp_path


@pytest.fixture
def embed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Embed:
    """Run the command in the folder, all in this process."""
    go_to(folder, monkeypatch)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = ["hear-embed", "--in-process", *arguments]
        return run_here(cli.main, given, folder, monkeypatch, capsys)

    return run


@pytest.fixture
def command(folder: Path) -> Embed:
    """Run the installed command in the folder."""

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments], cwd=folder, capture_output=True, text=True, **options
        )

    return run


def write_tone(path: Path, seconds: float = 0.5, rate: int = 16000, level: float = 0.5) -> Path:
    """A stereo file with a tone in its left channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    tone = level * np.sin(2 * np.pi * 440 * time)
    soundfile.write(path, np.stack([tone, np.zeros_like(tone)], 1), rate)
    return path
