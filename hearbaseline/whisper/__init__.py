"""Whisper: the encoder of OpenAI's speech recogniser. No weights are shipped.

Radford, Kim, Xu, Brockman, McLeavey and Sutskever: "Robust Speech Recognition via Large-Scale Weak
Supervision", ICML 2023, section 2.2. The weights are those of a folder that Hugging Face's
transformers saved, or of OpenAI's own file.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from hearbaseline._audio import check_audio
from hearbaseline._checkpoint import reading, restore
from hearbaseline._frames import few_at_once, multiples
from hearbaseline._transformer import chosen
from hearbaseline._windows import windows
from hearbaseline.whisper.checkpoint import read
from hearbaseline.whisper.encoder import HOP, SAMPLE_RATE, Spectrogram, WhisperEncoder

TIMESTAMP_HOP_MS = SCENE_HOP_MS = 20.0

CONTEXT = 6
"""A sixth of a window, 5 of 30 s, is heard on either side of what is kept, at least, where a longer
sound goes on."""

CPU_FRAMES, GPU_FRAMES = 1500, 24000
"""Frames that are embedded together, those of the padding included, so that memory stays bounded
when sounds are many. A GPU is faster with more."""


class Whisper(torch.nn.Module):
    """Whisper's encoder over its log-mel spectrogram.

    Args:
        encoder: Convolutions, positions and transformer.

    Attributes:
        layer: The layer whose output is the embedding, counted from 1; 0 is the transformer's
            input. At first the last.

    Source: Radford et al. 2023, section 2.2 and table 1.

    Examples:
        >>> import torch
        >>> from hearbaseline.whisper import Whisper
        >>> from hearbaseline.whisper.encoder import Sizes, WhisperEncoder
        >>> small = WhisperEncoder(Sizes(size=64, n_heads=2, n_layers=2, between=128))
        >>> Whisper(small)(torch.zeros(1, 16000)).shape  # with random weights
        torch.Size([1, 50, 64])
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, encoder: WhisperEncoder):
        super().__init__()
        self.encoder = encoder
        self.spectrogram = Spectrogram(encoder.sizes.n_mels)
        self.n_layers = self.layer = encoder.sizes.n_layers
        self.n_positions = encoder.sizes.n_positions
        self.timestamp_embedding_size = self.scene_embedding_size = encoder.sizes.size

    @torch.no_grad()
    def forward(self, audio: Tensor, kept: slice | None = None) -> Tensor:
        """The chosen layer's output; later layers are not computed.

        Args:
            audio: float32, shape (n_sounds, n_samples), in [-1, 1], at 16000 Hz, of at most
                `n_positions` frames, 30 s; it is padded with zeros to that length.
            kept: Frames that are wanted; by default those of the sound.

        Returns:
            float32, shape (n_sounds, n_kept, timestamp_embedding_size).

        Raises:
            ValueError: If the audio is longer.
        """
        if kept is None:
            kept = slice(_count(audio.shape[1]))
        x = self._prepared(audio)
        for number in range(1, self.layer):
            x = self.encoder.layer(number, x)
        return self.encoder.layer(self.layer, x, kept) if self.layer else x[:, kept]

    @torch.no_grad()
    def hidden_states(self, audio: Tensor) -> list[Tensor]:
        """The input of the first transformer layer, and the output of each layer.

        Args:
            audio: float32, shape (n_sounds, n_samples), in [-1, 1], at 16000 Hz, of at most
                `n_positions` frames, 30 s.

        Returns:
            n_layers + 1 tensors, float32, shape (n_sounds, n_frames, timestamp_embedding_size).
            The last includes the final norm, as the last hidden state of transformers does.

        Raises:
            ValueError: If the audio is longer.
        """
        states = [self._prepared(audio)]
        for number in range(1, self.n_layers + 1):
            states.append(self.encoder.layer(number, states[-1]))
        return [state[:, : _count(audio.shape[1])] for state in states]

    def _prepared(self, audio: Tensor) -> Tensor:
        """What enters the first layer, of sounds that are padded to the length of training."""
        missing = self.n_positions * HOP - audio.shape[1]
        if missing < 0:
            raise ValueError(
                f"audio has {audio.shape[1]} samples, more than the {self.n_positions * HOP} that "
                "the encoder takes; call get_timestamp_embeddings, which cuts longer sounds"
            )
        return self.encoder.prepare(self.spectrogram(F.pad(audio, (0, missing))))


def _count(n_samples: int) -> int:
    """Frames whose centre is within a sound: one for every 320 samples, begun or whole."""
    return -(-n_samples // HOP)


def load_model(model_file_path: str = "", layer: int | None = None) -> Whisper:
    """Load Whisper's encoder; nothing is downloaded, and no weights are shipped.

    Args:
        model_file_path: A folder that transformers saved, such as `openai/whisper-base`, of the
            whole model or the encoder alone (or the file of weights in it); or OpenAI's own file,
            such as `base.pt`. The decoder is left out.
        layer: The transformer layer whose output is the embedding; 0 is the transformer's input.
            By default the last, with the final norm.

    Returns:
        The model, in evaluation mode, on the CPU.

    Raises:
        FileNotFoundError: If no path is given, there is no such file, or a folder lacks one.
        ValueError: If the checkpoint cannot be read, is of an unknown kind or is incomplete
            (`CheckpointError`), or if there is no such layer.

    Examples:
        >>> from hearbaseline import whisper
        >>> whisper.load_model("whisper-base")
        Traceback (most recent call last):
            ...
        FileNotFoundError: whisper-base: there is no such checkpoint; give another path
    """
    if not model_file_path:
        raise FileNotFoundError(
            "hearbaseline.whisper ships no weights: give load_model the path of a folder that "
            "transformers saved, such as openai/whisper-base, or of OpenAI's file, such as base.pt"
        )
    path = Path(model_file_path)
    sizes, state = read(path)
    with reading(path):
        # On this device nothing is computed: drawing weights only to replace them takes seconds.
        with torch.device("meta"):
            encoder = WhisperEncoder(sizes)
        restore(encoder, state, path, assign=True, fix="give a whole one of Whisper")
        model = Whisper(encoder)
    model.layer = chosen(layer, model.layer, model.n_layers, path)
    return model.eval()


@torch.no_grad()
def get_timestamp_embeddings(audio: Tensor, model: Whisper) -> tuple[Tensor, Tensor]:
    """Embed sounds every 20 ms.

    Sounds of up to 30 s are padded with zeros to 30 s, as Whisper was trained. Longer ones are cut
    into windows of 30 s, each embedded as a sound of its own. A frame is taken from a window that
    goes on for at least 5 s on either side of it, as far as the sound does.

    Args:
        audio: float32, shape (n_sounds, n_samples), mono, in [-1, 1], at 16000 Hz, on the
            model's device.
        model: What `load_model` returned.

    Returns:
        Embeddings, float32, shape (n_sounds, n_timestamps, timestamp_embedding_size), and
        timestamps in ms, float32, shape (n_sounds, n_timestamps): the centres of the frames.

    Raises:
        ValueError: If the audio is not as described.

    Examples:
        >>> import torch
        >>> from hearbaseline import whisper
        >>> from hearbaseline.whisper.encoder import Sizes, WhisperEncoder
        >>> small = WhisperEncoder(Sizes(size=64, n_heads=2, n_layers=2, between=128))
        >>> model = whisper.Whisper(small)  # with random weights
        >>> audio = torch.zeros(2, 16000)  # two sounds of a second
        >>> embeddings, timestamps = whisper.get_timestamp_embeddings(audio, model)
        >>> embeddings.shape, timestamps[0, :3].tolist()
        (torch.Size([2, 50, 64]), [0.0, 20.0, 40.0])
    """
    check_audio(audio)
    n_frames = _count(audio.shape[1])
    out = audio.new_empty(len(audio), n_frames, model.timestamp_embedding_size)
    # Each takes the time and memory of a window, however short it is.
    for sounds in few_at_once(audio, model.n_positions, CPU_FRAMES, GPU_FRAMES):
        for window in windows(n_frames, model.n_positions, model.n_positions // CONTEXT):
            first, end = window.attended.start, window.attended.stop
            kept = slice(window.kept.start - first, window.kept.stop - first)
            out[sounds, window.kept] = model(audio[sounds, first * HOP : end * HOP], kept)
    return out, multiples(TIMESTAMP_HOP_MS, n_frames, audio.device).repeat(len(audio), 1)


@torch.no_grad()
def get_scene_embeddings(audio: Tensor, model: Whisper) -> Tensor:
    """Embed whole sounds: the mean over the sound's frames, every 20 ms.

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
        >>> from hearbaseline import whisper
        >>> from hearbaseline.whisper.encoder import Sizes, WhisperEncoder
        >>> small = WhisperEncoder(Sizes(size=64, n_heads=2, n_layers=2, between=128))
        >>> model = whisper.Whisper(small)  # with random weights
        >>> whisper.get_scene_embeddings(torch.zeros(2, 16000), model).shape
        torch.Size([2, 64])
    """
    return get_timestamp_embeddings(audio, model)[0].mean(dim=1)
