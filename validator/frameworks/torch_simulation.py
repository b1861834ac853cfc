"""A pretended GPU: tensors that say they are on `cuda:0` while their numbers stay on the CPU.

Every call of PyTorch's Python API passes through a `TorchFunctionMode`. It keeps track of
which tensors are "on the GPU", lets each call run on the CPU, and raises what a real GPU would
raise where a call mixes devices. PyTorch's own fake tensors were tried first: without a driver
they fail on `.to("cuda")`, `torch.tensor(..., device=...)` and anything that reads a number.

Runs in a worker of its own, since it changes how PyTorch behaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from ..contract import FUNCTIONS

_GPU = torch.device("cuda:0")
_MARK = "_pretended_on_gpu"

_CROSSING = {"copy_", "__setitem__", "set_", "load_state_dict", "__set__", "type_as", "allclose_"}
"""Calls that may take tensors of both devices."""

_INDEXING = {"__getitem__", "index", "index_put", "index_put_"}
"""Calls whose indices may stay on the CPU."""

_STAYING = {
    "tolist",
    "item",
    "numpy",
    "__array__",
    "__len__",
    "size",
    "dim",
    "__repr__",
    "__bool__",
}


class Pretence(TorchFunctionMode):
    """Answers every PyTorch call as if there were a GPU.

    Attributes:
        errors: What a real GPU would have raised, in order.
        asked: Calls that moved something to the GPU on their own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[str] = []
        self.asked: list[str] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run the call on the CPU and mark its results."""
        kwargs = dict(kwargs or {})
        name = _name(func)
        special = _SPECIAL.get(name)
        if special is not None and args and isinstance(args[0], torch.Tensor):
            return special(self, func, args, kwargs)
        device = self._device_wanted(name, kwargs)
        tensors = _tensors((args, kwargs))
        on_gpu = [t for t in tensors if is_on_gpu(t)]
        self._refuse_mixture(name, args, tensors, on_gpu)
        result = func(*args, **kwargs)
        if name in _CROSSING or name in _STAYING:
            return result
        return _marked(result, bool(on_gpu) if device is None else device.type == "cuda", tensors)

    def _device_wanted(self, name: str, kwargs: dict[str, Any]) -> torch.device | None:
        """The device that the call names; a GPU's place is taken by the CPU."""
        if kwargs.get("device") is None:
            return None
        device = torch.device(kwargs["device"])
        if device.type == "cuda":
            self.asked.append(name)
            kwargs["device"] = torch.device("cpu")
        return device

    def _refuse_mixture(
        self,
        name: str,
        args: tuple[Any, ...],
        tensors: list[torch.Tensor],
        on_gpu: list[torch.Tensor],
    ) -> None:
        if not on_gpu or name in _CROSSING:
            return
        if name in _INDEXING and is_on_gpu(args[0]):
            return
        # A single CPU number may meet GPU tensors.
        if any(t.dim() > 0 and not is_on_gpu(t) for t in tensors):
            self.fail(
                RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    f"devices, cuda:0 and cpu! (in {name})"
                )
            )

    def fail(self, error: Exception) -> None:
        """Raise what a real GPU would raise, and remember it."""
        self.errors.append(f"{type(error).__name__}: {error}")
        raise error


def is_on_gpu(tensor: torch.Tensor) -> bool:
    """Whether the tensor is pretended to be on the GPU."""
    return bool(tensor.__dict__.get(_MARK, False))


def mark(tensor: torch.Tensor, on_gpu: bool) -> torch.Tensor:
    """Say where the tensor is pretended to be."""
    tensor.__dict__[_MARK] = on_gpu
    return tensor


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _marked(result: Any, on_gpu: bool, inputs: list[torch.Tensor]) -> Any:
    """Mark what is new; a tensor that went in and came out stays where it was."""
    known = {id(t) for t in inputs}
    for tensor in _tensors(result):
        if id(tensor) not in known:
            mark(tensor, on_gpu)
    return result


def _name(func: Callable[..., Any]) -> str:
    name = getattr(func, "__name__", "")
    if name in ("__get__", "__set__"):
        owner = getattr(getattr(func, "__self__", None), "__name__", "")
        return f"{owner}.get" if name == "__get__" else "__set__"
    return str(name)


def _device_of(_: Pretence, func: Any, args: Any, kwargs: Any) -> Any:
    return _GPU if is_on_gpu(args[0]) else func(*args, **kwargs)


def _is_cuda(_: Pretence, __: Any, args: Any, ___: Any) -> Any:
    return is_on_gpu(args[0])


def _get_device(_: Pretence, func: Any, args: Any, kwargs: Any) -> Any:
    return 0 if is_on_gpu(args[0]) else func(*args, **kwargs)


def _copy(tensor: torch.Tensor, on_gpu: bool) -> torch.Tensor:
    if is_on_gpu(tensor) == on_gpu:
        return tensor
    return mark(tensor.clone(), on_gpu)


def _cpu(_: Pretence, __: Any, args: Any, ___: Any) -> Any:
    return _copy(args[0], on_gpu=False)


def _cuda(pretence: Pretence, _: Any, args: Any, __: Any) -> Any:
    pretence.asked.append("cuda()")
    return _copy(args[0], on_gpu=True)


def _to(pretence: Pretence, func: Any, args: Any, kwargs: Any) -> Any:
    tensor, *rest = args
    kwargs.pop("copy", None)
    other = rest[0] if rest and isinstance(rest[0], torch.Tensor) else kwargs.pop("other", None)
    if other is not None:
        return mark(func(tensor, other.dtype), is_on_gpu(other))
    rest = [a for a in rest if not isinstance(a, bool)]
    device, dtype, _, _ = torch._C._nn._parse_to(*rest, **kwargs)
    moved = tensor if dtype is None else func(tensor, dtype)
    if device is None:
        return _marked(moved, is_on_gpu(tensor), [tensor])
    if device.type == "cuda":
        pretence.asked.append(f"to({str(device)!r})")
    if moved is not tensor:
        return mark(moved, device.type == "cuda")
    return _copy(tensor, device.type == "cuda")


def _numpy(pretence: Pretence, func: Any, args: Any, kwargs: Any) -> Any:
    if is_on_gpu(args[0]):
        pretence.fail(
            TypeError(
                "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy "
                "the tensor to host memory first."
            )
        )
    return func(*args, **kwargs)


_SPECIAL: dict[str, Callable[[Pretence, Any, Any, Any], Any]] = {
    "device.get": _device_of,
    "is_cuda.get": _is_cuda,
    "get_device": _get_device,
    "cpu": _cpu,
    "cuda": _cuda,
    "to": _to,
    "numpy": _numpy,
    "__array__": _numpy,
}


def move(model: torch.nn.Module, device: str) -> None:
    """What `model.to(device)` does: parameters and buffers move, plain attributes stay."""
    on_gpu = device.startswith("cuda")
    for module in model.modules():
        for store in (module._parameters, module._buffers):
            for tensor in store.values():
                if tensor is not None:
                    mark(tensor, on_gpu)
        for weight in getattr(module, "_flat_weights", None) or ():
            if isinstance(weight, torch.Tensor):
                mark(weight, on_gpu)


@contextmanager
def pretended_gpu() -> Iterator[Pretence]:
    """A machine with one GPU, as far as the Python API of PyTorch tells."""
    with ExitStack() as stack:
        for name, answer in _ANSWERS.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, answer))
        pretence = Pretence()
        stack.enter_context(mock.patch.object(torch.nn.Module, "to", _module_to(pretence)))
        stack.enter_context(mock.patch.object(torch.nn.Module, "cuda", _module_cuda(pretence)))
        stack.enter_context(mock.patch.object(torch.nn.Module, "cpu", _module_cpu))
        stack.enter_context(mock.patch.object(torch, "load", _load_on_cpu(torch.load)))
        stack.enter_context(pretence)
        yield pretence


_ANSWERS: dict[str, Callable[..., Any]] = {
    "is_available": lambda: True,
    "device_count": lambda: 1,
    "current_device": lambda: 0,
    "get_device_name": lambda *_: "a simulated GPU",
    "get_device_capability": lambda *_: (8, 0),
    "set_device": lambda *_: None,
    "synchronize": lambda *_: None,
    "empty_cache": lambda: None,
    "_lazy_init": lambda: None,
}


def _module_to(pretence: Pretence) -> Callable[..., torch.nn.Module]:
    original = torch.nn.Module.to

    def to(self: torch.nn.Module, *args: Any, **kwargs: Any) -> torch.nn.Module:
        device, dtype, *_ = torch._C._nn._parse_to(*args, **kwargs)
        if dtype is not None:
            original(self, dtype)
        if device is not None:
            if device.type == "cuda":
                pretence.asked.append(f"Module.to({str(device)!r})")
            move(self, str(device))
        return self

    return to


def _module_cuda(pretence: Pretence) -> Callable[..., torch.nn.Module]:
    def cuda(self: torch.nn.Module, _: Any = None) -> torch.nn.Module:
        pretence.asked.append("Module.cuda()")
        move(self, "cuda")
        return self

    return cuda


def _module_cpu(self: torch.nn.Module) -> torch.nn.Module:
    move(self, "cpu")
    return self


def _load_on_cpu(original: Callable[..., Any]) -> Callable[..., Any]:
    def load(f: Any, *_: Any, **kwargs: Any) -> Any:
        return original(f, **{**kwargs, "map_location": "cpu"})

    return load


def simulate(
    module: ModuleType, arguments: list[str], mode: str, sample_rate: int
) -> dict[str, Any]:
    """Load the model and call both functions on a machine with a pretended GPU.

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
    devices: dict[str, str] = {}
    noise = torch.Generator().manual_seed(0)
    audio = torch.randn(2, sample_rate, generator=noise) * 0.1
    with pretended_gpu() as pretence:
        step = "load_model"
        try:
            model = module.load_model(*arguments)
            if any(isinstance(m, torch.jit.ScriptModule) for m in model.modules()):
                return _outcome("inconclusive", "TorchScript hides its calls from the simulation")
            move(model, device)
            mark(audio, device == "cuda")
            for step in FUNCTIONS[1:]:
                pretence.errors.clear()
                devices |= _devices(step, getattr(module, step)(audio, model))
        except Exception as error:
            if pretence.errors:
                return _outcome("violates", f"{step} raised {pretence.errors[-1]}")
            lines = str(error).strip().splitlines() or [""]
            return _outcome(
                "inconclusive",
                f"the simulation cannot follow {step}: {type(error).__name__}: {lines[0]}",
            )
    wrong = [f"{what} are on {where}" for what, where in devices.items() if where != device]
    if mode == "cpu" and wrong:
        return _outcome("violates", "; ".join(wrong)) | {"devices": devices}
    return _outcome("conforms", "") | {"devices": devices}


def _outcome(kind: str, what: str) -> dict[str, Any]:
    return {"outcome": kind, "what": what}


def _devices(name: str, result: Any) -> dict[str, str]:
    items = result if isinstance(result, (tuple, list)) else (result,)
    labels = ("embeddings", "timestamps")
    return {
        f"{label} of {name}": "cuda" if is_on_gpu(item) else "cpu"
        for label, item in zip(labels, items, strict=False)
        if isinstance(item, torch.Tensor)
    }
