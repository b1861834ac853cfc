"""What a pool makes of what Ray says; with a Ray that is none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from hearkit.embed.spread.actor import ModelActor
from hearkit.embed.spread.command import check_gpu
from hearkit.embed.spread.messages import Refused, Setup
from hearkit.embed.spread.pool import RayPool
from hearkit.errors import UsageError


class _Died(Exception):  # noqa: N818 - as Ray's
    """As Ray's `RayError`."""


class _Raised(_Died):
    """As Ray's `RayTaskError`."""


class FakeRay:
    """A node with one actor, whose opening raises.

    Args:
        error: What Ray says of it.
    """

    exceptions = SimpleNamespace(RayTaskError=_Raised, RayError=_Died)

    def __init__(self, error: Exception | None = None, gpus: int = 0) -> None:
        self.error = error
        self.resources = {"CPU": 4.0, "GPU": float(gpus)}
        self.util = SimpleNamespace(
            scheduling_strategies=SimpleNamespace(
                NodeAffinitySchedulingStrategy=lambda *_, **__: None
            )
        )

    def nodes(self) -> list[Any]:
        node = {"NodeID": "n", "NodeManagerAddress": "10.0.0.2", "Alive": True}
        return [{**node, "Resources": self.resources}]

    def remote(self, **_: Any) -> Any:
        opening = SimpleNamespace(remote=lambda: "reference")
        handle = SimpleNamespace(open=opening)
        made = SimpleNamespace(remote=lambda *_: handle)
        return lambda _: SimpleNamespace(options=lambda **_: made)

    def wait(self, references: list[Any], **_: Any) -> tuple[list[Any], list[Any]]:
        return references, []

    def get(self, _: object) -> Any:
        assert self.error is not None
        raise self.error

    def kill(self, _: object) -> None:
        """Nothing is there."""


def pool_on(ray: FakeRay) -> RayPool:
    setup = cast(Setup, SimpleNamespace(submission=SimpleNamespace(device="auto")))
    pool = RayPool(ray, ModelActor, setup, lambda _: None)
    pool.grow()
    return pool


@pytest.mark.parametrize("kind", [_Raised, _Died])
@pytest.mark.parametrize("lack", ["No module named 'hearkit'", "Can't get attribute 'Setup'"])
def test_a_node_that_cannot_load_what_it_is_given_refuses(kind: type[_Died], lack: str) -> None:
    said = f"The actor with name X failed to import on the worker.\n\nError: {lack} on <module>"
    (event,) = pool_on(FakeRay(kind(said))).events(0)
    assert isinstance(event.answer, Refused)
    assert event.answer.message == (
        f"it has not the packages of the machine of the command ({lack}); install the same on both"
    )


def test_an_actor_that_ends_is_no_refusal_and_a_mistake_of_ours_is_raised() -> None:
    (event,) = pool_on(FakeRay(_Died("The actor died unexpectedly"))).events(0)
    assert event.answer is None
    assert event.why == "its process is gone"
    with pytest.raises(_Raised):
        list(pool_on(FakeRay(_Raised("KeyError: 1"))).events(0))


def test_cuda_without_a_gpu_is_one_line() -> None:
    with pytest.raises(UsageError, match="--device cuda: no node of the Ray has a GPU"):
        check_gpu(FakeRay(), "cuda")
    check_gpu(FakeRay(gpus=1), "cuda")
    check_gpu(FakeRay(), "auto")
