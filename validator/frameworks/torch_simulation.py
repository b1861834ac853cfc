"""A pretended GPU: PyTorch's fake tensors know shapes, types and devices, but no numbers.

Runs in a worker of its own, since it changes how PyTorch behaves. Mixing devices raises the
error that a real GPU would raise; an operation that needs numbers cannot be followed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import ModuleType
from typing import Any
from unittest import mock

import torch
from torch._subclasses import fake_tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
    UnsupportedOperatorException,
)

from ..contract import FUNCTIONS

_CANNOT_FOLLOW = (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedOperatorException,
    NotImplementedError,
)


def simulate(
    module: ModuleType, arguments: list[str], mode: str, sample_rate: int
) -> dict[str, Any]:
    """Load the model and call both functions with fakes.

    Args:
        module: The imported submission.
        arguments: What `load_model` is called with.
        mode: `gpu`: model and audio are moved to the GPU, as the evaluation does. `cpu`: a
            GPU exists, but model and audio are on the CPU.
        sample_rate: Hz, for one second of audio.

    Returns:
        `outcome` (conforms, violates, inconclusive), `what` was seen, and `devices` of the
        results where both calls returned.
    """
    device = "cuda" if mode == "gpu" else "cpu"
    with ExitStack() as stack:
        pretend_gpu(stack)
        model = module.load_model(*arguments)
        _drop_hooks(model)
        fake = stack.enter_context(FakeTensorMode(allow_non_fake_inputs=True))
        stack.enter_context(torch.no_grad())
        _move(model, fake, device)
        audio = torch.empty(2, sample_rate, device=device)
        devices: dict[str, str] = {}
        for name in FUNCTIONS[1:]:
            try:
                result = getattr(module, name)(audio, model)
            except _CANNOT_FOLLOW as error:
                return _inconclusive(name, error)
            except Exception as error:  # noqa: BLE001 - whatever the submission raises
                return _judged(name, error, mode)
            devices |= _devices(name, result)
    wrong = [f"{what} is on {where}" for what, where in devices.items() if where != device]
    if mode == "cpu" and wrong:
        return {"outcome": "violates", "what": "; ".join(wrong), "devices": devices}
    return {"outcome": "conforms", "what": "", "devices": devices}


def pretend_gpu(stack: ExitStack) -> None:
    """Make PyTorch say that there is a GPU, where there is none."""
    if torch.cuda.is_available():
        return
    answers: dict[str, Callable[..., Any]] = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "get_device_name": lambda *_: "a simulated GPU",
        "get_device_capability": lambda *_: (8, 0),
        "synchronize": lambda *_: None,
        "empty_cache": lambda: None,
    }
    for name, answer in answers.items():
        stack.enter_context(mock.patch.object(torch.cuda, name, answer))
    # Fake tensors wake a GPU that PyTorch reports; there is none to wake.
    stack.enter_context(mock.patch.object(fake_tensor, "init_gpu_context", lambda _: None))


def _drop_hooks(model: torch.nn.Module) -> None:
    for module in model.modules():
        module.__dict__.pop("_hf_hook", None)


def _move(model: torch.nn.Module, fake: FakeTensorMode, device: str) -> None:
    """What model.to(device) does: parameters and buffers move, plain attributes stay."""
    for module in model.modules():
        for store in (module._parameters, module._buffers):
            for name, tensor in store.items():
                if tensor is not None:
                    moved = fake.from_tensor(tensor.detach()).to(device)
                    if isinstance(tensor, torch.nn.Parameter):
                        moved = torch.nn.Parameter(moved, requires_grad=tensor.requires_grad)
                    store[name] = moved
        flatten = getattr(module, "_init_flat_weights", None)
        if flatten is not None and isinstance(module, torch.nn.RNNBase):
            module._flat_weights = [getattr(module, n) for n in module._flat_weights_names]


def _devices(name: str, result: Any) -> dict[str, str]:
    items = result if isinstance(result, (tuple, list)) else [result]
    labels = ("embeddings", "timestamps") if len(items) == 2 else ("embeddings",) * len(items)
    return {
        f"{label} of {name}": item.device.type
        for label, item in zip(labels, items, strict=True)
        if isinstance(item, torch.Tensor)
    }


def _judged(name: str, error: Exception, mode: str) -> dict[str, Any]:
    """Whether an error is one that a real GPU would raise as well."""
    text = str(error)
    devices = "device" in text and ("cuda" in text or "same device" in text)
    if devices and not any(w in text for w in ("FakeTensor(", "meta tensor", "no NVIDIA")):
        return _violates(name, error)
    if "Unhandled FakeTensor Device Propagation" in text or "two different devices" in text:
        return _violates(name, error)
    # .numpy() on a CUDA tensor is the classic; a fake one says it in its own words.
    if mode == "gpu" and ("can't convert cuda" in text or "to host memory first" in text):
        return _violates(name, error)
    return _inconclusive(name, error)


def _violates(name: str, error: Exception) -> dict[str, Any]:
    return {"outcome": "violates", "what": f"{name} raised {_first_line(error)}"}


def _inconclusive(name: str, error: BaseException) -> dict[str, Any]:
    return {
        "outcome": "inconclusive",
        "what": f"the simulation cannot follow {name}: {_first_line(error)}",
    }


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
