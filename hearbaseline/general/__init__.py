"""One small model that hears speech, music and effects.

Two spectrograms in decibels; layers over neighbouring frames; a transformer; and which notes sound.
What it knows it was taught by larger models, whose frames it predicts from sounds that were
disturbed ("distillation"): docs/baselines.md says by which.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from hearbaseline._audio import check_audio
from hearbaseline._checkpoint import CheckpointError, bundled, load_state, restore
from hearbaseline._frames import Framing, few_at_once
from hearbaseline.general.layers import NOTES, PITCH_CLASSES, over_octaves
from hearbaseline.general.network import Heard, Network, Sizes
from hearbaseline.general.pooling import Stretch, average, change, largest, moments
from hearbaseline.general.spectra import (
    HOP_MS,
    LONG_WINDOW,
    MEL_BANDS,
    PITCH_BANDS,
    SAMPLE_RATE,
    Spectra,
)

LOGITS = 0.1
"""What logits are multiplied with in a scene: they then vary as much as its other numbers, of which
a probe that does not standardise would hear little otherwise."""

TIMESTAMP_HOP_MS = SCENE_HOP_MS = HOP_MS

CPU_FRAMES, GPU_FRAMES = 1500, 24000
"""Frames of short sounds that are embedded together, so that memory stays bounded when they are
many. A GPU is faster with more."""


class General(torch.nn.Module):
    """The spectrograms and the network over them.

    Args:
        sizes: Numbers in a frame, from layer to layer.

    Examples:
        >>> import torch
        >>> from hearbaseline.general import General
        >>> General()(torch.zeros(1, 16000)).local.shape  # with random weights
        torch.Size([1, 51, 256])
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, sizes: Sizes | None = None):
        super().__init__()
        self.spectra = Spectra()
        self.network = Network(sizes)
        sizes = self.network.sizes
        self.timestamp_embedding_size = sizes.local + sizes.deep + NOTES
        self.scene_embedding_size = (
            3 * (MEL_BANDS + PITCH_BANDS)
            + 2 * sizes.first
            + 4 * NOTES
            + 2 * PITCH_CLASSES
            + 4 * (sizes.local + sizes.deep)
        )

    @torch.no_grad()
    def forward(self, audio: Tensor) -> Heard:
        """What the network makes of sounds.

        Args:
            audio: float32, shape (n_sounds, n_samples), in [-1, 1], at 16000 Hz.
        """
        heard: Heard = self.network(*self.spectra(audio))
        return heard

    @torch.no_grad()
    def scenes(self, audio: Tensor) -> Tensor:
        """Scene embeddings, shape (n_sounds, scene_embedding_size).

        Of the stretch that is not silent, mean and standard deviation over time of spectrograms,
        first, local and deep frames; how much they change from frame to frame, but for the long
        window and the first frames; of local and deep frames the maximum; of the long window how
        far bands are above their surroundings; of the notes, as probabilities and logits, mean and
        maximum; and over octaves the largest logits of each pitch class.
        """
        short, long = self.spectra(audio)
        heard: Heard = self.network(short, long)
        notes = heard.notes.sigmoid()
        stretch = Stretch.of(short)
        every_10, every_20, every_40 = (
            stretch.weights(part.shape[1], step)
            for part, step in ((short, 1), (long, 2), (heard.deep, 4))
        )
        partials = self.network.salience.above_surroundings(long).relu()
        # Of chords, logits tell more than probabilities: quiet notes count, too.
        logits = LOGITS * heard.notes
        levels = [average(logits, every_20), logits.amax(dim=1)]
        pooled = [
            *moments(short, every_10),
            change(short, every_10),
            *moments(long, every_20),
            average(partials, every_20),
            *moments(heard.first, every_10),
            *moments(heard.local, every_20),
            change(heard.local, every_20),
            largest(heard.local, every_20),
            *moments(heard.deep, every_40),
            change(heard.deep, every_40),
            largest(heard.deep, every_40),
            average(notes, every_20),
            notes.amax(dim=1),
            *levels,
            *map(over_octaves, levels),
        ]
        return torch.cat(pooled, dim=1)


def load_model(model_file_path: str = "") -> General:
    """Load the model.

    Args:
        model_file_path: A checkpoint of this model; sizes follow from its tensors. By default the
            bundled one.

    Returns:
        The model, in evaluation mode, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If the file is no checkpoint of this model; a `ValueError`.

    Examples:
        >>> from hearbaseline import general
        >>> model = general.load_model()
        >>> model.sample_rate, model.timestamp_embedding_size
        (16000, 736)
    """
    path = Path(model_file_path) if model_file_path else bundled("general.safetensors")
    # Stored in half the precision, which is exact to undo.
    state = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in load_state(path).items()
    }
    try:
        sizes = Sizes.of(state)
    except KeyError as missing:
        raise CheckpointError(
            f"{path}: is no checkpoint of General: it lacks {missing.args[0]}; give one saved from "
            "this model, or none at all"
        ) from None
    model = General(sizes)
    restore(model.network, state, path)
    return model.eval()


@torch.no_grad()
def get_timestamp_embeddings(audio: Tensor, model: General) -> tuple[Tensor, Tensor]:
    """Embed sounds every 20 ms.

    In sounds of up to 60 s each frame attends to all others. In longer sounds it attends, in every
    layer, to a window of 30 s with at least 10 s on either side, as far as the sound reaches.

    Args:
        audio: float32, shape (n_sounds, n_samples), mono, in [-1, 1], at 16000 Hz, on the
            model's device.
        model: What `load_model` returned.

    Returns:
        Embeddings, float32, shape (n_sounds, n_timestamps, timestamp_embedding_size): local, deep,
        and the probabilities of 96 notes from A0 on. Timestamps in ms, float32, shape (n_sounds,
        n_timestamps): the centres of the frames.

    Raises:
        ValueError: If the audio is not as described.

    Examples:
        >>> import torch
        >>> from hearbaseline import general
        >>> audio = torch.zeros(2, 16000)  # two sounds of a second
        >>> embeddings, timestamps = general.get_timestamp_embeddings(audio, general.load_model())
        >>> embeddings.shape, timestamps[0, :3].tolist()
        (torch.Size([2, 51, 736]), [0.0, 20.0, 40.0])
    """
    check_audio(audio)
    framing = Framing(LONG_WINDOW, HOP_MS, SAMPLE_RATE)
    out = audio.new_empty(len(audio), framing.count(audio.shape[1]), model.timestamp_embedding_size)
    for sounds in _some(audio):
        out[sounds] = model(audio[sounds]).frames()
    return out, framing.timestamps(audio.shape[0], audio.shape[1], audio.device)


@torch.no_grad()
def get_scene_embeddings(audio: Tensor, model: General) -> Tensor:
    """Embed whole sounds.

    Args:
        audio: float32, shape (n_sounds, n_samples), mono, in [-1, 1], at 16000 Hz, on the
            model's device.
        model: What `load_model` returned.

    Returns:
        Embeddings, float32, shape (n_sounds, scene_embedding_size); see `General.scenes`.

    Raises:
        ValueError: If the audio is not as described.

    Examples:
        >>> import torch
        >>> from hearbaseline import general
        >>> model = general.load_model()
        >>> scene = general.get_scene_embeddings(torch.zeros(2, 16000), model)
        >>> scene.shape == (2, model.scene_embedding_size)
        True
    """
    check_audio(audio)
    return torch.cat([model.scenes(audio[sounds]) for sounds in _some(audio)])


def _some(audio: Tensor) -> list[slice]:
    """Sounds that are embedded together."""
    n_frames = Framing(LONG_WINDOW, HOP_MS, SAMPLE_RATE).count(audio.shape[1])
    return few_at_once(audio, n_frames, CPU_FRAMES, GPU_FRAMES)
