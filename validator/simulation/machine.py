"""A machine with pretended GPUs, and what a submission does on it.

Runs in a worker of its own, since it changes how PyTorch behaves.
"""

from __future__ import annotations

import functools
import gc
import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.overrides import handle_torch_function, has_torch_function

from hearkit.api.contract import FUNCTIONS
from hearkit.api.wire import plain
from hearkit.api.worker import describe

from ..asking.measure import relative_errors
from . import Trial, Trials
from .devices import Pretence, mark, mark_all, move, numbered, place
from .own import own_modules

_PROPERTIES = SimpleNamespace(
    name="a simulated GPU", major=8, minor=0, total_memory=16 * 10**9, multi_processor_count=64
)


class PretendedDevice:
    """`torch.cuda.device`, which code enters, and asks for its instances."""

    def __init__(self, device: Any = None) -> None:
        self.idx = 0 if device is None or isinstance(device, str) else device

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


_ANSWERS: dict[str, Callable[..., Any]] = {
    "is_available": lambda: True,
    "is_initialized": lambda: True,
    "init": lambda: None,
    "_lazy_init": lambda: None,
    "device_count": lambda: 2,
    "current_device": lambda: 0,
    "set_device": lambda *_: None,
    "device": PretendedDevice,
    "get_device_name": lambda *_: _PROPERTIES.name,
    "get_device_properties": lambda *_: _PROPERTIES,
    "get_device_capability": lambda *_: (_PROPERTIES.major, _PROPERTIES.minor),
    "is_bf16_supported": lambda *_, **__: True,
    "mem_get_info": lambda *_: (_PROPERTIES.total_memory, _PROPERTIES.total_memory),
    "memory_allocated": lambda *_: 0,
    "max_memory_allocated": lambda *_: 0,
    "reset_peak_memory_stats": lambda *_: None,
    "manual_seed": lambda *_: None,
    "manual_seed_all": lambda *_: None,
    "synchronize": lambda *_: None,
    "empty_cache": lambda: None,
}


@contextmanager
def pretended_gpu() -> Iterator[Pretence]:
    """A machine with two GPUs, as far as the Python API of PyTorch tells."""
    mark_all()
    with ExitStack() as stack:
        patch = mock.patch.object
        for name, answer in _ANSWERS.items():
            stack.enter_context(patch(torch.cuda, name, answer))
        pretence = Pretence()
        for thing, name, replacement in (
            (torch.nn.Module, "to", _module_to()),
            (torch.nn.Module, "cuda", _module_cuda),
            (torch.nn.Module, "cpu", _module_cpu),
            (torch.nn.Parameter, "__new__", _parameter(torch.nn.Parameter.__new__)),
            (torch.Tensor, "__getitem__", _indexing(torch.Tensor.__getitem__)),
            (torch, "load", _load_on_cpu(torch.load)),
            (threading.Thread, "run", _in_thread(pretence, threading.Thread.run)),
            # Two of the few makers of tensors that function modes do not see.
            (torch, "from_numpy", _on_cpu(torch.from_numpy)),
            (torch, "frombuffer", _on_cpu(torch.frombuffer)),
        ):
            stack.enter_context(patch(thing, name, replacement))
        stack.callback(torch.set_default_device, None)
        stack.enter_context(pretence)
        yield pretence


def _module_to() -> Callable[..., torch.nn.Module]:
    original = torch.nn.Module.to

    def to(self: torch.nn.Module, *args: Any, **kwargs: Any) -> torch.nn.Module:
        device, dtype, *_ = torch._C._nn._parse_to(*args, **kwargs)
        if dtype is not None:
            original(self, dtype)
        if device is not None:
            move(self, numbered(device))
        return self

    return to


def _module_cuda(self: torch.nn.Module, device: Any = None) -> torch.nn.Module:
    move(self, numbered("cuda" if device is None else device))
    return self


def _module_cpu(self: torch.nn.Module) -> torch.nn.Module:
    move(self, "cpu")
    return self


def _parameter(original: Callable[..., Any]) -> Callable[..., Any]:
    """A parameter is where the tensor is that it is made of."""

    def new(cls: type, data: Any = None, *args: Any, **kwargs: Any) -> Any:
        made = original(cls, data, *args, **kwargs)
        return mark(made, "cpu" if data is None else place(data))

    return new


def _indexing(original: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    """Indexing that function modes see: PyTorch 2.2 shows them only some kinds of indices."""

    @functools.wraps(original)
    def getitem(self: torch.Tensor, index: Any) -> torch.Tensor:
        if has_torch_function((self,)):
            indexed: torch.Tensor = handle_torch_function(getitem, (self,), self, index)
            return indexed
        return original(self, index)

    return getitem


def _load_on_cpu(original: Callable[..., Any]) -> Callable[..., Any]:
    def load(f: Any, *_: Any, **kwargs: Any) -> Any:
        return original(f, **{**kwargs, "map_location": "cpu"})

    return load


def _in_thread(pretence: Pretence, original: Callable[..., None]) -> Callable[..., None]:
    """Function modes belong to one thread: give every new one its own."""

    def run(self: threading.Thread) -> None:
        with Pretence(pretence.errors):
            original(self)

    return run


def _on_cpu(original: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    return lambda *args, **kwargs: mark(original(*args, **kwargs), "cpu")


def simulate(module: ModuleType, arguments: list[str], sample_rate: int) -> dict[str, Any]:
    """Load the model and call both functions on a machine with pretended GPUs.

    Args:
        module: The imported submission.
        arguments: What `load_model` is called with.
        sample_rate: Hz, for one second of audio.

    Returns:
        `Trials`, as JSON has them.
    """
    before = own_modules(module)
    try:
        gpu, second, cpu = (
            _tried(module, arguments, device, sample_rate) for device in ("cuda:0", "cuda:1", "cpu")
        )
    finally:
        # Whoever has imported them before goes on with the same classes.
        sys.modules.update(before)
    _, on_cpu = cpu
    return plain(Trials(_compared(*gpu, on_cpu), _compared(*second, on_cpu), cpu[0]))


def _tried(
    module: ModuleType, arguments: list[str], device: str, sample_rate: int
) -> tuple[Trial, list[torch.Tensor]]:
    """One trial, and the embeddings of both functions where both returned."""
    audio = torch.randn(2, sample_rate, generator=torch.Generator().manual_seed(0)) * 0.1
    devices: dict[str, str] = {}
    results: list[torch.Tensor] = []
    gc.collect()  # the model of the trial before may be large
    with pretended_gpu() as pretence:
        step = "import"
        try:
            module = _imported_anew(module)
            step = "load_model"
            model = module.load_model(*arguments)
            if any(isinstance(m, torch.jit.ScriptModule) for m in model.modules()):
                what = "TorchScript hides its calls from the simulation"
                return Trial(device, unclear=what), []
            move(model, device)
            for step in FUNCTIONS[1:]:
                pretence.errors.clear()
                # Each call gets its own audio, in case that it changes it.
                given = mark(audio.clone(), device)
                answer = getattr(module, step)(given, model)
                items = describe.unpacked(answer)[1]
                devices |= _devices(step, items)
                # Numbers of other kinds are on no device, and for another check.
                results += [item for item in items[:1] if isinstance(item, torch.Tensor)]
        except BaseException as error:
            if pretence.errors:
                return Trial(device, refused=f"{step} raised {pretence.errors[-1]}"), []
            lines = str(error).strip().splitlines() or [""]
            what = f"the simulation cannot follow {step}: {type(error).__name__}: {lines[0]}"
            return Trial(device, unclear=what), []
    return Trial(device, devices=devices), results


def _compared(trial: Trial, numbers: list[torch.Tensor], on_cpu: list[torch.Tensor]) -> Trial:
    """The trial with the error of its numbers, where there are some of both."""
    if not numbers or len(numbers) != len(on_cpu):
        return trial
    return replace(trial, error=_error(on_cpu, numbers))


def _imported_anew(module: ModuleType) -> ModuleType:
    """The module as a machine with a GPU imports it: many choose their device there."""
    removed = own_modules(module)
    for name in removed:
        del sys.modules[name]
    try:
        return importlib.import_module(module.__name__)
    except Exception:
        # Some modules (custom operators) cannot be imported twice: the first one has to do.
        sys.modules.update(removed)
        return module


def _devices(name: str, items: Any) -> dict[str, str]:
    labels = ("embeddings", "timestamps")
    return {
        f"{label} of {name}": str(place(item) or "unknown")
        for label, item in zip(labels, items, strict=False)
        if isinstance(item, torch.Tensor)
    }


def _error(ones: list[torch.Tensor], others: list[torch.Tensor]) -> float:
    arrays = [[np.asarray(t.detach().cpu().float()) for t in ts] for ts in (ones, others)]
    return max(float(relative_errors(a, b).max()) for a, b in zip(*arrays, strict=True))
