"""Whisper's encoder as a teacher: the baseline's, with weights in CTranslate2's format.

Radford, Kim, Xu, Brockman, McLeavey and Sutskever: "Robust Speech Recognition via Large-Scale Weak
Supervision", ICML 2023, section 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hearbaseline.whisper import Whisper
from hearbaseline.whisper.encoder import Sizes, WhisperEncoder

HEAD = 64
"""Numbers in a head of the attention, in all published models."""

_LAYER = {
    "self_attention/layer_norm": "layer_norm",
    "self_attention/linear_1": "attention.out_proj",
    "ffn/layer_norm": "final_layer_norm",
    "ffn/linear_0": "feed_forward.intermediate_dense",
    "ffn/linear_1": "feed_forward.output_dense",
}
"""Parts of a layer in CTranslate2, and in the baseline."""


def teacher(variables: Mapping[str, Tensor]) -> Whisper:
    """The encoder, ready to hear.

    Args:
        variables: Tensors by CTranslate2's names, below "encoder/".
    """
    state = {
        "positions": variables["position_encodings/encodings"],
        **_pair(variables, "layer_norm", "layer_norm"),
    }
    for name in ("conv1", "conv2"):
        state |= _pair(variables, name, name)
    n_layers = sum(name.endswith("ffn/linear_0/weight") for name in variables)
    for number in range(n_layers):
        theirs, ours = f"layer_{number}", f"layers.{number}"
        for part, name in _LAYER.items():
            state |= _pair(variables, f"{theirs}/{part}", f"{ours}.{name}")
        for what in ("weight", "bias"):
            # Queries, keys and values, one below the other.
            three = variables[f"{theirs}/self_attention/linear_0/{what}"].chunk(3)
            for which, tensor in zip("qkv", three, strict=True):
                state[f"{ours}.attention.{which}_proj.{what}"] = tensor
    size, n_mels, _ = state["conv1.weight"].shape
    between = len(state["layers.0.feed_forward.intermediate_dense.weight"])
    sizes = Sizes(n_mels, size, size // HEAD, n_layers, between, len(state["positions"]))
    encoder = WhisperEncoder(sizes)
    encoder.load_state_dict(state)
    return Whisper(encoder).eval()


def _pair(variables: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    """Weight and bias, which CTranslate2 calls gamma and beta in norms."""
    names = ("gamma", "beta") if theirs.endswith("layer_norm") else ("weight", "bias")
    return {
        f"{ours}.{what}": variables[f"{theirs}/{name}"]
        for what, name in zip(("weight", "bias"), names, strict=True)
    }
