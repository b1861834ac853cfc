"""Our layers are torchaudio's: names, order, random weights, outputs and gradients, bit by bit."""

from typing import Any

import pytest
import torch
from torch import Tensor

from hearbaseline.wav2vec2.network import CONVOLUTIONS, Network

from .models import BASE, DROPOUTS, LARGE, LONG, recordings, torchaudio_model

TRAINED = {
    "encoder_projection_dropout": 0.1,
    "encoder_attention_dropout": 0.15,
    "encoder_ff_interm_dropout": 0.2,
    "encoder_dropout": 0.25,
    "encoder_layer_drop": 0.3,
}
ODD = {**LARGE, "encoder_pos_conv_kernel": 63}

ARCHITECTURES = {
    "base": BASE,
    "large": LARGE,
    "long": LONG,
    "odd positional kernel": ODD,
    "base, dropouts": {**BASE, **TRAINED},
    "large, dropouts": {**LARGE, **TRAINED},
}


def network(config: dict[str, Any]) -> Network:
    """Our layers in training mode, with the weights that they draw."""
    return Network(**{name: config[name] for name in config if name != "normalise"})


@pytest.fixture(params=ARCHITECTURES)
def pair(request: pytest.FixtureRequest) -> tuple[Network, Any]:
    """Ours and torchaudio's, drawn from the same seed."""
    config = ARCHITECTURES[request.param]
    torch.manual_seed(3)
    theirs = torchaudio_model(config)
    torch.manual_seed(3)
    return network(config), theirs


def test_names_order_and_random_weights_are_torchaudios(pair: tuple[Network, Any]) -> None:
    ours, theirs = (model.state_dict() for model in pair)
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        assert torch.equal(ours[name], tensor), name
    names = [[name for name, _ in model.named_parameters()] for model in pair]
    assert names[0] == names[1]  # an optimiser's state goes by their order


@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients_are_torchaudios(training: bool, pair: tuple[Network, Any]) -> None:
    audio = torch.cat([sound for sound in recordings(0.6) if sound.shape[1] == 9600])
    outputs: list[Tensor] = []
    for model in pair:
        model.train(training)
        torch.manual_seed(5)  # of dropouts, and of the layers left out
        found = model(audio)
        outputs.append(found if isinstance(found, Tensor) else found[0])
        outputs[-1].square().mean().backward()  # type: ignore[no-untyped-call]
    assert torch.equal(*outputs)
    ours, theirs = pair
    for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if other.grad is None:  # of a layer that was left out
            assert mine.grad is None, name
        else:
            assert mine.grad is not None, name
            assert torch.equal(mine.grad, other.grad), name


def test_dropouts_change_the_output_in_training_alone() -> None:
    model = network({**BASE, **TRAINED})
    (audio, *_) = recordings(0.5)
    assert not torch.equal(model(audio), model(audio))
    model.eval()
    assert torch.equal(model(audio), model(audio))
    plain = network({**BASE, **DROPOUTS})
    assert torch.equal(plain(audio), plain(audio))


def test_the_published_convolutions_are_the_default() -> None:
    with torch.device("meta"):
        model = network({**BASE, "extractor_conv_layer_config": None})
    kernels = [tuple(layer.conv.weight.shape) for layer in model.feature_extractor.conv_layers]
    assert kernels[:2] == [(512, 1, 10), (512, 512, 3)]
    assert [(k[0], k[2]) for k in kernels] == [size[:2] for size in CONVOLUTIONS]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"encoder_num_heads": 3}, "3 attention heads cannot share 128 numbers out"),
        ({"extractor_mode": "batch_norm"}, "extractor_mode is 'batch_norm', not group_norm or"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(
    argument: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        network({**BASE, **argument})
