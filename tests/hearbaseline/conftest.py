"""What the tests of several baselines need."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode


@pytest.fixture
def fake_cuda() -> None:
    """Tensors that stand in for a GPU's; older PyTorch can slice or move them only next to one."""
    with FakeTensorMode():
        try:
            torch.empty(2, device="cuda")[:1] + torch.empty(1).to("cuda")
        except (RuntimeError, AssertionError) as error:
            pytest.skip(f"this PyTorch has no stand-in for a GPU: {error}")
