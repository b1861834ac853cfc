"""Log-mel spectrogram with a random projection: the reference "naive" model of HEAR 2021.

A frame of 4096 samples at 44100 Hz is windowed (Hann), transformed, and its power summed in
256 mel bands (Slaney's scale and area normalisation, as librosa's default). The logarithm of
(power + 1e-4) times a random matrix is the embedding. Nothing is learned: it shows what a
submission looks like, and a learned model should beat it.

To write a submission, copy this file, replace the model and keep the three functions.
"""

from __future__ import annotations

import torch

from hearbaseline._audio import check_audio
from hearbaseline._bands import Groups, groups, in_bands
from hearbaseline._checkpoint import bundled, load_state, restore
from hearbaseline._frames import Framing
from hearbaseline._packed import product

N_FFT = 4096
"""Samples in a frame: 93 ms."""

N_MELS = 256
"""Mel bands from 0 Hz to half the sample rate."""

SIZE = 4096
"""Numbers in an embedding."""

EPSILON = 1e-4
"""Added to the power before the logarithm, so that silence stays finite."""

TIMESTAMP_HOP_MS = 50.0
SCENE_HOP_MS = 250.0

CHUNK = 512
"""Frames computed at once, of all sounds: 8 MB, which the next step still finds in a CPU's cache.
128 take a tenth less time on one idle core, but where other processes want the cores too, threads
wait for each other at every step, and fewer steps win."""

GROUP = 64
"""Neighbouring bands that are computed together."""


class MelProjection(torch.nn.Module):
    """From frames of audio to log-mel bands, and from those to embeddings.

    The three buffers are the whole checkpoint: `window` (4096,), `mel_scale` (256, 2049) and
    `projection` (256, 4096).

    Source: the original `hearbaseline` package of HEAR 2021 (Turian et al., "HEAR: Holistic
    Evaluation of Audio Representations", PMLR 176, 2022); the mel scale is that of Slaney,
    "Auditory Toolbox", Interval Research 1998-010, 1998.

    Examples:
        >>> import torch
        >>> from hearbaseline import mel
        >>> mel.load_model()(torch.zeros(3, 4096)).shape  # of three frames
        torch.Size([3, 256])
    """

    sample_rate = 44100
    scene_embedding_size = SIZE
    timestamp_embedding_size = SIZE

    window: torch.Tensor
    mel_scale: torch.Tensor
    projection: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.empty(N_FFT))
        self.register_buffer("mel_scale", torch.empty(N_MELS, N_FFT // 2 + 1))
        self.register_buffer("projection", torch.empty(N_MELS, SIZE))
        self.groups: Groups = []
        self.register_load_state_dict_post_hook(MelProjection._find_groups)  # type: ignore[no-untyped-call]

    def _find_groups(self, _: object) -> None:
        """Note which bins each group of bands reaches, for any filter bank."""
        self.groups = groups(self.mel_scale.T, GROUP)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Log power in the mel bands, before the projection.

        Args:
            frames: Samples, shape (..., 4096).

        Returns:
            Shape (..., 256).
        """
        spectrum = torch.fft.rfft(frames * self.window)
        power = spectrum.real.square() + spectrum.imag.square()
        return torch.log(in_bands(power, self.mel_scale.T, self.groups) + EPSILON)


def load_model(model_file_path: str = "") -> MelProjection:
    """Load the model.

    Args:
        model_file_path: A checkpoint (`.safetensors`, or a `.pt` state dict such as the
            original package's). By default the bundled one.

    Returns:
        The model, in evaluation mode, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If the file is no checkpoint of this model; a `ValueError`.

    Examples:
        >>> from hearbaseline import mel
        >>> model = mel.load_model()
        >>> model.sample_rate, model.timestamp_embedding_size
        (44100, 4096)
    """
    path = model_file_path or bundled("mel.safetensors")
    model = MelProjection()
    restore(model, load_state(path), path)
    return model.eval()


@torch.no_grad()
def get_timestamp_embeddings(
    audio: torch.Tensor, model: MelProjection
) -> tuple[torch.Tensor, torch.Tensor]:
    """Embed sounds every 50 ms.

    Args:
        audio: float32, shape (n_sounds, n_samples), mono, in [-1, 1], at 44100 Hz, on the
            model's device.
        model: What `load_model` returned.

    Returns:
        Embeddings, float32, shape (n_sounds, n_timestamps, 4096), and timestamps in ms,
        float32, shape (n_sounds, n_timestamps): the centres of the frames.

    Raises:
        ValueError: If the audio is not as described.

    Examples:
        >>> import torch
        >>> from hearbaseline import mel
        >>> audio = torch.zeros(2, 44100)  # two sounds of a second
        >>> embeddings, timestamps = mel.get_timestamp_embeddings(audio, mel.load_model())
        >>> embeddings.shape, timestamps[0, :3].tolist()
        (torch.Size([2, 21, 4096]), [0.0, 50.0, 100.0])
    """
    check_audio(audio)
    framing = Framing(N_FFT, TIMESTAMP_HOP_MS, model.sample_rate)
    timestamps = framing.timestamps(audio.shape[0], audio.shape[1], audio.device)
    return product(_log_mel(audio, model, framing), model.projection), timestamps


@torch.no_grad()
def get_scene_embeddings(audio: torch.Tensor, model: MelProjection) -> torch.Tensor:
    """Embed whole sounds: the mean over frames every 250 ms.

    Args:
        audio: float32, shape (n_sounds, n_samples), mono, in [-1, 1], at 44100 Hz, on the
            model's device.
        model: What `load_model` returned.

    Returns:
        Embeddings, float32, shape (n_sounds, 4096).

    Raises:
        ValueError: If the audio is not as described.

    Examples:
        >>> import torch
        >>> from hearbaseline import mel
        >>> mel.get_scene_embeddings(torch.zeros(2, 44100), mel.load_model()).shape
        torch.Size([2, 4096])
    """
    check_audio(audio)
    framing = Framing(N_FFT, SCENE_HOP_MS, model.sample_rate)
    # The projection is linear: that of the mean is the mean of the projections.
    return product(_log_mel(audio, model, framing).mean(dim=1), model.projection)


def _log_mel(audio: torch.Tensor, model: MelProjection, framing: Framing) -> torch.Tensor:
    """Log-mel bands of all frames, shape (n_sounds, n_frames, 256): a sixteenth of the output."""
    bands = audio.new_empty(len(audio), framing.count(audio.shape[1]), N_MELS)
    for sounds, frames, samples in framing.chunks(audio, CHUNK):
        bands[sounds, frames] = model(samples)
    return bands
