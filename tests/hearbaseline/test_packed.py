"""Products with prepacked weights against PyTorch's own, and that they follow their weights."""

import copy
import gc
import pickle
import platform
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F  # noqa: N812

from hearbaseline import _packed
from hearbaseline._packed import Linear, convolve, product


@pytest.fixture(params=["prepacked", "plain"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both ways in which the functions compute."""
    if request.param == "plain":
        monkeypatch.setattr(_packed, "has_operators", lambda: False)
    with torch.no_grad():
        yield


def test_the_operators_are_there() -> None:
    """Every PyTorch that the package allows has them on such a machine: no silent slowness."""
    if platform.machine() == "x86_64":
        with torch.no_grad():
            assert _packed.usable(torch.ones(1, 2), torch.ones(2, 3))


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("shape", [(1, 256), (21, 256), (2, 600, 256), (0, 256), (3, 0, 256)])
def test_product(shape: tuple[int, ...]) -> None:
    x, matrix = torch.randn(shape), torch.randn(256, 300)
    torch.testing.assert_close(product(x, matrix), x @ matrix, rtol=1e-5, atol=1e-4)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("bias", [True, False])
def test_linear(bias: bool) -> None:
    plain, layer = torch.nn.Linear(96, 130, bias), Linear(96, 130, bias)
    layer.load_state_dict(plain.state_dict())
    x = torch.randn(3, 50, 96)
    expected = plain(x)
    torch.testing.assert_close(layer(x), expected, rtol=1e-5, atol=1e-5)
    turned = x.transpose(0, 1)
    torch.testing.assert_close(layer(turned), expected.transpose(0, 1), rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(("kernel", "stride"), [(10, 5), (3, 2), (2, 2), (5, 2), (3, 3), (4, 1)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("n_in", [1, 6, 64])
def test_convolve(kernel: int, stride: int, bias: bool, n_in: int) -> None:
    conv = torch.nn.Conv1d(n_in, 40, kernel, stride, bias=bias)
    x = torch.randn(60, n_in)[5:]  # somewhere in its memory
    expected = F.conv1d(x.T, conv.weight, conv.bias, stride).T
    for _ in range(2):  # prepacked, and taken from the cache
        torch.testing.assert_close(convolve(x, conv.weight, conv.bias, stride), expected)


def changed_in_place(layer: Linear) -> None:
    layer.weight.mul_(2)


def changed_through_a_view(layer: Linear) -> None:
    layer.weight[0].zero_()


def loaded(layer: Linear) -> None:
    layer.load_state_dict({"weight": torch.randn_like(layer.weight)})


def replaced(layer: Linear) -> None:
    layer.weight.data = torch.randn_like(layer.weight)


def rounded(layer: Linear) -> None:
    layer.half().float()


def another_parameter(layer: Linear) -> None:
    layer.weight = torch.nn.Parameter(torch.randn_like(layer.weight))


@torch.no_grad()
@pytest.mark.parametrize(
    "change",
    [changed_in_place, changed_through_a_view, loaded, replaced, rounded, another_parameter],
)
def test_changed_weights_are_prepacked_again(change: object) -> None:
    layer, x = Linear(64, 64, bias=False), torch.randn(5, 64)
    before = layer(x)
    assert callable(change)
    change(layer)
    after = layer(x)
    assert not torch.equal(after, before)
    torch.testing.assert_close(after, x @ layer.weight.T, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_weights_are_prepacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Tensor] = []

    def counted(weights: Tensor) -> Tensor:
        made.append(weights)
        return real(weights)

    real = _packed.prepack
    monkeypatch.setattr(_packed, "prepack", counted)
    layer, matrix = Linear(8, 8), torch.randn(8, 8)
    for _ in range(3):
        layer(torch.randn(2, 8))
        product(torch.randn(2, 8), matrix)
    assert len(made) == 2


@torch.no_grad()
def test_models_are_copied_and_saved_without_it_and_it_goes_with_them() -> None:
    gc.collect()
    before = len(_packed._ENTRIES)
    layer, x = Linear(8, 8), torch.randn(2, 8)
    expected = layer(x)
    for another in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(another(x), expected)
    assert len(_packed._ENTRIES) == before + 2  # the first and the last
    del layer, another
    gc.collect()
    assert len(_packed._ENTRIES) == before


def test_what_is_trained_is_computed_by_pytorch() -> None:
    layer, x = Linear(8, 3), torch.randn(4, 8)
    layer(x).sum().backward()
    assert layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, x.sum(dim=0).repeat(3, 1))
    assert not _packed.usable(x.requires_grad_(), torch.randn(8, 3))


@pytest.mark.filterwarnings("ignore:Guards may run slower:RuntimeWarning")  # of Python 3.13.0
@torch.no_grad()
def test_what_asks_for_other_arithmetic_gets_it() -> None:
    layer, x = Linear(64, 32), torch.randn(4, 64)
    expected = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
    with FakeTensorMode(allow_non_fake_inputs=True):
        assert layer(torch.empty(7, 64)).shape == (7, 32)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), expected)


def test_other_types_and_inference_tensors_are_pytorchs() -> None:
    x, matrix = torch.randn(4, 8).double(), torch.randn(8, 3).double()
    assert torch.equal(product(x, matrix), x @ matrix)
    with torch.inference_mode():
        weights = torch.randn(8, 3)
        assert not _packed.usable(x.float(), weights)
        assert torch.equal(product(x.float(), weights), x.float() @ weights)
        expected = x.float() @ matrix.float()
    with torch.inference_mode():  # of a model that was loaded outside
        torch.testing.assert_close(product(x.float(), matrix.float()), expected)
