"""Checkpoints: where the bundled ones are, and how any is read without running its code."""

from __future__ import annotations

import contextlib
import errno
import pickle
import stat
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

from hearbaseline._foreign import what_is_pickled, what_it_holds, what_it_is

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


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """A context in which a checkpoint is read: whatever it makes go wrong is one line.

    Args:
        path: The checkpoint, for messages.

    Raises:
        FileNotFoundError: As it is.
        CheckpointError: For everything else that is raised.
    """
    try:
        yield
    except (CheckpointError, FileNotFoundError):
        raise
    except Exception as error:
        # EINVAL is no refusal by the system: an archive that was cut leads to before its beginning.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise CheckpointError(
                f"{path}: cannot be read: {(error.strerror or _first_line(error)).lower()}; change "
                "its permissions, or copy it again"
            ) from error
        raise CheckpointError(
            f"{path}: cannot be read, it may be truncated or made for something else "
            f"({_first_line(error)}); copy it again, or give another"
        ) from error


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
    with reading(path):
        return named_tensors(path, load_contents(path))


def load_contents(path: Path) -> object:
    """Read whatever a checkpoint holds, on the CPU, without running its code.

    Args:
        path: See `load_state`.

    Returns:
        Tensors by name where it is a state dict; `named_tensors` checks that.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If it cannot be read.
    """
    with reading(path):
        check_plain(path)
        foreign = what_it_is(path)
        if foreign:
            raise CheckpointError(f"{path}: {foreign}")
        if path.suffix == ".safetensors":
            return _safetensors(path)
        if path.suffix in _PICKLED:
            return _pickled(path)
        known = ", ".join((".safetensors", *_PICKLED))
        raise CheckpointError(f"{path}: is no checkpoint by its suffix; known are {known}")


def check_plain(path: Path) -> None:
    """Refuse a path that names no plain file.

    Raises:
        FileNotFoundError: If nothing is there.
        CheckpointError: If it is something else.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: there is no such checkpoint; give another path, or none at all"
        ) from None
    if stat.S_ISDIR(mode):
        raise CheckpointError(f"{path}: is a folder; give the path of a checkpoint file")
    if not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"
        raise CheckpointError(f"{path}: is {kind}, no plain file; give the path of a checkpoint")


def named_tensors(path: Path, state: object) -> dict[str, torch.Tensor]:
    """A state dict from what a checkpoint holds.

    Raises:
        CheckpointError: If it is anything but named tensors; the message begins with `path`.
    """
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in state.items()
    ):
        known = what_it_holds(state) if isinstance(state, Mapping) else ""
        raise CheckpointError(
            f"{path}: {known}"
            if known
            else f"{path}: does not hold a state dict; save model.state_dict(), not the model"
        )
    for name, tensor in state.items():
        if not _is_plain(tensor):
            raise CheckpointError(
                f"{path}: {shown(name)} is no plain tensor (sparse, quantized, without numbers or "
                "larger than the file); save it as a dense one"
            )
    return dict(state)


def _is_plain(tensor: torch.Tensor) -> bool:
    """Whether all of a tensor's numbers are in memory, each of its own."""
    if tensor.layout is not torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
        return False
    # A small file may repeat one number a billion times, which a conversion would write out.
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _safetensors(path: Path) -> Mapping[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
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
        known = what_is_pickled(path)
        raise CheckpointError(
            f"{path}: {known}"
            if known
            else f"{path}: is damaged, or holds pickled code, which is not run; save "
            "model.state_dict() as .safetensors"
        ) from None


_LONGEST = 200
"""Characters of another library's message; some of PyTorch's have a thousand on one line."""

_LONGEST_NAME = 80


def shown(name: str) -> str:
    """A tensor's name for a message: whoever wrote the checkpoint may have written anything."""
    name = name if name.isprintable() else repr(name)[1:-1]
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]} ..."


_LONGEST_VALUE = 60


def short(value: object) -> str:
    """A setting's value for a message."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} ..."


def _first_line(error: BaseException) -> str:
    line = (str(error).strip().splitlines() or [""])[0]
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
    return line or type(error).__name__


def restore(
    model: torch.nn.Module,
    state: Mapping[str, torch.Tensor],
    path: str | Path,
    *,
    unused: tuple[str, ...] = (),
    assign: bool = False,
    fix: str = "give one saved from this model, or none at all",
) -> None:
    """Put a state dict into a model; every name and shape must agree.

    Args:
        model: The model, changed in place.
        state: Tensors by name.
        path: Where they come from, for messages.
        unused: Beginnings of names that the checkpoint may hold and the model does not need.
        assign: Whether the model takes over the tensors themselves instead of copying them.
        fix: What to do where they do not agree, for the message.

    Raises:
        CheckpointError: If names are missing or unexpected, or shapes or dtypes differ.
    """
    with reading(path):
        given = _agreeing(model, state, path, unused, fix)
        model.load_state_dict(given, assign=assign)


def _agreeing(
    model: torch.nn.Module,
    state: Mapping[str, torch.Tensor],
    path: str | Path,
    unused: tuple[str, ...],
    fix: str,
) -> dict[str, torch.Tensor]:
    """The tensors that the model takes, which are all of its own."""
    expected = model.state_dict()
    given = {
        name: t for name, t in state.items() if name in expected or not name.startswith(unused)
    }
    problems = [
        f"{what} {', '.join(map(shown, names[:4]))}{' and others' * (len(names) > 4)}"
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
            f"{path}: is no checkpoint of {type(model).__name__}: {'; '.join(problems[:4])}; {fix}"
        )
    return given
