import torch

from hearkit.evaluation.training.grid import points
from hearkit.evaluation.training.heads import BlockedAdam, loss_of, make_head

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
