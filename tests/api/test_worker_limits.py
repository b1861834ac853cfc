"""What a worker tells is short, whatever the submission returns, raises or has for attributes."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from hearkit.api import wire
from hearkit.api.running import environment
from hearkit.api.worker import describe
from hearkit.api.worker.operations import Answer
from hearkit.api.worker.serve import _message, _short


def test_a_tensor_with_more_numbers_than_memory_is_described_and_not_copied() -> None:
    wide = torch.zeros(1).expand(2, 400_000_000_000)
    with pytest.raises(describe.TooLargeError, match=r"\(2, 400000000000\), 3200.00 GB") as caught:
        describe.value(wide, 1.5e9)
    assert describe.fault(caught.value)["kind"] == "answer"
    with pytest.raises(describe.TooLargeError):
        describe.value(np.broadcast_to(np.zeros(1), (2, 10**9)), 1.5e9)
    assert describe.value(torch.zeros(2, 3), 24).shape == (2, 3)


def told(answer: Answer, values: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    message = _short(_message(answer, values or []))
    assert len(json.dumps(message)) < wire.LONGEST_MESSAGE
    return message


def test_a_message_of_a_hundred_megabytes_is_cut_and_tells_what_was_raised() -> None:
    fault = told(Answer(error=ValueError("A" * 100_000_000)))["fault"]
    assert fault["message"].startswith("raised ValueError: AAA")
    assert len(fault["message"]) + len(fault["traceback"]) < 50_000


def test_effects_and_names_of_any_length_and_number_arrive() -> None:
    effects = tuple(("network", "x" * 10_000_000 if n == 0 else str(n)) for n in range(100_000))
    message = told(Answer(effects=effects, container="c" * 30_000_000))
    assert len(message["effects"]) == 1000
    many = told(Answer(opened=tuple(f"/{n}" * 100 for n in range(100_000))))
    assert many["fault"]["kind"] == "answer"


class Odd(int):
    def __repr__(self) -> str:
        raise ValueError

    def __float__(self) -> float:
        raise ValueError


class Model:
    number = 16000
    large = 10**5000
    odd = Odd(3)

    @property
    def raising(self) -> int:
        raise RuntimeError("no rate")


@pytest.mark.parametrize(
    ("name", "number", "text"),
    [
        ("number", 16000, "16000"),
        ("large", math.inf, "int that cannot be printed"),
        ("odd", None, "Odd that cannot be printed"),
        ("raising", None, "raised RuntimeError: no rate"),
    ],
)
def test_attributes_of_any_kind_are_described(name: str, number: float | None, text: str) -> None:
    found = describe.attribute(Model(), name)
    assert found.present
    assert found.number == number
    assert found.text == text
    assert not describe.attribute(Model(), "none").present


@pytest.mark.parametrize("watched", [True, False])
def test_no_worker_gets_the_credentials_of_stores(
    monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY",
                 "FSSPEC_S3_SECRET", "GOOGLE_APPLICATION_CREDENTIALS"):  # fmt: skip
        monkeypatch.setenv(name, "secret")
    assert "secret" not in environment(watched=watched).values()


def test_a_short_environment_has_no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "GITHUB_ENV", "MY_KEY"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert "secret" in environment().values()
    short = environment(short=True)
    assert "secret" not in short.values()
    assert {"PATH", "OMP_NUM_THREADS", "OMP_WAIT_POLICY"} <= set(short)
