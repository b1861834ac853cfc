"""What is probed: scene embeddings of the baselines, layer by layer where there are layers."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hearbaseline
from hearkit.api.contract import SCENE
from hearkit.api.local import LocalConnection
from hearkit.api.requests import Call, Import, Load
from hearkit.api.submission import Submission
from hearkit.errors import Fault
from training.probe.clips import Clip, ProbeError, Task, write_arrays

FOLDER = Path(__file__).parent
START = FOLDER.parent / "pretrain" / "start.py"
BASELINES = Path(hearbaseline.__file__).parent

UNSEEN = ("__init__.py", "_version.py")
"""Shared files that no embedding depends on."""

Embed = Callable[[Clip], NDArray[np.float32]]
"""A clip's scene embeddings, one for each layer, shape (n_layers, size)."""


@dataclass(frozen=True)
class Embedding:
    """A way to embed clips.

    Attributes:
        name: For the table.
        sample_rate: Hz, of the clips that it takes.
        identity: Changes whenever the embeddings may: the cache goes by it.
        load: Makes the function that embeds; called only where the cache does not help.
        layered: Whether there is an embedding for each layer.
    """

    name: str
    sample_rate: int
    identity: str
    load: Callable[[], Embed]
    layered: bool = False


def embed(
    embedding: Embedding,
    task: Task,
    cache: Path | None,
    done: Callable[[int], object] = lambda _: None,
) -> NDArray[np.float32]:
    """Embed a task's clips, each by itself, since padding to a common length would change them.

    Args:
        embedding: With which.
        task: Its clips at the embedding's sample rate.
        cache: A folder in which embeddings are kept for the next time.
        done: Called with 1 after each clip.

    Returns:
        Shape (n_clips, n_layers, size).
    """
    key = hashlib.sha256(f"{embedding.identity} {task.digest}".encode()).hexdigest()[:20]
    kept = cache / f"embeddings-{key}.npz" if cache else None
    if kept and kept.is_file():
        with np.load(kept) as held:
            embedded: NDArray[np.float32] = held["embedded"]
        return embedded
    function = embedding.load()
    rows = []
    for clip in task.clips:
        rows.append(function(clip))
        done(1)
    embedded = np.stack(rows)
    if kept:
        write_arrays(kept, embedded=embedded)
    return embedded


def mfcc() -> Embedding:
    """The classical statistics that a learned embedding has to beat."""

    def load() -> Embed:
        from training.probe.mfcc import statistics

        return lambda clip: statistics(clip)[None]

    identity = f"mfcc {metadata.version('librosa')} {digest([FOLDER / 'mfcc.py'])}"
    return Embedding("MFCC statistics", 16000, identity, load)


def control(name: str, seed: int = 0) -> Embedding:
    """A control: an embedding in which nothing was learned.

    Args:
        name: "log-mel statistics" or "random convolutions".
        seed: Of the latter's weights.
    """
    is_drawn = name == "random convolutions"

    def load() -> Embed:
        from training.probe import controls

        embed_clip = (
            controls.random_convolutions(seed) if is_drawn else controls.log_mel_statistics()
        )
        return lambda clip: embed_clip(clip)[None]

    # Of the baseline they have the spectrograms alone.
    shared = [path for path in baseline_files("general") if path.parent == BASELINES]
    files = [FOLDER / "controls.py", BASELINES / "general" / "spectra.py", *shared]
    name = f"{name}, seed {seed}" if is_drawn else name
    return Embedding(name, 16000, f"{name} {metadata.version('torch')} {digest(files)}", load)


def baseline(name: str) -> Embedding:
    """A baseline of this package with the weights that it comes with.

    Args:
        name: A module of `hearbaseline` with `load_model`.

    Raises:
        ProbeError: If its weights are missing or cannot be read.
    """
    connection = LocalConnection(Submission(f"hearbaseline.{name}"))
    try:
        connection.ask(Import(), step=f"import {name}")
        connection.ask(Load(), step="load_model")
    except Fault as fault:
        raise ProbeError(str(fault.__cause__ or fault)) from fault
    model = connection.model()

    def embed_clip(clip: Clip) -> NDArray[np.float32]:
        call = Call(SCENE, gradients=False)
        reply = connection.ask(call, step=f"{name} on a clip", audio=clip[None])
        return np.asarray(reply.values[0].array)

    weights = hashlib.sha256()
    for tensor in model.state_dict().values():
        weights.update(tensor.numpy().tobytes())
    identity = f"{name} {weights.hexdigest()} {digest(baseline_files(name))}"
    return Embedding(name, model.sample_rate, identity, lambda: embed_clip)


def student(checkpoint: Path, name: str) -> Embedding:
    """A checkpoint of the general baseline.

    Args:
        checkpoint: What `hearbaseline.general.load_model` takes, a file.
        name: For the table.

    Raises:
        ProbeError: If it cannot be read.
    """

    def load() -> Embed:
        import torch

        from hearbaseline.general import get_scene_embeddings, load_model

        try:
            model = load_model(str(checkpoint))
        except (OSError, ValueError) as error:
            raise ProbeError(str(error)) from error
        return lambda clip: get_scene_embeddings(torch.from_numpy(clip)[None], model).numpy()

    identity = f"general {_sha(checkpoint)} {digest(baseline_files('general'))}"
    return Embedding(name, 16000, identity, load)


def _sha(checkpoint: Path) -> str:
    """SHA-256 of a file.

    Raises:
        ProbeError: If it cannot be read.
    """
    try:
        return hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    except OSError as error:
        raise ProbeError(
            f"{checkpoint}: cannot be read ({error.strerror}); give a checkpoint"
        ) from error


def wav2vec2(checkpoint: Path, name: str) -> Embedding:
    """Our wav2vec 2.0 at every layer.

    Args:
        checkpoint: What `hearbaseline.wav2vec2.load_model` takes, a file.
        name: For the table.

    Raises:
        ProbeError: If it cannot be read.
    """
    identity = f"wav2vec2 {_sha(checkpoint)} {digest(baseline_files('wav2vec2'))}"
    return Embedding(name, 16000, identity, lambda: _layers(checkpoint), layered=True)


def twins(checkpoint: Path, seed: int) -> list[Embedding]:
    """A checkpoint's architecture with random weights and, where it is another, as training begins.

    Args:
        checkpoint: For its configuration.
        seed: Of the weights. With that of a run, the last is what the run began with.

    Raises:
        ProbeError: If the checkpoint cannot be read.
    """
    from hearbaseline.wav2vec2.checkpoint import build, read
    from training.pretrain.start import start

    try:
        config = read(checkpoint).config
    except (OSError, ValueError) as error:
        raise ProbeError(str(error)) from error
    made = [_untrained("random weights", build, config, seed)]
    if "filters" in config:
        made.append(_untrained("before training", start, config, seed))
    return made


def _untrained(
    name: str, make: Callable[[Mapping[str, Any]], Any], config: Mapping[str, Any], seed: int
) -> Embedding:
    """A model of an architecture as `make` draws it."""

    def load() -> Embed:
        import torch

        from hearbaseline.wav2vec2.checkpoint import save_checkpoint

        with torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as folder:
            torch.manual_seed(seed)
            file = Path(folder) / "twin.safetensors"
            save_checkpoint(file, make(config).state_dict(), config)
            return _layers(file)

    # Which layer is the default changes nothing here, and snapshots of a run share their twin.
    architecture = {key: value for key, value in config.items() if key != "layer"}
    identity = (
        f"{name} {seed} {json.dumps(architecture, sort_keys=True)} {metadata.version('torch')} "
        f"{digest(baseline_files('wav2vec2'))} {digest([START])}"
    )
    return Embedding(f"{name}, seed {seed}", 16000, identity, load, layered=True)


def _layers(checkpoint: Path) -> Embed:
    """Scene embeddings of all layers in one pass: pooled hidden states."""
    import torch

    from hearbaseline.wav2vec2 import load_model

    try:
        model = load_model(str(checkpoint))
    except (OSError, ValueError, ImportError) as error:
        raise ProbeError(str(error)) from error

    def function(clip: Clip) -> NDArray[np.float32]:
        states = model.hidden_states(torch.from_numpy(clip)[None])
        scenes: NDArray[np.float32] = torch.cat([model.pool(state) for state in states]).numpy()
        return scenes

    return function


def digest(files: Iterable[Path]) -> str:
    """SHA-256 of code that embeds: with a changed model everything is embedded again."""
    sha = hashlib.sha256()
    for file in files:
        sha.update(file.read_bytes())
    return sha.hexdigest()


def baseline_files(name: str, package: Path = BASELINES) -> list[Path]:
    """Every file that a baseline's embeddings depend on: its own, and those that all share.

    Args:
        name: The baseline's module or folder.
        package: The folder of `hearbaseline`.
    """
    own = [package / f"{name}.py", *(package / name).rglob("*.py")]
    shared = [path for path in package.glob("_*.py") if path.name not in UNSEEN]
    return sorted(filter(Path.is_file, [*own, *shared]))
