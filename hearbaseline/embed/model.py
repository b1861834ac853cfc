"""Any HEAR module behind two calls: loading it, and embedding a batch of equal lengths."""

from __future__ import annotations

import contextlib
import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validator import frameworks
from validator.contract import FUNCTIONS
from validator.text import one_line

from .errors import SubmissionError, UsageError


@dataclass(frozen=True)
class Embedded:
    """What a module says of one sound.

    Attributes:
        scene_embedding: float32, shape (scene_embedding_size,).
        timestamp_embeddings: float32, shape (n_timestamps, timestamp_embedding_size).
        timestamps: float32, shape (n_timestamps,), milliseconds.
    """

    scene_embedding: NDArray[np.float32]
    timestamp_embeddings: NDArray[np.float32]
    timestamps: NDArray[np.float32]


class Embedder:
    """A loaded HEAR module.

    Args:
        module: Its name; the current folder is looked in first.
        weights: The checkpoint for `load_model`, or "" for none.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        UsageError: If the module, the weights or the device do not exist.
        SubmissionError: If the module cannot be imported or loaded.
    """

    def __init__(self, module: str, weights: str, device: str) -> None:
        if weights and not Path(weights).exists():
            raise UsageError(f"{weights}: there is no such file; --model takes the weights")
        self.name = module
        self.weights = weights
        self._module = _import(module)
        self._model = self._load()
        framework = frameworks.of_model(self._model)
        if framework is None:
            kind = type(self._model).__name__
            raise SubmissionError(f"{module}.load_model returned a {kind}, not a model")
        self._framework = framework
        self._device = _device(device, framework.NAME)
        framework.place(self._model, self._device)
        rate = getattr(self._model, "sample_rate", None)
        if not isinstance(rate, int) or rate <= 0:
            raise SubmissionError(f"{module}: model.sample_rate is {rate!r}, not a rate in Hz")
        self.sample_rate = rate

    @property
    def files(self) -> list[Path]:
        """Files whose change makes earlier results stale."""
        names = [getattr(self._module, "__file__", None), self.weights]
        return [Path(name).resolve() for name in names if name]

    def embed(self, sounds: list[NDArray[np.float32]]) -> list[Embedded]:
        """Embed sounds of one length as a batch.

        Raises:
            SubmissionError: If a call raises or returns something else than the API asks for.
        """
        audio = np.stack(sounds)
        with self._inference():
            stamped = self._call("get_timestamp_embeddings", audio)
            scene = self._call("get_scene_embeddings", audio)
        if not isinstance(stamped, (tuple, list)) or len(stamped) != 2:
            raise SubmissionError(
                f"{self.name}.get_timestamp_embeddings returned no pair of embeddings and "
                f"timestamps; hear-validate {self.name} tells more"
            )
        embeddings = self._array("get_timestamp_embeddings", stamped[0], 3, len(sounds))
        times = self._array("get_timestamp_embeddings", stamped[1], 2, len(sounds))
        scenes = self._array("get_scene_embeddings", scene, 2, len(sounds))
        if embeddings.shape[:2] != times.shape:
            raise SubmissionError(
                f"{self.name}.get_timestamp_embeddings returned {embeddings.shape[1]} embeddings "
                f"and {times.shape[1]} timestamps"
            )
        return [Embedded(*parts) for parts in zip(scenes, embeddings, times, strict=True)]

    def _load(self) -> Any:
        arguments = [self.weights] if self.weights else []
        try:
            return self._module.load_model(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise SubmissionError(f"{self.name}.load_model failed: {_said(error)}") from error

    def _call(self, function: str, audio: NDArray[np.float32]) -> Any:
        # A tensor of its own for each call: a module may change what it is given.
        tensor = self._framework.tensor(audio, self._device, "")
        try:
            return getattr(self._module, function)(tensor, self._model)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise SubmissionError(f"{self.name}.{function} failed: {_said(error)}") from error

    def _array(self, function: str, value: Any, rank: int, n_sounds: int) -> NDArray[Any]:
        framework = frameworks.of_tensor(value)
        array = framework.array(value) if framework else None
        if (
            array is None
            or array.ndim != rank
            or len(array) != n_sounds
            or array.dtype != np.float32
        ):
            seen = type(value).__name__ if array is None else f"{array.dtype} {array.shape}"
            raise SubmissionError(
                f"{self.name}.{function} returned {seen} for {n_sounds} sounds, not float32 of "
                f"rank {rank}; hear-validate {self.name} tells more"
            )
        return array

    def _inference(self) -> contextlib.AbstractContextManager[object]:
        if self._framework.NAME == "torch":
            import torch

            return torch.no_grad()
        return contextlib.nullcontext()


def _import(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and (name == missing or name.startswith(missing + ".")):
            raise UsageError(
                f"there is no module {name!r}: install it, or run from the folder that holds it"
            ) from None
        raise SubmissionError(f"{name} cannot be imported: {_said(error)}") from error
    lacking = [f for f in FUNCTIONS if not callable(getattr(module, f, None))]
    if lacking:
        raise SubmissionError(f"{name} has no {', '.join(lacking)}; is it a HEAR module?")
    return module


def _device(wanted: str, framework: str) -> str:
    if framework != "torch":
        return "cpu" if wanted == "auto" else wanted
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError(f"--device {wanted}: PyTorch sees no GPU here; use cpu or auto")
    return wanted


def _said(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
