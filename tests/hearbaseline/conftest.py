"""What the tests of several baselines need."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode


@pytest.fixture
def fake_cuda() -> None:
    """Tensors that stand in for a GPU's, which those of PyTorch 2.2 do only next to a real one."""
    with FakeTensorMode():
        try:
            torch.empty(1, device="cuda") + 1
        except RuntimeError as error:
            pytest.skip(f"this PyTorch has no stand-in for a GPU: {error}")
