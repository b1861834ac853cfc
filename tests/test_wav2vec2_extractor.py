"""The feature extractor's products against PyTorch's convolutions and norms."""

from typing import Any

import pytest
import torch
from torch import Tensor

from hearbaseline import _packed, _wav2vec2_extractor
from hearbaseline._wav2vec2_extractor import Extractor, Geometry, arrange

from .wav2vec2_models import BASE, KINDS, LONG, error, recordings, torchaudio_model

# Of latents; all float32.
PARITY = 1e-5


@pytest.fixture(scope="module", params=[*KINDS, "long"])
def extractor(request: pytest.FixtureRequest) -> Any:
    """torchaudio's, its own forward pass the reference."""
    return torchaudio_model({**KINDS, "long": LONG}[request.param]).feature_extractor


@torch.no_grad()
def reference(extractor: Any, audio: Tensor) -> Tensor:
    latents: Tensor = extractor(audio, None)[0]
    return latents


@torch.no_grad()
@pytest.mark.parametrize(("frames", "in_order"), [(7, True), (64, True), (64, False), (1000, True)])
def test_latents_equal_torchaudios(
    frames: int, in_order: bool, extractor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_wav2vec2_extractor, "CPU_FRAMES", frames)
    if not in_order:  # as on a GPU
        monkeypatch.setattr(_packed, "has_operators", lambda: False)
    for audio in (*recordings(1.61), torch.cat(recordings(0.2, count=9))):
        expected = reference(extractor, audio)
        seen = Extractor(extractor.conv_layers, audio)
        assert error(seen.frames(0, expected.shape[1]), expected) < PARITY
        end = min(9, expected.shape[1])
        assert error(seen.frames(3, end), expected[:, 3:end]) < PARITY


@torch.no_grad()
def test_arranged_kernels_are_the_same_and_need_no_copy() -> None:
    layers: Any = torchaudio_model(BASE).feature_extractor.conv_layers  # type: ignore[union-attr]
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
    layer: Any = torchaudio_model(BASE).feature_extractor.conv_layers[0]  # type: ignore[index, union-attr]
    layer.conv.weight.copy_(layer.conv.weight - layer.conv.weight.mean(dim=2, keepdim=True))
    time = torch.arange(48000) / 16000
    audio = (0.5 + 0.4 * torch.sin(500 * time) + 1e-4 * torch.sin(30000 * time))[None]
    wide: Any = layer.double()
    expected, _ = wide(audio.double()[None], None)
    layer.float()
    seen = Extractor([layer], audio).frames(0, expected.shape[2])
    assert error(seen, expected.mT) < 1e-3


def test_the_receptive_field_follows_from_the_layers() -> None:
    extractor: Any = torchaudio_model(BASE).feature_extractor
    assert Geometry.of(extractor.conv_layers) == Geometry(field=400, stride=320)
    assert Geometry.of(extractor.conv_layers[:2]) == Geometry(field=20, stride=10)
