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

    Attributes:
        name: The module's name.
        weights: The checkpoint as it was given.
        sample_rate: Hz that the model takes.
        files: Those whose change makes earlier results stale: the code of the module's
            package as far as it is loaded, and the weights.

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
        model = self._load()
        framework = frameworks.of_model(model)
        if framework is None:
            kind = type(model).__name__
            raise SubmissionError(f"{module}.load_model returned a {kind}, not a model")
        self._framework = framework
        self._device = _device(device, framework.NAME)
        try:
            framework.place(model, self._device)
        except Exception as error:
            raise SubmissionError(
                f"{module}: the model cannot be moved to {self._device}: {_said(error)}"
            ) from error
        self._model = model
        self.sample_rate = self._attribute("sample_rate")
        self._scene_size = self._attribute("scene_embedding_size")
        self._timestamp_size = self._attribute("timestamp_embedding_size")
        self.files = _files(module, weights)

    def embed(self, sounds: list[NDArray[np.float32]]) -> list[Embedded]:
        """Embed sounds of one length as a batch.

        Raises:
            SubmissionError: If a call raises or returns something else than the API asks for.
        """
        audio = np.stack(sounds) if len(sounds) > 1 else sounds[0][None]  # a view: may be long
        with self._inference():
            stamped = self._call("get_timestamp_embeddings", audio)
            scene = self._call("get_scene_embeddings", audio)
        if not isinstance(stamped, (tuple, list)) or len(stamped) != 2:
            raise SubmissionError(
                f"{self.name}.get_timestamp_embeddings returned no pair of embeddings and "
                f"timestamps; hear-validate {self.name} tells more"
            )
        n, stamps = len(sounds), "get_timestamp_embeddings"
        embeddings = self._array(stamps, stamped[0], (n, "n_timestamps", self._timestamp_size))
        times = self._array(stamps, stamped[1], (n, embeddings.shape[1]))
        scenes = self._array("get_scene_embeddings", scene, (n, self._scene_size))
        return [Embedded(*parts) for parts in zip(scenes, embeddings, times, strict=True)]

    def _attribute(self, name: str) -> int:
        try:
            value = getattr(self._model, name)
        except Exception as error:
            raise SubmissionError(
                f"{self.name}: model.{name} cannot be read: {_said(error)}"
            ) from error
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise SubmissionError(f"{self.name}: model.{name} is {value!r}, not a positive int")
        return value

    def _load(self) -> Any:
        arguments = [self.weights] if self.weights else []
        try:
            return self._module.load_model(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise SubmissionError(f"{self.name}.load_model failed: {_said(error)}") from error

    def _call(self, function: str, audio: NDArray[np.float32]) -> Any:
        try:
            # A tensor of its own for each call: a module may change what it is given.
            tensor = self._framework.tensor(audio, self._device, "")
            return getattr(self._module, function)(tensor, self._model)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise SubmissionError(f"{self.name}.{function} failed: {_said(error)}") from error

    def _array(
        self, function: str, value: Any, shape: tuple[int | str, ...]
    ) -> NDArray[np.float32]:
        """A returned tensor on the CPU, if it has the shape; a name in it stands for any size."""
        framework = frameworks.of_tensor(value)
        if framework is None:
            raise self._misfit(function, type(value).__name__, shape)
        array = framework.array(value)
        dtype = framework.describe(value)["dtype"]  # of the tensor: NumPy has no bfloat16
        fits = array.ndim == len(shape) and all(
            isinstance(wanted, str) or wanted == n
            for wanted, n in zip(shape, array.shape, strict=True)
        )
        if dtype != "float32" or not fits:
            raise self._misfit(function, f"{dtype} {array.shape}", shape)
        if not np.isfinite(array).all():
            raise self._misfit(function, "NaN or infinity", shape)
        return array

    def _misfit(self, function: str, seen: str, shape: tuple[int | str, ...]) -> SubmissionError:
        wanted = f"float32 ({', '.join(map(str, shape))})"
        return SubmissionError(
            f"{self.name}.{function} returned {seen}, expected finite {wanted}; "
            f"hear-validate {self.name} tells more"
        )

    def _inference(self) -> contextlib.AbstractContextManager[object]:
        if self._framework.NAME == "torch":
            import torch

            return torch.no_grad()
        return contextlib.nullcontext()


def _import(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"--module {name}: write it as after import, such as package.module")
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

    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda" if n_gpus else "cpu"
    if wanted.startswith("cuda") and int(wanted.partition(":")[2] or 0) >= n_gpus:
        raise UsageError(f"--device {wanted}: PyTorch sees {n_gpus} GPUs here; use cpu or auto")
    return wanted


def _files(module: str, weights: str) -> list[Path]:
    top = module.partition(".")[0]
    parts = [m for name, m in list(sys.modules.items()) if name.partition(".")[0] == top]
    code = {getattr(part, "__file__", None) for part in parts}
    return [Path(f) for f in (*sorted(f for f in code if f), weights) if f and Path(f).exists()]


def _said(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
