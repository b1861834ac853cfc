"""The shortest program that reproduces a finding outside the validator."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .stimuli import Stimulus
from .submission import Submission

_FUNCTIONS = {"scene": "get_scene_embeddings", "timestamps": "get_timestamp_embeddings"}
"""What checks call the two functions in their lines."""

_HELPERS = ("recordings", "burst_train")
"""Functions of `stimuli` that the code of a stimulus may call."""

_IN_TENSORFLOW = {
    "torch.manual_seed(": "tf.random.set_seed(",
    "torch.initial_seed()": "tf.random.uniform([])",
}

_ABOUT_TENSORS = ("type(", ".device")
"""Lines that ask what kind of thing is returned, and need it as it is."""


def program(
    submission: Submission,
    arguments: Sequence[str],
    framework: str,
    lines: Sequence[str],
    stimuli: Mapping[str, Stimulus],
) -> str:
    """Python that loads the model, makes the audio, then runs the lines.

    Args:
        submission: The module and the device.
        arguments: What `load_model` is called with.
        framework: `torch` or `tensorflow`.
        lines: What to run; `scene(x)` and `timestamps(x)` stand for the two functions. They may
            use what PyTorch's tensors and NumPy's arrays have in common.
        stimuli: The audio, by variable name.
    """
    torch = framework != "tensorflow"
    load = f"model = submission.load_model({', '.join(map(repr, arguments))})"
    device = f'.to("{submission.device}")' if torch and submission.device != "cpu" else ""
    make = "torch.from_numpy" if torch else "tf.constant"
    text = [
        f"import numpy as np, {'torch' if torch else 'tensorflow as tf'}",
        f"import {submission.module} as submission",
        load + device,
        *(f"{name} = {make}({s.code}){device}" for name, s in stimuli.items()),
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
