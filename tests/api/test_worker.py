"""What the worker says of imports, models, calls and their effects, through the real process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearkit.api.facts import CallFacts
from hearkit.api.process import Limits, WorkerProcess
from hearkit.api.requests import Call, Describe, Drop, Import, Load, Measure
from hearkit.api.submission import Reply, Submission
from hearkit.errors import Fault

CODE = """
import numpy, random, torch

class Model(torch.nn.Module):
    sample_rate = 16000
    scene_embedding_size = torch.tensor(4)
    timestamp_embedding_size = 4

    def __init__(self):
        super().__init__()
        self.dropout = torch.nn.Dropout(0.5)

def load_model(model_file_path=""):
    if model_file_path == "seeded":
        torch.manual_seed(0)
    if model_file_path == "dictionary":
        return {}
    torch.rand(3)
    model = Model()
    return model if model_file_path == "training" else model.eval()

def get_timestamp_embeddings(audio, model, hop=20.0, *more, scale=1.0, **other):
    return audio[:, None], [1.0], "text"

def get_scene_embeddings(audio, model):
    model.dropout(audio)
    return ANSWERS[open('wanted').read()](audio, model)

ANSWERS = {
    "same": lambda audio, model: audio.clone(),
    "view": lambda audio, model: audio.clone().t().t(),
    "gradient": lambda audio, model: audio * torch.ones(1, requires_grad=True),
    "bfloat16": lambda audio, model: audio.bfloat16(),
    "sparse": lambda audio, model: audio.to_sparse(),
    "half": lambda audio, model: audio.half(),
    "complex": lambda audio, model: torch.complex(audio, audio).conj(),
    "numpy": lambda audio, model: audio.numpy().astype("float64"),
    "strides": lambda audio, model: torch.tensor([audio.stride()]),
    "audio changed": lambda audio, model: audio.mul_(2),
    "rng torch": lambda audio, model: torch.rand(2, 4),
    "rng numpy": lambda audio, model: (numpy.random.rand(), audio)[1],
    "rng random": lambda audio, model: (random.random(), audio)[1],
    "dtype": lambda audio, model: (torch.set_default_dtype(torch.float64), audio)[1],
    "dtype back": lambda audio, model: (torch.set_default_dtype(torch.float32), audio)[1],
    "saves": lambda audio, model: (torch.save(audio, "saved.pt"), audio)[1],
    "lists": lambda audio, model: {"x": audio.tolist()},
    "list of tensors": lambda audio, model: {"x": list(audio)},
    "of different lengths": lambda audio, model: ([[1.0], [1.0, 2.0]], [audio, audio[:1]]),
    "dictionary": lambda audio, model: {"embeddings": audio},
    "wide": lambda audio, model: torch.arange(4.)[:, None] * torch.ones(2, 1, 64),
    "drawn": lambda audio, model: torch.rand(2, 4),
}
"""

AUDIO = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    folder = tmp_path_factory.mktemp("submission")
    (folder / "worked.py").write_text(CODE, "utf-8")
    (folder / "wanted").write_text("same")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        worker = WorkerProcess(Submission("worked"), Limits(60.0, int(8e9)))
        worker.ask(Import(), step="import")
        worker.ask(Load(), step="load")
        yield worker
        worker.close()


def call(worker: WorkerProcess, answer: str, **options: Any) -> Reply[CallFacts]:
    Path("wanted").write_text(answer)
    call = Call("get_scene_embeddings", **options)
    return worker.ask(call, step="call", audio=AUDIO)


def test_signatures_are_described(worker: WorkerProcess) -> None:
    functions = worker.ask(Import(), step="import").facts.functions
    load, call = functions["load_model"], functions["get_timestamp_embeddings"]
    assert load is not None
    assert call is not None
    assert [p.name for p in load.parameters or ()] == ["model_file_path"]
    parameters = {p.name: p for p in call.parameters or ()}
    assert not parameters["audio"].default
    assert parameters["hop"].default
    assert parameters["more"].star
    assert not parameters["scale"].positional
    assert parameters["other"].variadic


def test_a_model_is_described(worker: WorkerProcess) -> None:
    facts = worker.ask(Load("facts"), step="load").facts
    assert (facts.type, facts.framework, facts.device) == ("worked.Model", "torch", "cpu")
    assert [path.name for path in facts.files] == ["worked.py"]
    attributes = facts.attributes
    assert attributes["sample_rate"].number == 16000
    assert attributes["timestamp_embedding_size"].python_int
    assert not attributes["scene_embedding_size"].python_int
    assert attributes["scene_embedding_size"].number is None


def test_what_is_no_model_has_no_framework_and_cannot_be_called(worker: WorkerProcess) -> None:
    reply = worker.ask(Load("other", ("dictionary",)), step="load")
    assert (reply.facts.type, reply.facts.framework) == ("dict", "")
    with pytest.raises(Fault, match="no model"):
        call(worker, "same", slot="other")


@pytest.mark.parametrize(
    ("answer", "dtype"),
    [
        ("same", "float32"),
        ("view", "float32"),
        ("bfloat16", "bfloat16"),
        ("half", "float16"),
        ("sparse", "float32"),
        ("numpy", "float64"),
        ("lists", "float64"),
        ("list of tensors", "float32"),
    ],
)
def test_numbers_cross_whatever_holds_them(worker: WorkerProcess, answer: str, dtype: str) -> None:
    (value,) = call(worker, answer).values
    assert value.dtype == dtype
    assert value.array is not None
    assert value.shape == value.array.shape
    assert value.array.dtype == np.float32
    np.testing.assert_allclose(value.array, AUDIO, atol=0.01)


def test_of_complex_numbers_the_size_crosses(worker: WorkerProcess) -> None:
    (value,) = call(worker, "complex").values
    assert value.dtype == "complex64"
    assert value.array is not None
    np.testing.assert_allclose(value.array, np.abs(AUDIO - 1j * AUDIO), rtol=1e-6)


def test_what_holds_no_numbers_has_none(worker: WorkerProcess) -> None:
    reply = call(worker, "of different lengths")
    assert [(v.type, v.array) for v in reply.values] == [("list", None)] * 2


def test_a_dictionary_is_described_by_its_values(worker: WorkerProcess) -> None:
    reply = call(worker, "dictionary")
    assert reply.container == "dict"
    assert [value.dtype for value in reply.values] == ["float32"]


def test_wide_embeddings_are_projected_as_asked(worker: WorkerProcess) -> None:
    (whole,) = call(worker, "wide").values
    narrow, again = (call(worker, "wide", width=3).values[0] for _ in range(2))
    assert whole.array is not None
    assert narrow.array is not None
    assert narrow.shape == (*whole.shape[:2], 3)
    np.testing.assert_array_equal(narrow.array, again.array)
    # A line through the embeddings stays one.
    np.testing.assert_allclose(narrow.array[:, 1] * 2, narrow.array[:, 2], rtol=1e-5)
    (same,) = call(worker, "wide", width=64).values
    np.testing.assert_array_equal(same.array, whole.array)


def test_a_gradient_is_told_of(worker: WorkerProcess) -> None:
    assert call(worker, "gradient").values[0].requires_grad
    assert not call(worker, "same").values[0].requires_grad


def test_all_returned_values_are_described(worker: WorkerProcess) -> None:
    reply = worker.ask(Call("get_timestamp_embeddings"), step="call", audio=AUDIO)
    assert reply.container == "tuple"
    assert [v.type for v in reply.values] == ["torch.Tensor", "list", "str"]
    assert [v.array is None for v in reply.values] == [False, False, True]


@pytest.mark.parametrize(
    ("layout", "contiguous"), [("", True), ("sliced", False), ("strided", False)]
)
def test_audio_is_laid_out_as_asked(worker: WorkerProcess, layout: str, contiguous: bool) -> None:
    (value,) = call(worker, "strides", layout=layout).values
    assert value.array is not None
    assert (value.array.tolist() == [[4, 1]]) == contiguous
    np.testing.assert_array_equal(call(worker, "same", layout=layout).values[0].array, AUDIO)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("same", ""),
        ("view", ""),
        ("audio changed", "audio"),
        ("rng torch", "rng"),
        ("rng numpy", "rng"),
        ("rng random", "rng"),
        ("dtype", "default dtype"),
        ("dtype back", "default dtype"),
        ("saves", "write"),
    ],
)
def test_effects_of_a_call_are_told(worker: WorkerProcess, answer: str, kind: str) -> None:
    assert {e.kind for e in call(worker, answer).effects} == ({kind} if kind else set())


def test_layers_in_training_mode_are_named(worker: WorkerProcess) -> None:
    worker.ask(Load("training", ("training",)), step="load")
    assert call(worker, "same", slot="training").facts.training == {"dropout": "Dropout"}
    assert call(worker, "same").facts.training == {}


def test_a_seed_is_set_just_before_the_call(worker: WorkerProcess) -> None:
    one, same, other = (call(worker, "drawn", seed=n).values[0].array for n in (1, 1, 2))
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_seeding_at_load_shows_in_the_random_state_afterwards(worker: WorkerProcess) -> None:
    def digest(argument: str, seed: int) -> str:
        reply = worker.ask(Load("r", (argument,), seed), step="load")
        return str(reply.facts.random_state["rng torch"])

    assert digest("", 1) != digest("", 2)
    assert digest("seeded", 1) == digest("seeded", 2)


def test_a_dropped_model_is_gone(worker: WorkerProcess) -> None:
    worker.ask(Load("dropped", ()), step="load")
    before = worker.ask(Measure(), step="measure").facts.objects
    worker.ask(Drop("dropped"), step="drop")
    assert worker.ask(Measure(), step="measure").facts.objects < before
    with pytest.raises(Fault):
        call(worker, "same", slot="dropped")


def test_versions_are_told(worker: WorkerProcess) -> None:
    facts = worker.ask(Describe(), step="look").facts
    assert any(version.startswith("torch ") for version in facts.frameworks)
