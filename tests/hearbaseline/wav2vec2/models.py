"""Small wav2vec 2.0 and HuBERT models of random weights, with all parts of the published ones."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from hearbaseline.wav2vec2.checkpoint import build
from hearbaseline.wav2vec2.network import Network

from ...conftest import recordings_at

# Widths and layers; everything else is as published.
CONVOLUTIONS = [[32, 10, 5], *[[32, 3, 2]] * 4, *[[32, 2, 2]] * 2]

BASE: dict[str, Any] = {
    "extractor_mode": "group_norm",
    "extractor_conv_layer_config": CONVOLUTIONS,
    "extractor_conv_bias": False,
    "encoder_embed_dim": 128,
    "encoder_pos_conv_kernel": 128,
    "encoder_pos_conv_groups": 16,
    "encoder_num_layers": 3,
    "encoder_num_heads": 2,
    "encoder_ff_interm_features": 256,
    "encoder_layer_norm_first": False,
    "normalise": False,
}
LARGE = {
    **BASE,
    "extractor_mode": "layer_norm",
    "extractor_conv_bias": True,
    "encoder_layer_norm_first": True,
    "normalise": True,
}
# As of the bundled weights: frames that reach over more than two strides.
LONG = {**LARGE, "extractor_conv_layer_config": [[32, 700, 80], [32, 3, 2], [32, 3, 2]]}
KINDS = {"base": BASE, "large": LARGE}

# Arguments that torchaudio does not default.
DROPOUTS = {
    "encoder_projection_dropout": 0.0,
    "encoder_attention_dropout": 0.0,
    "encoder_ff_interm_dropout": 0.0,
    "encoder_dropout": 0.0,
    "encoder_layer_drop": 0.0,
}


def scatter(model: torch.nn.Module, seed: int = 0) -> None:
    """Give every parameter an effect: as made, biases are 0, norms idle and products tiny."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm.weight" in name or "original0" in name:
                parameter.copy_(1 + 0.3 * noise)
            elif parameter.ndim == 1:
                parameter.copy_(0.3 * noise)
            else:
                parameter.copy_(noise / parameter[0].numel() ** 0.5)


def random_network(config: dict[str, Any]) -> Network:
    """Our layers in evaluation mode, as PyTorch computes them: a reference for our shorter ways."""
    network = build(config).eval()
    scatter(network)
    return network


def torchaudio_model(config: dict[str, Any]) -> Any:
    """Torchaudio's model of an architecture, in training mode, with the weights that it draws.

    The test is skipped where torchaudio does not import, as next to a newer PyTorch.
    """
    try:
        models = import_module("torchaudio.models")
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        pytest.skip(f"torchaudio does not import: {error}")
    arguments = {name: config[name] for name in config if name != "normalise"}
    return models.wav2vec2_model(**{"aux_num_out": None, **DROPOUTS, **arguments})


def transformers() -> Any:
    """The package, without its types: checking those takes minutes.

    The test is skipped where it does not import.
    """
    return pytest.importorskip("transformers")


def saved(kind: str, folder: Path, head: str = "Model", **settings: Any) -> Any:
    """A transformers model in evaluation mode, as `save_pretrained` left it in a folder.

    Args:
        kind: "base" or "large" of wav2vec 2.0, or "hubert", which is a base.
        folder: Where.
        head: What the class is called behind the name of the kind.
        settings: Further arguments of the configuration.
    """
    family = "Hubert" if kind == "hubert" else "Wav2Vec2"
    sizes = KINDS["large" if kind == "large" else "base"]
    module = transformers()
    config = getattr(module, f"{family}Config")(
        conv_dim=[layer[0] for layer in CONVOLUTIONS],
        hidden_size=sizes["encoder_embed_dim"],
        num_hidden_layers=sizes["encoder_num_layers"],
        num_attention_heads=sizes["encoder_num_heads"],
        intermediate_size=sizes["encoder_ff_interm_features"],
        feat_extract_norm=sizes["extractor_mode"].removesuffix("_norm"),
        conv_bias=sizes["extractor_conv_bias"],
        do_stable_layer_norm=sizes["encoder_layer_norm_first"],
        **settings,
    )
    model = getattr(module, f"{family}{head}")(config).eval()
    scatter(model)
    model.save_pretrained(folder)
    return model


def recordings(seconds: float, count: int = 3) -> list[Tensor]:
    """Beginnings of real recordings at 16 kHz, shape (1, n_samples or fewer)."""
    found = [torch.from_numpy(sound)[None] for sound in recordings_at(16000).values()]
    return [sound[:, : int(seconds * 16000)] for sound in found[:: len(found) // count][:count]]


def error(seen: Tensor, expected: Tensor) -> float:
    """Greatest relative error of a sound."""
    seen, expected = seen.double().flatten(1), expected.double().flatten(1)
    return float(((seen - expected).norm(dim=1) / expected.norm(dim=1)).max())
