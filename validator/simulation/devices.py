"""A pretended GPU: tensors that say they are on `cuda:0` while their numbers stay on the CPU.

Every call of PyTorch's Python API passes through a `TorchFunctionMode`. It keeps track of
which tensors are "on the GPU", lets each call run on the CPU, and raises what a real GPU would
raise where a call mixes devices. PyTorch's own fake tensors were tried first: without a driver
they fail on `.to("cuda")`, `torch.tensor(..., device=...)` and anything that reads a number.

What compiled code makes out of sight (TorchScript, custom operators) has no known place. Where
such a tensor meets one on the GPU, nothing can be said, and `UnseenError` says so.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _device as default_device
from torch.utils import _pytree as pytree

CPU = torch.device("cpu")
_MARK = "_pretended_device"

_CROSSING = {
    "copy_", "__setitem__", "set_", "load_state_dict", "__set__", "tensor_split",
    "_pack_padded_sequence", "_pad_packed_sequence",
}  # fmt: skip
"""Calls that may take tensors of both devices, and whose results stay where the first is."""

_INDEXING = {"__getitem__", "index", "index_put", "index_put_"}
"""Calls whose indices may stay on the CPU."""

_RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}
"""Calls whose packed batch sizes, whole numbers, stay on the CPU."""

_STAYING = {
    "tolist", "item", "numpy", "__array__", "__len__", "size", "dim", "__repr__", "__bool__",
}  # fmt: skip


class UnseenError(RuntimeError):
    """A tensor whose place is not known met one on the GPU."""


class Pretence(TorchFunctionMode):
    """Answers every PyTorch call as if there were a GPU.

    Attributes:
        errors: What a real GPU would have raised, in order; shared by all threads.
    """

    def __init__(self, errors: list[str] | None = None) -> None:
        super().__init__()
        self.errors: list[str] = [] if errors is None else errors

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
        wanted = _wanted(func, kwargs)
        tensors = _tensors((args, kwargs))
        on_gpu = [t for t in tensors if is_on_gpu(t)]
        self._refuse_mixture(name, args, tensors, on_gpu)
        result = func(*args, **kwargs)
        if name in _STAYING:
            return result
        if wanted is None:
            first = tensors[0] if name in _CROSSING and tensors else None
            wanted = place(first) if first is not None else _common(on_gpu, tensors)
        _marked(result, wanted, tensors)
        if name == "_pack_padded_sequence":
            mark(result[1], CPU)
        return result

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
        counted = [t for t in tensors if t.dim() > 0 or is_on_gpu(t)]
        if name in _RECURRENT:
            counted = [t for t in counted if t.is_floating_point()]
        if any(place(t) is None for t in counted):
            raise UnseenError(f"{name} takes a tensor that compiled code made")
        places = sorted({str(place(t)) for t in counted}, reverse=True)
        if len(places) > 1:
            self.fail(
                RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    f"devices, {places[0]} and {places[1]}! (in {name})"
                )
            )

    def fail(self, error: Exception) -> None:
        """Raise what a real GPU would raise, and remember it."""
        self.errors.append(f"{type(error).__name__}: {error}")
        raise error


def place(tensor: torch.Tensor) -> torch.device | None:
    """Where the tensor is pretended to be; None where that is not known."""
    found: torch.device | None = tensor.__dict__.get(_MARK)
    return found


def is_on_gpu(tensor: torch.Tensor) -> bool:
    """Whether the tensor is pretended to be on a GPU."""
    device = place(tensor)
    return device is not None and device.type == "cuda"


def mark(tensor: torch.Tensor, device: torch.device | str | None) -> torch.Tensor:
    """Say where the tensor is pretended to be."""
    tensor.__dict__[_MARK] = None if device is None else numbered(device)
    return tensor


def numbered(device: torch.device | str | int) -> torch.device:
    """The device, with the number that PyTorch gives a GPU without one."""
    made = torch.device(device)
    return torch.device("cuda", 0) if made.type == "cuda" and made.index is None else made


def mark_all() -> None:
    """Mark every tensor that exists as on the CPU."""
    for thing in gc.get_objects():
        if issubclass(type(thing), torch.Tensor):
            mark(thing, CPU)


def move(model: torch.nn.Module, device: torch.device | str) -> None:
    """What `model.to(device)` does: parameters and buffers move, plain attributes stay."""
    for module in model.modules():
        for store in (module._parameters, module._buffers):
            for tensor in store.values():
                if tensor is not None:
                    mark(tensor, device)
        for weight in getattr(module, "_flat_weights", None) or ():
            if isinstance(weight, torch.Tensor):
                mark(weight, device)


def _wanted(func: Callable[..., Any], kwargs: dict[str, Any]) -> torch.device | None:
    """The device that the call names, or that is the default; the CPU takes a GPU's place."""
    named = kwargs.get("device")
    if named is None:
        is_making = func in default_device._device_constructors()
        named = default_device.CURRENT_DEVICE if is_making else None
        if is_making and named is None:
            return CPU
    if named is None:
        return None
    device = numbered(named)
    if device.type == "cuda":
        kwargs["device"] = CPU
    return device


def _common(on_gpu: list[torch.Tensor], tensors: list[torch.Tensor]) -> torch.device | None:
    """Where the result of a call without a device is."""
    if on_gpu:
        return place(on_gpu[0])
    # One input of unknown place makes a result of unknown place.
    return None if any(place(t) is None for t in tensors) else CPU


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _marked(result: Any, device: torch.device | None, inputs: list[torch.Tensor]) -> None:
    """Mark what is new; a tensor that went in and came out stays where it was."""
    known = {id(t) for t in inputs}
    for tensor in _tensors(result):
        if id(tensor) not in known:
            mark(tensor, device)


def _name(func: Callable[..., Any]) -> str:
    name = getattr(func, "__name__", "")
    if name in ("__get__", "__set__"):
        owner = getattr(getattr(func, "__self__", None), "__name__", "")
        return f"{owner}.get" if name == "__get__" else "__set__"
    return str(name)


def _device_of(_: Pretence, func: Any, args: Any, kwargs: Any) -> Any:
    return place(args[0]) if is_on_gpu(args[0]) else func(*args, **kwargs)


def _is_cuda(_: Pretence, __: Any, args: Any, ___: Any) -> Any:
    return is_on_gpu(args[0])


def _get_device(_: Pretence, func: Any, args: Any, kwargs: Any) -> Any:
    device = place(args[0])
    return device.index if device is not None and is_on_gpu(args[0]) else func(*args, **kwargs)


def _copy(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    return tensor if place(tensor) == device else mark(tensor.clone(), device)


def _cpu(_: Pretence, __: Any, args: Any, ___: Any) -> Any:
    return _copy(args[0], CPU)


def _cuda(_: Pretence, __: Any, args: Any, kwargs: Any) -> Any:
    wanted = args[1] if len(args) > 1 else kwargs.get("device")
    return _copy(args[0], numbered("cuda" if wanted is None else wanted))


def _to(_: Pretence, func: Any, args: Any, kwargs: Any) -> Any:
    tensor, *rest = args
    kwargs.pop("copy", None)
    other = rest[0] if rest and isinstance(rest[0], torch.Tensor) else kwargs.pop("other", None)
    if other is not None:
        return mark(func(tensor, other.dtype).clone(), place(other))
    rest = [a for a in rest if not isinstance(a, bool)]
    device, dtype = torch._C._nn._parse_to(*rest, **kwargs)[:2]
    moved = tensor if dtype is None else func(tensor, dtype)
    if moved is not tensor:
        mark(moved, place(tensor))
    return moved if device is None else _copy(moved, numbered(device))


def _type_as(_: Pretence, func: Any, args: Any, kwargs: Any) -> Any:
    return mark(func(*args, **kwargs).clone(), place(args[1]))


def _numpy(pretence: Pretence, func: Any, args: Any, kwargs: Any) -> Any:
    if is_on_gpu(args[0]):
        pretence.fail(
            TypeError(
                f"can't convert {place(args[0])} device type tensor to numpy. Use Tensor.cpu() "
                "to copy the tensor to host memory first."
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
    "type_as": _type_as,
    "numpy": _numpy,
    "__array__": _numpy,
}
