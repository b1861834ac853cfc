"""The shortest program that reproduces a finding outside the validator.

A check says what to run as data; the runner makes a program of it, and only where one is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hearkit.api.submission import Submission

if TYPE_CHECKING:
    from ..stimuli import Stimulus

_FUNCTIONS = {"scene": "get_scene_embeddings", "timestamps": "get_timestamp_embeddings"}
"""What checks call the two functions in their lines."""

_HELPERS = ("recordings", "burst_train", "with_marks")
"""Functions of `stimuli` that the code of a stimulus may call."""

_IN_TENSORFLOW = {
    "torch.manual_seed(": "tf.random.set_seed(",
    "torch.initial_seed()": "tf.random.uniform([])",
}

_ABOUT_TENSORS = ("type(", ".device")
"""Lines that ask what kind of thing is returned, and need it as it is."""


@dataclass(frozen=True)
class Reproduction:
    """What to run outside the validator to see a finding.

    Attributes:
        lines: Python; `scene(x, model)` and `timestamps(x, model)` stand for the two functions,
            `LOAD` for the call that loads the model. They may use what PyTorch's tensors and
            NumPy's arrays have in common.
        stimuli: The audio, by variable name.
        loads: Whether the model is loaded before.
    """

    lines: tuple[str, ...] = ()
    stimuli: Mapping[str, Stimulus] = field(default_factory=dict)
    loads: bool = True


LOAD = "submission.load_model(ARGUMENTS)"
"""Stands for the call that loads the model, in a line of a reproduction."""


def reproduce(*lines: str, **stimuli: Stimulus) -> Reproduction:
    """Load the model, make the audio, then run the lines; see `Reproduction`."""
    return Reproduction(lines, stimuli)


def program(
    reproduction: Reproduction,
    submission: Submission,
    arguments: Sequence[str],
    framework: str,
) -> str:
    """The program, with its imports.

    Args:
        reproduction: What to run.
        submission: The module and the device.
        arguments: What `load_model` is called with.
        framework: `torch` or `tensorflow`.
    """
    torch = framework != "tensorflow"
    load = LOAD.replace("ARGUMENTS", ", ".join(map(repr, arguments)))
    lines = [line.replace(LOAD, load) for line in reproduction.lines]
    importing = f"import {submission.module} as submission"
    if not reproduction.loads:
        return "\n".join([importing, *lines])
    device = f'.to("{submission.device}")' if torch and submission.device != "cpu" else ""
    make = "torch.from_numpy" if torch else "tf.constant"
    text = [
        f"import numpy as np, {'torch' if torch else 'tensorflow as tf'}",
        importing,
        f"model = {load}{device}",
        *(f"{name} = {make}({s.code}){device}" for name, s in reproduction.stimuli.items()),
        *(_called(line if torch else _in_tensorflow(line)) for line in lines),
    ]
    helpers = [name for name in _HELPERS if any(name in line for line in text)]
    if helpers:
        text.insert(1, f"from validator.stimuli import {', '.join(helpers)}")
    return "\n".join(text)


def _called(line: str) -> str:
    """The line with the functions' full names."""
    for short, name in _FUNCTIONS.items():
        line = line.replace(f"{short}(", f"submission.{name}(")
    return line


def _in_tensorflow(line: str) -> str:
    """The line with results as NumPy arrays, since TensorFlow's tensors lack most methods."""
    for torch, tensorflow in _IN_TENSORFLOW.items():
        line = line.replace(torch, tensorflow)
    if any(word in line for word in _ABOUT_TENSORS):
        return line
    line = re.sub(r"= (timestamps\([^()]*\))$", r"= map(np.asarray, \1)", line)
    return re.sub(r"(scene\([^()]*\)|timestamps\([^()]*\)\[\d\])", r"np.asarray(\1)", line)
