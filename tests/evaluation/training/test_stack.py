"""A stack of heads computes what single heads compute."""

import numpy as np
import pytest
import torch

from hearkit.evaluation.training.grid import Point
from hearkit.evaluation.training.heads import loss_of, make_head
from hearkit.evaluation.training.protocol import Monitor
from hearkit.evaluation.training.stack import Member, Stack, first_weights, losses, weights_of

N_FEATURES, N_LABELS = 6, 3


def point(layers: int, lr: float, dropout: float = 0.0) -> Point:
    return Point(layers, 16, dropout, "normal", lr, 1024, 10, 1, 3)


def stack_of(points: list[Point]) -> Stack:
    members = [Member(one, n, Monitor(maximize=True, patience=3)) for n, one in enumerate(points)]
    first = [first_weights(one, N_FEATURES, N_LABELS, n) for n, one in enumerate(points)]
    return Stack(members, first, "cpu", seed=0)


def batch(prediction_type: str) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    rows = torch.rand(32, N_FEATURES, generator=generator)
    if prediction_type == "multiclass":
        return rows, torch.randint(0, N_LABELS, (32,), generator=generator)
    return rows, torch.randint(0, 2, (32, N_LABELS), generator=generator).float()


@pytest.mark.parametrize("layers", [0, 1, 2])
@pytest.mark.parametrize("prediction_type", ["multiclass", "multilabel"])
def test_heads_learn_as_if_they_were_alone(layers: int, prediction_type: str) -> None:
    rows, targets = batch(prediction_type)
    points = [point(layers, lr) for lr in (1e-2, 1e-3, 1e-2)]
    stack = stack_of(points)
    alone = []
    for n, one in enumerate(points):
        torch.manual_seed(n)
        head = make_head(one, N_FEATURES, N_LABELS)
        alone.append((head, torch.optim.Adam(head.parameters(), lr=one.lr)))
    for step in range(6):
        if step == 3:  # the first head leaves: the others go on with their means
            stack.keep([n for n, member in enumerate(stack.members) if member.seed])
        stack.train(rows, targets, prediction_type)
        for head, optimizer in alone:
            head.train()
            loss = loss_of(head(rows), targets, prediction_type)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    assert sorted(member.seed for member in stack.members) == [1, 2]
    # As in training: normalisation takes away the biases before it, whose gradients are but
    # rounding, which Adam scales up.
    with torch.no_grad():
        found = stack.logits(rows, training=True)
        for n, member in enumerate(stack.members):
            expected = alone[member.seed][0](rows)
            torch.testing.assert_close(found[n], expected, rtol=1e-3, atol=1e-4)
            loss = loss_of(found[n], targets, prediction_type)
            torch.testing.assert_close(losses(found, targets, prediction_type)[n], loss)


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_heads_predict_as_if_they_were_alone(layers: int) -> None:
    rows, _ = batch("multiclass")
    stack = stack_of([point(layers, lr) for lr in (1e-2, 1e-3)])
    generator = torch.Generator().manual_seed(1)
    for name, tensor in stack._tensors.items():
        with torch.no_grad():  # statistics and weights as after training
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.1 * ("var" in name))
    for n, member in enumerate(stack.members):
        head = make_head(member.point, N_FEATURES, N_LABELS).eval()
        head.load_state_dict(stack.weights(n), strict=False)
        with torch.no_grad():
            torch.testing.assert_close(stack.logits(rows, training=False)[n], head(rows))


def test_dropout_leaves_out_its_share_and_scales_the_rest() -> None:
    share = 0.3
    stack = stack_of([point(1, 1e-3, share)])
    kept = stack._kept(torch.empty(1000, 500)).numpy()
    assert abs(kept.mean() - (1 - share)) < 4 * np.sqrt(share * (1 - share) / kept.size)
    rows, _ = batch("multiclass")
    with torch.no_grad():
        logits = torch.stack([stack.logits(rows, training=True)[0] for _ in range(3000)])
        state = {name: tensor.clone() for name, tensor in stack.weights(0).items()}
        plain = stack_of([point(1, 1e-3)])
        expected = plain.logits(rows, training=True)[0]
    assert state["0.weight"].equal(plain.weights(0)["0.weight"])
    torch.testing.assert_close(logits.mean(dim=0), expected, rtol=0, atol=0.1)


def test_gradients_pass_where_dropout_and_relu_let_values_pass() -> None:
    from hearkit.evaluation.training.stack import _dropout_relu

    values = torch.tensor([[-1.0, 2.0, 3.0]], dtype=torch.float64, requires_grad=True)
    kept = torch.tensor([[True, True, False]])
    out = _dropout_relu(values, kept, 2.0)
    assert out.tolist() == [[0.0, 4.0, 0.0]]
    out.sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    assert values.grad.tolist() == [[0.0, 2.0, 0.0]]


def test_weights_are_counted() -> None:
    one = point(2, 1e-3)
    head = make_head(one, N_FEATURES, N_LABELS)
    tensors = {k: v for k, v in head.state_dict().items() if not k.endswith("_tracked")}
    assert weights_of(one, N_FEATURES, N_LABELS) == sum(v.numel() for v in tensors.values())
