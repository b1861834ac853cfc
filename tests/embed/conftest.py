"""A small HEAR module, sounds to embed, and the command."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

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
def embed(folder: Path) -> Embed:
    """Run the installed command in the folder."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("hear-embed")), *arguments]
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, env=os.environ | environment
        )

    return run


def write_tone(path: Path, seconds: float = 0.5, rate: int = 16000, level: float = 0.5) -> Path:
    """A stereo file with a tone in its left channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    tone = level * np.sin(2 * np.pi * 440 * time)
    soundfile.write(path, np.stack([tone, np.zeros_like(tone)], 1), rate)
    return path
