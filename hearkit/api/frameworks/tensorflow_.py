"""TensorFlow 2 and Keras for the worker: to NumPy and back, global state, layers in training mode.

Keras is not imported here: what only it has is looked up where the submission imported it.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.eager import context
from tensorflow.python.framework import config

from . import TensorFacts
from . import find_device as chosen_device

NAME = "tensorflow"


def is_model(thing: object) -> bool:
    """See `Framework.is_model`. Models of Keras 3 are no `tf.Module`."""
    layer = getattr(sys.modules.get("keras"), "Layer", None)
    return isinstance(thing, tf.Module) or (layer is not None and isinstance(thing, layer))


def is_tensor(thing: object) -> bool:
    """See `Framework.is_tensor`. A tensor of a graph has no numbers, and is none."""
    return isinstance(thing, (tf.Tensor, tf.Variable)) and hasattr(thing, "numpy")


def find_device(name: str) -> str:
    """See `Framework.find_device`."""
    if name == "cpu":
        return name
    return chosen_device(name, len(tf.config.list_physical_devices("GPU")), "TensorFlow")


def gradients(*, on: bool) -> AbstractContextManager[Any]:  # noqa: ARG001
    """See `Framework.gradients`. TensorFlow records them only where a tape is asked to."""
    return nullcontext()


def place(model: Any, device: str) -> None:
    """See `Framework.place`. TensorFlow moves no models: it copies variables where needed."""


def on(device: str) -> AbstractContextManager[Any]:
    """See `Framework.on`."""
    found: AbstractContextManager[Any] = tf.device(
        "/CPU:0" if device == "cpu" else f"/{_gpu(device)}"
    )
    return found


def forget_peak(device: str) -> None:
    """See `Framework.forget_peak`."""
    if device != "cpu":
        tf.config.experimental.reset_memory_stats(_gpu(device))


def peak_bytes(device: str) -> int:
    """See `Framework.peak_bytes`."""
    if device == "cpu":
        return 0
    return int(tf.config.experimental.get_memory_info(_gpu(device))["peak"])


def _gpu(device: str) -> str:
    """TensorFlow's name of `cuda` or `cuda:1`."""
    return f"GPU:{device.partition(':')[2] or 0}"


def tensor(
    audio: NDArray[np.float32],
    device: str,
    layout: str,  # noqa: ARG001
    *,
    given_away: bool = False,
) -> tf.Tensor:
    """See `Framework.tensor`. Whatever the layout, TensorFlow's tensors are contiguous."""
    with on(device):
        # A tensor may share memory with the array that it was made of.
        return tf.constant(audio if given_away else np.array(audio))


def array(tensor: Any) -> NDArray[Any]:
    """See `Framework.array`."""
    numbers = np.asarray(tensor.numpy())
    is_short_float = numbers.dtype.kind == "V"  # bfloat16 and smaller, which NumPy has not
    return np.asarray(tf.cast(tensor, tf.float32).numpy()) if is_short_float else numbers


def describe(tensor: Any) -> TensorFacts:
    """See `Framework.describe`."""
    spec = tf.DeviceSpec.from_string(tensor.device)
    return TensorFacts(
        dtype=tensor.dtype.name,
        shape=tuple(tensor.shape),
        device=f"cuda:{spec.device_index}" if spec.device_type == "GPU" else "cpu",
        requires_grad=False,
    )


def who_drew(before: Any, after: Any) -> list[str]:  # noqa: ARG001
    """See `Framework.who_drew`. Nothing in TensorFlow draws unasked."""
    return ["rng tensorflow"]


def layers(model: Any) -> list[str]:
    """See `Framework.layers`."""
    found = getattr(model, "submodules", ())
    return sorted({f"{type(layer).__module__}.{type(layer).__qualname__}" for layer in found})


def state() -> dict[str, Any]:
    """See `Framework.state`."""
    eager = context.context()
    # The generator exists once a seed was set; `prepare` sees to that.
    generator = getattr(eager, "_rng", None)
    return {
        "rng tensorflow": (eager._seed, generator.getstate() if generator else None),
        "deterministic algorithms (tensorflow)": config.is_op_determinism_enabled(),
        "float32 matmul precision (tensorflow)": config.tensor_float_32_execution_enabled(),
        "functions run eagerly (tensorflow)": tf.config.functions_run_eagerly(),
        "threads (tensorflow)": (
            tf.config.threading.get_intra_op_parallelism_threads(),
            tf.config.threading.get_inter_op_parallelism_threads(),
        ),
        **_keras_state(),
    }


def _keras_state() -> dict[str, Any]:
    settings: Any = getattr(sys.modules.get("keras"), "config", None)
    if not hasattr(settings, "dtype_policy"):
        return {}  # not imported, or Keras 2
    return {
        "default dtype (keras)": settings.floatx(),
        "default dtype (keras policy)": settings.dtype_policy().name,
    }


def fresh_state() -> dict[str, Any]:
    """See `Framework.fresh_state`."""
    fresh = {
        "rng tensorflow": (None, None),
        "deterministic algorithms (tensorflow)": False,
        "float32 matmul precision (tensorflow)": True,
        "functions run eagerly (tensorflow)": False,
        "threads (tensorflow)": (0, 0),
        "default dtype (keras)": "float32",
        "default dtype (keras policy)": "float32",
    }
    return {name: value for name, value in fresh.items() if name in state()}


def seed(number: int) -> None:
    """See `Framework.seed`."""
    tf.random.set_seed(number)


def trim() -> None:
    """See `Framework.trim`. Once a seed is set, every draw has a kernel of its own, which stays."""
    context.context().clear_kernel_cache()


def prepare(wrote: Callable[[str], None]) -> None:  # noqa: ARG001
    """See `Framework.prepare`. Without a seed, TensorFlow keeps no state that draws change."""
    if context.context()._seed is None:
        tf.random.set_seed(int.from_bytes(os.urandom(7), "big"))


def version() -> str:
    """See `Framework.version`."""
    build = "CUDA build" if tf.test.is_built_with_cuda() else "CPU build"
    gpus = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
    gpu = details.get("device_name", "a GPU") if gpus else "no GPU"
    keras = getattr(sys.modules.get("keras"), "__version__", "")
    return f"tensorflow {tf.__version__} ({build}, {gpu})" + f", keras {keras}" * bool(keras)


class TrainingWatch:
    """Names the Keras layers that ran with `training=True` and behave differently then."""

    def __init__(self, model: object) -> None:  # noqa: ARG002
        self.found: dict[str, str] = {}
        self._originals: dict[type, Callable[..., Any]] = {}

    def __enter__(self) -> TrainingWatch:
        layers = getattr(sys.modules.get("keras"), "layers", None)
        for name in _TRAINED_LAYERS:
            kind = getattr(layers, name, None)
            owner = next((c for c in getattr(kind, "__mro__", ()) if "call" in vars(c)), None)
            if owner is not None and owner not in self._originals:
                self._originals[owner] = owner.call
                owner.call = self._seen(owner.call)
        return self

    def __exit__(self, *_: object) -> None:
        for owner, call in self._originals.items():
            owner.call = call  # type: ignore[attr-defined]
        self._originals.clear()

    def _seen(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def seen(layer: Any, *args: Any, **kwargs: Any) -> Any:
            # Keras passes the mode by name. As a tensor it has no truth value in a graph.
            training = kwargs.get("training")
            if isinstance(training, int) and training and _differs_in_training(layer):
                self.found[layer.name] = type(layer).__name__
            return call(layer, *args, **kwargs)

        # AutoGraph would otherwise read, and fail on, the source of this function.
        unconverted: Callable[..., Any] = tf.autograph.experimental.do_not_convert(seen)
        return unconverted


_TRAINED_LAYERS = (
    "BatchNormalization", "Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise",
    "SpatialDropout1D", "SpatialDropout2D", "SimpleRNN", "LSTM", "GRU",
)  # fmt: skip

_CHANCES = ("rate", "stddev", "dropout", "recurrent_dropout")
"""Attributes that say how much chance a layer adds in training mode."""


def _differs_in_training(layer: Any) -> bool:
    if any(getattr(layer, name, 0) for name in _CHANCES):
        return True
    # Frozen batch normalisation uses its moving statistics in either mode.
    return type(layer).__name__ == "BatchNormalization" and bool(layer.trainable)
