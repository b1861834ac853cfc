"""Checkpoints: where the bundled ones are, and how any is read without running its code."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch

_PICKLED = (".pt", ".pth", ".bin", ".ckpt")


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or that belongs to another model."""


def bundled(name: str) -> Path:
    """The path of a checkpoint that the distribution ships.

    Args:
        name: A file name, such as `mel.safetensors`.

    Raises:
        FileNotFoundError: If the installation lacks it.
    """
    package = Path(__file__).parent
    # Installed from a wheel, then in a checkout.
    for folder in (package / "weights", package.parent / "weights"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{name}: the installation lacks its weights; reinstall hearbaseline")


def load_state(path: str | Path) -> dict[str, torch.Tensor]:
    """Read a state dict, on the CPU.

    Args:
        path: A `.safetensors` file, or a `.pt` (`.pth`, `.bin`, `.ckpt`) file that holds
            tensors alone.

    Returns:
        Tensors by name.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If it cannot be read, or holds anything but named tensors.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: there is no such checkpoint; give another path, or none at all"
        )
    if not path.is_file():
        raise CheckpointError(f"{path}: is a folder; give the path of a checkpoint file")
    state: object
    if path.suffix == ".safetensors":
        state = _safetensors(path)
    elif path.suffix in _PICKLED:
        state = _pickled(path)
    else:
        known = ", ".join((".safetensors", *_PICKLED))
        raise CheckpointError(f"{path}: is no checkpoint by its suffix; known are {known}")
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in state.items()
    ):
        raise CheckpointError(
            f"{path}: does not hold a state dict; save model.state_dict(), not the model"
        )
    return dict(state)


def _safetensors(path: Path) -> Mapping[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: cannot be read, it may be truncated ({_first_line(error)}); copy it again"
        ) from None


def _pickled(path: Path) -> object:
    try:
        with warnings.catch_warnings():
            # Of unusual pickle protocols; what cannot be read is refused below.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{path}: is damaged, or holds pickled code, which is not run; save "
            "model.state_dict() as .safetensors"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError) as error:
        raise CheckpointError(
            f"{path}: cannot be read, it may be truncated ({_first_line(error)}); copy it again"
        ) from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def restore(
    model: torch.nn.Module,
    state: Mapping[str, torch.Tensor],
    path: str | Path,
    *,
    unused: tuple[str, ...] = (),
    assign: bool = False,
) -> None:
    """Put a state dict into a model; every name and shape must agree.

    Args:
        model: The model, changed in place.
        state: Tensors by name.
        path: Where they come from, for messages.
        unused: Beginnings of names that the checkpoint may hold and the model does not need.
        assign: Whether the model takes over the tensors themselves instead of copying them.

    Raises:
        CheckpointError: If names are missing or unexpected, or shapes or dtypes differ.
    """
    expected = model.state_dict()
    given = {
        name: t for name, t in state.items() if name in expected or not name.startswith(unused)
    }
    problems = [
        f"{what} {', '.join(names[:4])}{' and others' * (len(names) > 4)}"
        for what, names in (
            ("lacks", sorted(set(expected) - set(given))),
            ("has unexpected", sorted(set(given) - set(expected))),
        )
        if names
    ]
    for name in sorted(set(expected) & set(given)):
        wanted, seen = expected[name], given[name]
        if wanted.shape != seen.shape:
            problems.append(f"{name} is {tuple(seen.shape)}, not {tuple(wanted.shape)}")
        elif wanted.is_floating_point() != seen.is_floating_point():
            problems.append(f"{name} is {seen.dtype}, not {wanted.dtype}")
    if problems:
        raise CheckpointError(
            f"{path}: is no checkpoint of {type(model).__name__}: {'; '.join(problems[:4])}; "
            "give one saved from this model, or none at all"
        )
    model.load_state_dict(given, assign=assign)
