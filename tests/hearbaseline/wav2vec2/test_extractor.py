"""The feature extractor's products against PyTorch's convolutions and norms."""

from typing import Any

import pytest
import torch
from torch import Tensor

from hearbaseline import _packed
from hearbaseline.wav2vec2 import extractor as module
from hearbaseline.wav2vec2.extractor import Extractor, Geometry, arrange

from .models import BASE, KINDS, LONG, error, random_network, recordings

# Of latents; all float32.
PARITY = 1e-5


@pytest.fixture(scope="module", params=[*KINDS, "long"])
def extractor(request: pytest.FixtureRequest) -> Any:
    """One as it is trained, its own forward pass the reference."""
    return random_network({**KINDS, "long": LONG}[request.param]).feature_extractor


@torch.no_grad()
def reference(extractor: Any, audio: Tensor) -> Tensor:
    latents: Tensor = extractor(audio)
    return latents


@torch.no_grad()
@pytest.mark.parametrize(
    ("frames", "prepacked"), [(7, True), (64, True), (64, False), (1000, True)]
)
def test_latents_equal_those_of_the_plain_layers(
    frames: int, prepacked: bool, extractor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CPU_FRAMES", frames)
    if not prepacked:  # as on a GPU
        monkeypatch.setattr(_packed, "has_operators", lambda: False)
    for audio in (*recordings(1.61), torch.cat(recordings(0.2, count=9))):
        expected = reference(extractor, audio)
        seen = Extractor(extractor.conv_layers, audio)
        assert error(seen.frames(0, expected.shape[1]), expected) < PARITY
        end = min(9, expected.shape[1])
        assert error(seen.frames(3, end), expected[:, 3:end]) < PARITY


@torch.no_grad()
def test_arranged_kernels_are_the_same_and_need_no_copy() -> None:
    layers: Any = random_network(BASE).feature_extractor.conv_layers
    before = {name: tensor.clone() for name, tensor in layers.state_dict().items()}
    arrange(layers)
    for name, tensor in layers.state_dict().items():
        assert torch.equal(tensor, before[name])
    for layer in layers:
        weight = layer.conv.weight
        assert weight.permute(2, 1, 0).flatten(0, 1).data_ptr() == weight.data_ptr()


@torch.no_grad()
def test_group_norm_survives_low_notes_and_offsets() -> None:
    """A filter that hears only what is a ten-thousandth of the sound."""
    layer: Any = random_network(BASE).feature_extractor.conv_layers[0]
    layer.conv.weight.copy_(layer.conv.weight - layer.conv.weight.mean(dim=2, keepdim=True))
    time = torch.arange(48000) / 16000
    audio = (0.5 + 0.4 * torch.sin(500 * time) + 1e-4 * torch.sin(30000 * time))[None]
    wide: Any = layer.double()
    expected = wide(audio.double()[None])
    layer.float()
    seen = Extractor([layer], audio).frames(0, expected.shape[2])
    assert error(seen, expected.mT) < 1e-3


def test_the_receptive_field_follows_from_the_layers() -> None:
    extractor: Any = random_network(BASE).feature_extractor
    assert Geometry.of(extractor.conv_layers) == Geometry(field=400, stride=320)
    assert Geometry.of(extractor.conv_layers[:2]) == Geometry(field=20, stride=10)
