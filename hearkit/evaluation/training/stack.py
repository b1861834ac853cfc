"""Heads of one shape as one stack: one product for all first layers, `bmm` for the others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import torch
from torch.nn import functional

from ..events import Postprocessing
from .adam import step_fast
from .grid import Point
from .heads import make_head
from .protocol import Monitor
from .scorer import Validation

Tensors = dict[str, torch.Tensor]

_BUFFERS = ("running_mean", "running_var")
"""What batch normalisation keeps; all other tensors of a head are trained."""

_COPIES = 5
"""Numbers that a head needs in memory for each of its weights: the weight, its gradient, Adam's
two means, and the weight at the best epoch."""


@dataclass
class Member:
    """A head of a stack.

    Attributes:
        point: Hyperparameters.
        seed: Seed of the evaluation that it belongs to.
        monitor: Follows its validations.
        best: Weights at the best epoch, each of the shape that it has in one head.
        found: Validation at that epoch.
        index: Place in the stack at its beginning.
    """

    point: Point
    seed: int
    monitor: Monitor
    best: Tensors = field(default_factory=dict)
    found: Validation | None = None
    index: int = 0


@dataclass(frozen=True)
class _Group:
    """Heads of one learning rate: views of their part of the stack's tensors, for the optimiser.

    Attributes:
        rate: Learning rate.
        heads: Where they are in the stack.
        weights: Each trained tensor.
        means: Running means of the gradients of each.
        squares: Running means of their squares.
    """

    rate: float
    heads: slice
    weights: list[torch.Tensor]
    means: list[torch.Tensor]
    squares: list[torch.Tensor]


def weights_of(point: Point, n_features: int, n_labels: int) -> int:
    """How many weights a head has."""
    widths = [n_features, *[point.hidden_dim] * point.hidden_layers, n_labels]
    products = sum(a * b for a, b in itertools.pairwise(widths))
    return products + sum(widths[1:]) + 4 * sum(widths[1:-1])


def bytes_of(point: Point, n_features: int, n_labels: int) -> int:
    """Memory that a head needs in training, without its rows."""
    return 4 * _COPIES * weights_of(point, n_features, n_labels)


def first_weights(point: Point, n_features: int, n_labels: int, seed: int) -> Tensors:
    """Drawn as in a single head, from a seed of its own, so that no stack changes them."""
    torch.manual_seed(seed)
    state = make_head(point, n_features, n_labels).state_dict()
    return {name: value for name, value in state.items() if not name.endswith("_tracked")}


class Stack:
    """Heads with the same layers, trained together; each as if it were alone.

    A tensor of the stack has the heads' tensors one after another, shape (n_heads, ...), under the
    name that it has in `make_head`'s module. Heads are sorted by learning rate, so that each
    rate's are one block for the optimiser.

    Attributes:
        members: The heads that are still trained, in the order of the tensors.

    Args:
        members: The heads.
        first: First weights of each.
        device: Where they compute.
        seed: Seed of their dropout.
        basis: The subspace in which rows lie, shape (n_dimensions, n_features); rows may then come
            as their places in it, of n_dimensions numbers.
    """

    def __init__(
        self,
        members: Sequence[Member],
        first: Sequence[Tensors],
        device: str,
        seed: int = 0,
        basis: torch.Tensor | None = None,
    ) -> None:
        self._basis = basis
        self._generator = np.random.Generator(np.random.SFC64(seed))
        order = sorted(range(len(members)), key=lambda n: members[n].point.lr)
        self.members = [members[n] for n in order]
        for n, member in enumerate(self.members):
            member.index = n
        self._point = self.members[0].point
        self._device = torch.device(device)
        self._step = 0
        stacked = {
            name: torch.stack([first[n][name] for n in order]).to(device) for name in first[0]
        }
        trained = [name for name in stacked if not name.endswith(_BUFFERS)]
        means = {name: torch.zeros_like(stacked[name]) for name in trained}
        squares = {name: torch.zeros_like(stacked[name]) for name in trained}
        self._put(stacked, means, squares)

    def _put(self, tensors: Tensors, means: Tensors, squares: Tensors) -> None:
        """Take tensors and Adam's means of the present members."""
        self._tensors, self._means, self._squares = tensors, means, squares
        for name in means:
            tensors[name].requires_grad_(True)
        self._groups = [
            _Group(
                rate,
                block,
                [tensors[name].detach()[block] for name in means],
                [means[name][block] for name in means],
                [squares[name][block] for name in means],
            )
            for rate, block in self._rates()
        ]

    def _rates(self) -> list[tuple[float, slice]]:
        """Each learning rate, and the heads that have it."""
        found, start = [], 0
        for rate, some in itertools.groupby(self.members, key=lambda member: member.point.lr):
            stop = start + len(list(some))
            found.append((rate, slice(start, stop)))
            start = stop
        return found

    def logits(self, rows: torch.Tensor, *, training: bool) -> torch.Tensor:
        """Logits of each head, shape (n_heads, n_rows, n_labels), of rows (n_rows, n_features)."""
        tensors, point = self._tensors, self._point
        n_heads, n_rows = len(self.members), len(rows)
        hidden = rows.unsqueeze(0)  # shape (1, n_rows, n_features): the same for all heads
        for n in range(point.hidden_layers):
            at = 4 * n  # linear, normalisation, dropout, ReLU
            wide = self._product(hidden, at)
            # Statistics of a column are those of one unit of one head.
            wide = functional.batch_norm(
                wide.transpose(0, 1).reshape(n_rows, n_heads * point.hidden_dim),
                tensors[f"{at + 1}.running_mean"].view(-1),
                tensors[f"{at + 1}.running_var"].view(-1),
                tensors[f"{at + 1}.weight"].view(-1),
                tensors[f"{at + 1}.bias"].view(-1),
                training=training,
            )
            if training and point.dropout:
                wide = _dropout_relu(wide, self._kept(wide), 1 / (1 - point.dropout))
            else:
                wide = wide.relu()
            hidden = wide.view(n_rows, n_heads, point.hidden_dim).transpose(0, 1)
        return self._product(hidden, 4 * point.hidden_layers)

    def _kept(self, like: torch.Tensor) -> torch.Tensor:
        """Which units dropout keeps, as bool of the same shape.

        On a CPU, PyTorch's Bernoulli numbers cost as much as a small head's products; 16 bits of
        NumPy's fastest generator are enough, since the probability is exact to 1 in 65536.
        """
        if like.is_cuda:
            return torch.rand_like(like) >= self._point.dropout
        least = round(self._point.dropout * 2**16)
        bits = self._generator.integers(0, 2**16, like.shape, np.uint16)
        return torch.from_numpy(bits >= least)

    def _product(self, hidden: torch.Tensor, at: int) -> torch.Tensor:
        """A linear layer of each head, shape (n_heads, n_rows, n_out)."""
        weight, bias = self._tensors[f"{at}.weight"], self._tensors[f"{at}.bias"]
        if len(hidden) == 1:
            all_weights = weight.flatten(0, 1)
            if at == 0 and self._basis is not None and hidden.shape[2] != weight.shape[2]:
                all_weights = functional.linear(all_weights, self._basis)
            wide = functional.linear(hidden[0], all_weights, bias.flatten())
            return wide.view(len(wide), len(weight), -1).transpose(0, 1)
        return torch.baddbmm(bias.unsqueeze(1), hidden, weight.transpose(1, 2))

    def train(self, rows: torch.Tensor, targets: torch.Tensor, prediction_type: str) -> None:
        """One step of each head on a batch."""
        self._step += 1
        logits = self.logits(rows, training=True)
        losses(logits, targets, prediction_type).sum().backward()  # type: ignore[no-untyped-call]
        for group in self._groups:
            gradients = [self._gradient(name)[group.heads] for name in self._means]
            step_fast(group.weights, gradients, group.means, group.squares, self._step, group.rate)
        for name in self._means:
            self._tensors[name].grad = None

    def _gradient(self, name: str) -> torch.Tensor:
        gradient = self._tensors[name].grad
        assert gradient is not None  # all layers take part in the loss
        return gradient

    def weights(self, n: int) -> Tensors:
        """A copy of one head's tensors."""
        return {name: tensor.detach()[n].clone() for name, tensor in self._tensors.items()}

    def snapshot(self) -> dict[str, Any]:
        """All that the training depends on, as plain values and tensors."""
        members = [
            {
                "monitor": dict(vars(member.monitor)),
                "index": member.index,
                "best": member.best,
                "figure": member.found.figure if member.found else None,
                "postprocessing": member.found.postprocessing.as_dict()
                if member.found and member.found.postprocessing
                else None,
            }
            for member in self.members
        ]
        generator: dict[str, Any] = dict(self._generator.bit_generator.state)
        return {
            "members": members,
            "step": self._step,
            "tensors": {name: tensor.detach() for name, tensor in self._tensors.items()},
            "means": self._means,
            "squares": self._squares,
            "generator": generator | {"state": {"state": generator["state"]["state"].tolist()}},
            "cuda": torch.cuda.get_rng_state(self._device) if self._device.type == "cuda" else None,
        }

    def resume(self, kept: dict[str, Any]) -> None:
        """Continue where the snapshot of an equal stack was taken."""
        self.members = [_member(one, self.members[one["index"]]) for one in kept["members"]]
        self._step = kept["step"]
        state = kept["generator"]["state"]["state"]
        self._generator.bit_generator.state = kept["generator"] | {
            "state": {"state": np.array(state, np.uint64)}
        }
        if kept["cuda"] is not None:
            torch.cuda.set_rng_state(kept["cuda"], self._device)
        if self.members:
            self._put(
                *(
                    {name: tensor.to(self._device) for name, tensor in kept[part].items()}
                    for part in ("tensors", "means", "squares")
                )
            )

    def keep(self, places: Sequence[int]) -> None:
        """Let all heads but these leave."""
        if len(places) == len(self.members):
            return
        self.members = [self.members[n] for n in places]
        if not places:
            return
        index = torch.tensor(places, device=next(iter(self._tensors.values())).device)
        self._put(
            *(
                {name: tensor.detach()[index] for name, tensor in tensors.items()}
                for tensors in (self._tensors, self._means, self._squares)
            )
        )


class _DropoutRelu(torch.autograd.Function):
    """Dropout and ReLU in one, since what passes is known from their input."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, kept: torch.Tensor, scale: float) -> torch.Tensor:
        factors = (kept & (values > 0)).to(values.dtype).mul_(scale)
        ctx.save_for_backward(factors)
        return values * factors

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (factors,) = ctx.saved_tensors
        return gradient * factors, None, None


_dropout_relu = cast(
    Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor], _DropoutRelu.apply
)


def _member(kept: dict[str, Any], member: Member) -> Member:
    """A head as it was kept."""
    vars(member.monitor).update(kept["monitor"])
    way = kept["postprocessing"]
    found = None
    if kept["best"]:
        found = Validation(kept["figure"], Postprocessing(**way) if way else None)
    return replace(member, best=kept["best"], found=found)


def losses(logits: torch.Tensor, targets: torch.Tensor, prediction_type: str) -> torch.Tensor:
    """The mean loss of each head, shape (n_heads,), of logits (n_heads, n_rows, n_labels)."""
    n_heads, n_rows, n_labels = logits.shape
    if prediction_type == "multiclass":
        all_heads = logits.reshape(n_heads * n_rows, n_labels)
        loss = functional.cross_entropy(all_heads, targets.repeat(n_heads), reduction="none")
        return loss.view(n_heads, n_rows).mean(dim=1)
    loss = functional.binary_cross_entropy_with_logits(
        logits, targets.expand_as(logits), reduction="none"
    )
    return loss.mean(dim=(1, 2))
