"""Adam is `torch.optim`'s."""

import subprocess
import sys

import torch

from hearkit.evaluation.training.adam import BlockedAdam, step_fast, step_plain
from hearkit.evaluation.training.grid import points
from hearkit.evaluation.training.heads import loss_of, make_head

from ..made import metadata


def test_adam_in_blocks_gives_the_same_numbers_as_on_whole_tensors() -> None:
    # Weights of several blocks, the last of which ends anywhere.
    point = points(metadata(param_grid={"hidden_layers": (2,)}), "faster", 1, 42)[0]
    torch.manual_seed(0)
    rows, targets = torch.rand(20, 1001), torch.randint(0, 3, (20,))
    heads = []
    for adam in (
        lambda h: torch.optim.Adam(h.parameters(), lr=1e-3),
        lambda h: BlockedAdam(h, 1e-3),
    ):
        torch.manual_seed(1)
        head = make_head(point, 1001, 3)
        optimizer = adam(head)
        for _ in range(5):
            loss = loss_of(head(rows), targets, "multiclass")
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        heads.append(head.state_dict())
    whole, blocked = heads
    assert sum(tensor.numel() > 1 << 16 for tensor in whole.values()) >= 1
    for name, tensor in whole.items():
        assert torch.equal(tensor, blocked[name]), name


def test_the_fast_step_is_the_plain_one_but_for_rounding() -> None:
    torch.manual_seed(0)
    plain, fast = ([torch.full((3, 50), 0.5), torch.zeros(7)] for _ in range(2))
    means, squares, fast_means, fast_squares = (
        [torch.zeros_like(w) for w in plain] for _ in range(4)
    )
    for step in range(1, 6):
        gradients = [torch.randn_like(w) for w in plain]
        step_plain(plain, gradients, means, squares, step, 1e-2)
        step_fast(fast, gradients, fast_means, fast_squares, step, 1e-2)
    for one, other in zip(plain, fast, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)
        assert not torch.equal(one, torch.full_like(one, 0.5))


def test_no_step_imports_the_compiler_of_pytorch() -> None:
    code = (
        "import sys, torch\n"
        "from hearkit.evaluation.training import exact, fused\n"
        "from hearkit.evaluation.training.adam import BlockedAdam, step_fast\n"
        "layer = torch.nn.Linear(2, 2)\n"
        "layer(torch.ones(1, 2)).sum().backward()\n"
        "BlockedAdam(layer, 0.1).step()\n"
        "one = [torch.ones(1)]\n"
        "step_fast(one, one, one, one, 1, 0.1)\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
