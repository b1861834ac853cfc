"""wav2vec 2.0 and HuBERT: a transformer over learned features of the waveform.

Baevski, Zhou, Mohamed and Auli: "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech
Representations", NeurIPS 2020; Hsu et al.: "HuBERT: Self-Supervised Speech Representation Learning
by Masked Prediction of Hidden Units", IEEE/ACM TASLP 29, 2021, whose encoder is the same. The
architecture is torchaudio's. The weights are the bundled ones, or a checkpoint of torchaudio or of
Hugging Face's transformers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from hearbaseline._audio import check_audio
from hearbaseline._checkpoint import bundled, reading, restore
from hearbaseline._frames import few_at_once
from hearbaseline._transformer import chosen
from hearbaseline._windows import WHOLE, transform
from hearbaseline.wav2vec2.checkpoint import build, read
from hearbaseline.wav2vec2.extractor import Extractor, Geometry, arrange

TIMESTAMP_HOP_MS = 20.0
SCENE_HOP_MS = 20.0
"""Hops of the published models; a loaded model's `geometry` has its own."""

EPSILON = 1e-7
"""Added to the variance of a sound that is normalised, as in transformers."""

POOLINGS = {"mean": 1, "mean, deviation": 2}
"""How a scene's embedding follows from those of its frames, and how many times as long it is."""

CPU_FRAMES, GPU_FRAMES = WHOLE, 16 * WHOLE
"""Frames of short sounds that are embedded together, so that memory stays bounded when they are
many. A GPU is faster with more."""


class Wav2Vec2(torch.nn.Module):
    """The encoder of wav2vec 2.0 or HuBERT, with the parameter names of torchaudio's model.

    Base and large variants; group norm or layer norms in the feature extractor; norms after or
    before attention.

    Args:
        config: Arguments of `torchaudio.models.wav2vec2_model` without the dropouts, and
            `normalise`, whether each sound is normalised to zero mean and unit variance (by
            default true), `layer`, whose output is the embedding (by default the last), and
            `pooling`, one of `POOLINGS` (by default the mean).

    Raises:
        ValueError: If there is no such pooling.

    Source: Baevski et al. 2020, section 2 (feature encoder and context network) and appendix B
    (base and large); Hsu et al. 2021, section II-A and table I.

    Examples:
        >>> import torch
        >>> from hearbaseline import wav2vec2
        >>> model = wav2vec2.load_model()
        >>> states = model.hidden_states(torch.zeros(1, 16000))
        >>> len(states), states[0].shape[:2]  # the transformer's input, and each layer's output
        (5, torch.Size([1, 50]))
    """

    sample_rate = 16000

    def __init__(self, config: Mapping[str, Any]):
        super().__init__()
        # Checkpoints are read with the weight norm folded.
        layers = build(config, weight_norm=False)
        self.feature_extractor, self.encoder = layers.feature_extractor, layers.encoder
        self.geometry = Geometry.of(self.feature_extractor.conv_layers)
        self.normalise = bool(config.get("normalise", True))
        self.n_layers = len(self.encoder.transformer.layers)
        self.layer = int(config.get("layer", self.n_layers))
        self.timestamp_embedding_size = int(config["encoder_embed_dim"])
        self.pooling = str(config.get("pooling", "mean"))
        if self.pooling not in POOLINGS:
            raise ValueError(f"pooling is {self.pooling!r}, not one of {', '.join(POOLINGS)}")
        self.scene_embedding_size = POOLINGS[self.pooling] * self.timestamp_embedding_size

    @torch.no_grad()
    def forward(self, audio: Tensor) -> Tensor:
        """The chosen layer's output; later layers are not computed.

        Args:
            audio: float32, shape (n_sounds, n_samples), in [-1, 1], at 16000 Hz.

        Returns:
            float32, shape (n_sounds, n_frames, timestamp_embedding_size).
        """
        return next(islice(self._states(audio), self.layer, None))

    @torch.no_grad()
    def hidden_states(self, audio: Tensor) -> list[Tensor]:
        """The input of the first transformer layer, and the output of each layer.

        Args:
            audio: float32, shape (n_sounds, n_samples), in [-1, 1], at 16000 Hz.

        Returns:
            n_layers + 1 tensors, float32, shape (n_sounds, n_frames, timestamp_embedding_size).
            Where norms come before attention, the last tensor includes the final norm, as the
            last hidden state of transformers does.
        """
        return list(self._states(audio))

    def pool(self, frames: Tensor) -> Tensor:
        """Scene embeddings from frame embeddings.

        Args:
            frames: Shape (n_sounds, n_frames, timestamp_embedding_size).

        Returns:
            The mean over frames, followed by the standard deviation where `pooling` says so, shape
            (n_sounds, scene_embedding_size).
        """
        mean = frames.mean(dim=1)
        if self.pooling == "mean":
            return mean
        return torch.cat([mean, frames.std(dim=1, correction=0)], dim=1)

    def extractor(self, audio: Tensor) -> Extractor:
        """The feature extractor on normalised and padded sounds.

        Args:
            audio: float32, shape (n_sounds, n_samples), in [-1, 1], at 16000 Hz.
        """
        if self.normalise:
            centred = audio - audio.mean(dim=1, keepdim=True)
            audio = centred / (centred.square().mean(dim=1, keepdim=True) + EPSILON).sqrt()
        padding = self.geometry.padding(audio.shape[1])
        if any(padding):
            audio = F.pad(audio, padding)
        return Extractor(self.feature_extractor.conv_layers, audio)

    def _states(self, audio: Tensor) -> Iterator[Tensor]:
        """Hidden states from the first on, each computed when it is asked for."""
        transformer = self.encoder.transformer
        latents = self.extractor(audio).frames(0, self.geometry.count(audio.shape[1]))
        x = transformer.prepare(self.encoder.feature_projection(latents))
        yield x
        for number, layer in enumerate(transformer.layers, start=1):
            x = transform(layer, x)
            last = number == self.n_layers
            yield transformer.layer_norm(x) if last and transformer.norm_at_end else x


def load_model(model_file_path: str = "", layer: int | None = None) -> Wav2Vec2:
    """Load wav2vec 2.0 or HuBERT; nothing is downloaded.

    Args:
        model_file_path: A checkpoint of this package, a state dict of torchaudio's model, or a
            folder that transformers saved (or the file of weights in it). The kind is recognised
            by the contents. Sounds are normalised as the settings of its preprocessor say. By
            default the bundled weights.
        layer: The transformer layer whose output is the embedding; 0 is the transformer's input.
            By default the layer that the checkpoint names, otherwise the last.

    Returns:
        The model, in evaluation mode, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file, or a folder lacks one.
        ValueError: If the checkpoint cannot be read, is of an unknown kind or is incomplete
            (`CheckpointError`), or if there is no such layer.

    Examples:
        >>> from hearbaseline import wav2vec2
        >>> model = wav2vec2.load_model()
        >>> model.sample_rate, model.n_layers
        (16000, 4)
        >>> wav2vec2.load_model(layer=3).layer
        3
    """
    path = Path(model_file_path) if model_file_path else bundled("wav2vec2.safetensors")
    checkpoint = read(path)
    with reading(path):
        # On this device nothing is computed: drawing weights only to replace them takes seconds.
        with torch.device("meta"):
            model = Wav2Vec2(checkpoint.config)
        restore(model, checkpoint.state, path, assign=True)
        arrange(model.feature_extractor.conv_layers)
    model.layer = chosen(layer, model.layer, model.n_layers, path)
    return model.eval()


@torch.no_grad()
def get_timestamp_embeddings(audio: Tensor, model: Wav2Vec2) -> tuple[Tensor, Tensor]:
    """Embed sounds every 20 ms.

    In sounds of up to 30 s each frame attends to all others. In longer sounds it attends, in every
    layer, to a window of 15 s with at least 5 s on either side, as far as the sound reaches.
    Everything else is exact at any length.

    Args:
        audio: float32, shape (n_sounds, n_samples), mono, in [-1, 1], at 16000 Hz, on the
            model's device.
        model: What `load_model` returned.

    Returns:
        Embeddings, float32, shape (n_sounds, n_timestamps, timestamp_embedding_size), and
        timestamps in ms, float32, shape (n_sounds, n_timestamps): the centres of the frames'
        receptive fields. Frames that reach beyond the sound see zeros there; in the published
        models only sounds shorter than a frame have such frames.

    Raises:
        ValueError: If the audio is not as described.

    Examples:
        >>> import torch
        >>> from hearbaseline import wav2vec2
        >>> audio = torch.zeros(2, 16000)  # two sounds of a second
        >>> embeddings, timestamps = wav2vec2.get_timestamp_embeddings(audio, wav2vec2.load_model())
        >>> embeddings.shape[:2], timestamps[0, :3].tolist()
        (torch.Size([2, 50]), [10.0, 30.0, 50.0])
    """
    check_audio(audio)
    n_sounds, n_samples = audio.shape
    n_frames = model.geometry.count(n_samples)
    out = audio.new_empty(n_sounds, n_frames, model.timestamp_embedding_size)
    for sounds in few_at_once(audio, n_frames, CPU_FRAMES, GPU_FRAMES):
        out[sounds] = model(audio[sounds])
    timestamps = model.geometry.timestamps(n_samples, model.sample_rate)
    return out, timestamps.to(audio.device).repeat(n_sounds, 1)


@torch.no_grad()
def get_scene_embeddings(audio: Tensor, model: Wav2Vec2) -> Tensor:
    """Embed whole sounds: the mean over frames every 20 ms.

    The bundled weights add the standard deviation over frames, which shows what changes.

    Args:
        audio: float32, shape (n_sounds, n_samples), mono, in [-1, 1], at 16000 Hz, on the
            model's device.
        model: What `load_model` returned.

    Returns:
        Embeddings, float32, shape (n_sounds, scene_embedding_size).

    Raises:
        ValueError: If the audio is not as described.

    Examples:
        >>> import torch
        >>> from hearbaseline import wav2vec2
        >>> model = wav2vec2.load_model()
        >>> scene = wav2vec2.get_scene_embeddings(torch.zeros(2, 16000), model)
        >>> scene.shape == (2, model.scene_embedding_size)
        True
    """
    return model.pool(get_timestamp_embeddings(audio, model)[0])
