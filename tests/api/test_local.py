"""A submission in this process: the same requests and answers, and no protection."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearkit.api.local import LocalConnection
from hearkit.api.process import Limits, WorkerProcess
from hearkit.api.requests import Call, Import, Load, Request
from hearkit.api.submission import Submission
from hearkit.errors import Fault

CODE = """
import torch

class Model(torch.nn.Module):
    sample_rate, scene_embedding_size, timestamp_embedding_size = 16000, 2, 2

def load_model(model_file_path=""):
    if model_file_path == "interrupted":
        raise KeyboardInterrupt
    if model_file_path == "wrong":
        raise KeyError("which")
    return Model().eval()

def get_timestamp_embeddings(audio, model):
    return audio[:, :4, None].repeat(1, 1, 2), torch.arange(4.0).repeat(len(audio), 1)

def get_scene_embeddings(audio, model):
    assert not torch.is_grad_enabled()
    return audio[:, :2] * torch.ones(2, requires_grad=True)
"""

AUDIO = np.linspace(-1, 1, 16, dtype=np.float32).reshape(2, 8)


@pytest.fixture
def connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalConnection:
    (tmp_path / "nearby.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.delitem(sys.modules, "nearby", raising=False)
    return LocalConnection(Submission("nearby"))


def test_it_answers_as_a_worker_process_does(connection: LocalConnection) -> None:
    assert not connection.alive
    worker = WorkerProcess(Submission("nearby"), Limits(60, int(8e9)))
    try:
        steps: list[Request[Any]] = [Import(), Load(seed=1), Call("get_timestamp_embeddings")]
        for request in steps:
            audio = AUDIO if isinstance(request, Call) else None
            here = connection.ask(request, step="step", audio=audio)
            there = worker.ask(request, step="step", audio=audio)
            # What others have imported here before is in neither the frameworks nor the draws.
            if isinstance(request, Call):
                assert here.facts == there.facts
            if isinstance(request, Load):
                assert here.facts.attributes == there.facts.attributes
                assert here.facts.random_state["rng torch"] == there.facts.random_state["rng torch"]
            if isinstance(request, Import):
                assert here.facts.functions == there.facts.functions
                assert here.facts.file == there.facts.file
            assert here.container == there.container
            assert here.values == there.values
            for one, other in zip(here.values, there.values, strict=True):
                np.testing.assert_array_equal(one.array, other.array)
        assert connection.alive
    finally:
        worker.close()


def test_gradients_are_off_where_the_caller_says_so(connection: LocalConnection) -> None:
    connection.ask(Import(), step="import")
    connection.ask(Load(), step="load")
    reply = connection.ask(Call("get_scene_embeddings", gradients=False), step="call", audio=AUDIO)
    np.testing.assert_array_equal(reply.values[0].array, AUDIO[:, :2])
    with pytest.raises(Fault, match="AssertionError"):
        connection.ask(Call("get_scene_embeddings"), step="call", audio=AUDIO)


def test_a_fault_has_the_submissions_own_error_for_its_cause(connection: LocalConnection) -> None:
    connection.ask(Import(), step="import")
    with pytest.raises(Fault, match="raised KeyError: 'which'") as caught:
        connection.ask(Load(arguments=("wrong",)), step="load")
    assert isinstance(caught.value.__cause__, KeyError)
    assert "hearkit" not in caught.value.traceback


def test_an_interrupt_is_the_users(connection: LocalConnection) -> None:
    connection.ask(Import(), step="import")
    with pytest.raises(KeyboardInterrupt):
        connection.ask(Load(arguments=("interrupted",)), step="load")


def test_a_closed_connection_has_no_model(connection: LocalConnection) -> None:
    connection.ask(Import(), step="import")
    connection.ask(Load(), step="load")
    assert connection.model().sample_rate == 16000
    connection.close()
    assert not connection.alive
    with pytest.raises(KeyError):
        connection.model()
