"""PyTorch for the worker: to NumPy and back, global state, modules left in training mode."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...effect import DATA_LOADER
from . import TensorFacts
from . import find_device as chosen_device

NAME = "torch"

_SMALLEST_CHANCE_SEED = 2**32
"""PyTorch seeds its generator with 53 or more random bits; people choose small numbers."""


def is_model(thing: object) -> bool:
    """See `Framework.is_model`."""
    return isinstance(thing, torch.nn.Module)


def is_tensor(thing: object) -> bool:
    """See `Framework.is_tensor`."""
    return isinstance(thing, torch.Tensor)


def find_device(name: str) -> str:
    """See `Framework.find_device`."""
    if name == "cpu":
        return name
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return chosen_device(name, n_gpus, "PyTorch")


def gradients(*, on: bool) -> AbstractContextManager[Any]:
    """See `Framework.gradients`."""
    return nullcontext() if on else torch.no_grad()


def place(model: torch.nn.Module, device: str) -> None:
    """See `Framework.place`."""
    model.to(device)


def on(device: str) -> AbstractContextManager[Any]:  # noqa: ARG001
    """See `Framework.on`. PyTorch computes where the model is."""
    return nullcontext()


def forget_peak(device: str) -> None:
    """See `Framework.forget_peak`."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats(device)


def peak_bytes(device: str) -> int:
    """See `Framework.peak_bytes`."""
    return 0 if device == "cpu" else torch.cuda.max_memory_allocated(device)


def tensor(
    audio: NDArray[np.float32], device: str, layout: str, *, given_away: bool = False
) -> torch.Tensor:
    """See `Framework.tensor`."""
    if given_away and device == "cpu" and layout not in ("sliced", "strided"):
        return torch.from_numpy(audio)
    n_sounds, n_samples = audio.shape
    if layout == "sliced":  # a window of a longer recording: rows are not adjacent
        wide = torch.zeros(n_sounds, n_samples + 64, dtype=torch.float32, device=device)
        view = wide[:, 32 : 32 + n_samples]
    elif layout == "strided":  # every second channel sample: samples are not adjacent
        view = torch.zeros(n_sounds, n_samples, 2, dtype=torch.float32, device=device)[:, :, 1]
    else:
        view = torch.empty(n_sounds, n_samples, dtype=torch.float32, device=device)
    # PyTorch warns of an array that cannot be written, though this one is only read.
    view.copy_(torch.from_numpy(np.require(audio, requirements="W")))
    return view


def array(tensor: torch.Tensor) -> NDArray[Any]:
    """See `Framework.array`."""
    plain = tensor.detach().resolve_conj().resolve_neg().cpu()
    if plain.is_sparse or plain.is_quantized:
        plain = plain.dequantize() if plain.is_quantized else plain.to_dense()
    if plain.dtype == torch.bfloat16 or (plain.dtype.itemsize == 1 and plain.is_floating_point()):
        plain = plain.float()
    return np.asarray(plain.numpy())


def describe(tensor: torch.Tensor) -> TensorFacts:
    """See `Framework.describe`."""
    return TensorFacts(
        dtype=str(tensor.dtype).removeprefix("torch."),
        shape=tuple(tensor.shape),
        device=str(tensor.device),
        requires_grad=tensor.requires_grad,
    )


def state() -> dict[str, Any]:
    """See `Framework.state`."""
    return {name: _read(setting) for name, setting in _SETTINGS.items()}


def _read(setting: Callable[[], Any]) -> Any:
    """The setting, or why it cannot be read: some combinations of new and old ones raise."""
    try:
        return setting()
    except Exception as error:
        return f"unreadable ({type(error).__name__})"


def _default_device() -> str:
    # PyTorch 2.2 cannot be asked, but uses it.
    known = hasattr(torch, "get_default_device")
    return str(torch.get_default_device() if known else torch.empty(0).device)


_SETTINGS: dict[str, Callable[[], Any]] = {
    "rng torch": lambda: torch.get_rng_state().numpy().tobytes(),
    "default dtype": torch.get_default_dtype,
    "default device": _default_device,
    "grad mode": torch.is_grad_enabled,
    "inference mode": torch.is_inference_mode_enabled,
    "anomaly detection": torch.is_anomaly_enabled,
    "deterministic algorithms": torch.are_deterministic_algorithms_enabled,
    "cudnn.deterministic": lambda: torch.backends.cudnn.deterministic,
    "cudnn.benchmark": lambda: torch.backends.cudnn.benchmark,
    "cudnn.enabled": lambda: torch.backends.cudnn.enabled,
    "cudnn.allow_tf32": lambda: torch.backends.cudnn.allow_tf32,
    "float32 matmul precision": torch.get_float32_matmul_precision,
    "threads": torch.get_num_threads,
}


_DRAWS: list[tuple[bytes, bytes]] = []
"""The state of the generator before and after each draw of a DataLoader in this step."""


def who_drew(before: Any, after: Any) -> list[str]:
    """See `Framework.who_drew`."""
    draws = list(_DRAWS)
    _DRAWS.clear()
    if not draws:
        return ["rng torch"]
    # One draw begins where the last one ended, unless somebody else has drawn in between.
    ends = [before, *(end for _, end in draws)]
    begins = [*(begin for begin, _ in draws), after]
    return [DATA_LOADER] if ends == begins else [DATA_LOADER, "rng torch"]


def layers(model: torch.nn.Module) -> list[str]:
    """See `Framework.layers`; where decibels are cut, that is said as well."""
    found = set()
    for layer in model.modules():
        cut = ".top_db" if getattr(layer, "top_db", None) is not None else ""
        found.add(f"{type(layer).__module__}.{type(layer).__qualname__}{cut}")
    return sorted(found)


def fresh_state() -> dict[str, Any]:
    """See `Framework.fresh_state`."""
    seeded = torch.initial_seed() < _SMALLEST_CHANCE_SEED
    return {
        "rng torch": b"chance" if seeded else torch.get_rng_state().numpy().tobytes(),
        "default dtype": torch.float32,
        "default device": "cpu",
        "grad mode": True,
        "inference mode": False,
        "anomaly detection": False,
        "deterministic algorithms": False,
        "cudnn.deterministic": False,
        "cudnn.benchmark": False,
        "cudnn.enabled": True,
        "cudnn.allow_tf32": True,
        "float32 matmul precision": "highest",
        "threads": _threads_by_environment(),
    }


def _threads_by_environment() -> int:
    """What PyTorch starts with; the validator sets the variable if the user did not."""
    try:
        return int(os.environ["OMP_NUM_THREADS"])
    except (KeyError, ValueError):
        return torch.get_num_threads()


def seed(number: int) -> None:
    """See `Framework.seed`."""
    torch.manual_seed(number)


def trim() -> None:
    """See `Framework.trim`. On the CPU only tensors that went to other processes are kept.

    PyTorch remembers them, as a DataLoader with workers passes them, and forgets the dead ones
    when there are many.
    """
    remembered: Any = torch.multiprocessing.reductions.shared_cache
    remembered.free_dead_references()


def version() -> str:
    """See `Framework.version`."""
    cuda = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU build"
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"
    return f"torch {torch.__version__} ({cuda}, {gpu})"


def prepare(wrote: Callable[[str], None]) -> None:
    """See `Framework.prepare`. Python does not see what `torch.save` writes."""
    writer = torch.serialization._open_zipfile_writer_file
    original = writer.__init__

    def opened(self: Any, name: Any, *rest: Any) -> None:
        wrote(name)
        original(self, name, *rest)

    writer.__init__ = opened  # type: ignore[method-assign]
    _note_draws_of_loaders()


def _note_draws_of_loaders() -> None:
    """Tell a DataLoader's own draw, at every iteration, from those of the submission."""
    from torch.utils.data import dataloader

    iterator: Any = dataloader._BaseDataLoaderIter
    original = iterator.__init__

    def begin(self: Any, *given: Any, **named: Any) -> None:
        before = torch.get_rng_state().numpy().tobytes()
        original(self, *given, **named)
        after = torch.get_rng_state().numpy().tobytes()
        if before != after:
            _DRAWS.append((before, after))

    iterator.__init__ = begin


class TrainingWatch:
    """Names the layers that ran in training mode and behave differently in it."""

    def __init__(self, model: object) -> None:
        self.found: dict[str, str] = {}
        self._names: dict[int, str] = {}
        if isinstance(model, torch.nn.Module):
            self._names = {id(m): name for name, m in model.named_modules()}
        self._handle: Any = None

    def __enter__(self) -> TrainingWatch:
        register: Callable[..., Any] = torch.nn.modules.module.register_module_forward_pre_hook
        self._handle = register(self._before)
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.remove()

    def _before(self, module: torch.nn.Module, _: Any) -> None:
        if module.training and _differs_in_training(module):
            kind = type(module).__name__
            self.found[self._names.get(id(module), "") or kind] = kind


def _differs_in_training(module: torch.nn.Module) -> bool:
    if isinstance(module, torch.nn.modules.dropout._DropoutNd):
        return module.p > 0
    if isinstance(module, torch.nn.modules.batchnorm._NormBase):
        # Without running statistics the layer does the same in both modes.
        return module.track_running_stats
    if isinstance(module, (torch.nn.RNNBase, torch.nn.MultiheadAttention)):
        return float(module.dropout) > 0
    return isinstance(module, torch.nn.RReLU)
