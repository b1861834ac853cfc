"""A checkpoint's configuration, checked before anything is built from it.

Whoever wrote it may have meant anything: a count of a billion layers, a list for a number. It is
compared with what is known of such models and with the weights that come with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from hearbaseline._checkpoint import CheckpointError, short

_LARGEST = 1 << 16
"""Of any size: the largest published models are 2048 wide, with 8192 features between."""

_MOST_CONVOLUTIONS = 64

_LONGEST_HOP = 160_000
"""Samples from frame to frame, 10 s; 320 in published models."""


def _is_size(value: object) -> bool:
    return type(value) is int and 0 < value <= _LARGEST


def _is_count(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value <= _LARGEST)


def _is_flag(value: object) -> bool:
    return type(value) is bool


def _is_share(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value <= 1  # type: ignore[operator]


def _is_mode(value: object) -> bool:
    return value in ("group_norm", "layer_norm")


def _are_layers(value: object) -> bool:
    return value is None or (
        isinstance(value, (list, tuple))
        and 0 < len(value) <= _MOST_CONVOLUTIONS
        and all(isinstance(one, (list, tuple)) and len(one) == 3 for one in value)
        and all(_is_size(number) for one in value for number in one)
    )


def _is_anything(_: object) -> bool:
    return True


_SETTINGS: dict[str, tuple[Callable[[object], bool], str]] = {
    "extractor_mode": (_is_mode, "group_norm or layer_norm"),
    "extractor_conv_layer_config": (_are_layers, "channels, taps and stride of each convolution"),
    "extractor_conv_bias": (_is_flag, "true or false"),
    "encoder_embed_dim": (_is_size, "a size"),
    "encoder_pos_conv_kernel": (_is_size, "a size"),
    "encoder_pos_conv_groups": (_is_size, "a size"),
    "encoder_num_layers": (_is_size, "a number of layers"),
    "encoder_num_heads": (_is_size, "a number of heads"),
    "encoder_ff_interm_features": (_is_size, "a size"),
    "encoder_layer_norm_first": (_is_flag, "true or false"),
    "encoder_projection_dropout": (_is_share, "a number from 0 to 1"),
    "encoder_attention_dropout": (_is_share, "a number from 0 to 1"),
    "encoder_ff_interm_dropout": (_is_share, "a number from 0 to 1"),
    "encoder_dropout": (_is_share, "a number from 0 to 1"),
    "encoder_layer_drop": (_is_share, "a number from 0 to 1"),
    "aux_num_out": (_is_count, "a number of classes"),
    "normalise": (_is_flag, "true or false"),
    "layer": (_is_count, "a number of a layer"),
    "pooling": (lambda value: isinstance(value, str), "a name"),
    "filters": (_is_anything, ""),  # of training alone
}
"""What each setting may be, and that in words."""

_DEFAULTS = ("normalise", "layer", "pooling", "filters", "aux_num_out")
"""Settings that may be missing, and dropouts."""


def check_settings(config: Mapping[str, Any], state: Mapping[str, Tensor], path: object) -> None:
    """Refuse a configuration that no model has, or not the one whose weights these are.

    Args:
        config: See `checkpoint.build`.
        state: Tensors by torchaudio's names.
        path: Where both are from, for messages.

    Raises:
        CheckpointError: If a setting is unknown, missing or out of bounds, or contradicts another
            one or the weights.
    """
    problem = _problem(config) or _contradiction(config, state)
    if problem:
        raise CheckpointError(
            f"{path}: its configuration describes no model: {problem}; copy the checkpoint again"
        )


def _problem(config: Mapping[str, Any]) -> str:
    for name, value in config.items():
        if name not in _SETTINGS:
            return f"{short(name)} is no setting that is known here"
        is_good, wanted = _SETTINGS[name]
        if not is_good(value):
            return f"{name} is {short(value)}, not {wanted}"
    lacking = [
        name
        for name in _SETTINGS
        if name not in config and name not in _DEFAULTS and "drop" not in name
    ]
    if lacking:
        return f"it lacks {', '.join(lacking)}"
    size = config["encoder_embed_dim"]
    for name in ("encoder_num_heads", "encoder_pos_conv_groups"):
        if size % config[name]:
            return f"{name} is {config[name]}, which does not divide {size}, the width"
    hop = 1
    for *_, stride in config["extractor_conv_layer_config"] or ():
        hop *= stride
    return f"its frames are over {_LONGEST_HOP} samples apart" if hop > _LONGEST_HOP else ""


def _contradiction(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> str:
    """Where the weights say otherwise, in numbers that decide how much is built."""
    layers = config["extractor_conv_layer_config"]
    for prefix, said, what in (
        ("encoder.transformer.layers.", config["encoder_num_layers"], "layers"),
        ("feature_extractor.conv_layers.", layers and len(layers), "convolutions"),
    ):
        held = len({n[len(prefix) :].partition(".")[0] for n in state if n.startswith(prefix)})
        # A checkpoint that lacks weights of a layer is told which.
        if said and said > held:
            return f"it says {said} {what}, and the weights are of {held}"
    return ""
