"""Any HEAR module behind two calls: what is accepted, and what is the submission's fault."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hearkit.api import Submission
from hearkit.api.local import LocalConnection
from hearkit.embed.model import Embedder, _is_finite
from hearkit.errors import LostError, SubmissionError, UsageError

from .conftest import MODULE

Load = Callable[..., Embedder]

SOUNDS = [np.full(3200, level, np.float32) for level in (0.1, 0.2)]

_numbers = itertools.count()


def embedder(module: str, weights: str = "", device: str = "cpu") -> Embedder:
    """An embedder in this process."""
    return Embedder(Submission.of(module, weights, device), LocalConnection)


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a variation of the small module; each under a name of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(more: str = "", weights: str = "", device: str = "cpu") -> Embedder:
        name = f"variation_{next(_numbers)}"
        (tmp_path / f"{name}.py").write_text(MODULE + more)
        return embedder(name, weights, device)

    return make


def test_a_batch_gives_plain_arrays_for_each_sound(load: Load) -> None:
    first, second = load().embed(SOUNDS)
    assert first.scene_embedding == pytest.approx([0.01, 3200])
    assert second.scene_embedding == pytest.approx([0.04, 3200])
    assert first.timestamp_embeddings.shape == (11, 2)
    assert np.array_equal(first.timestamps, np.arange(11, dtype=np.float32) * 20)
    assert {a.dtype.name for a in vars(second).values()} == {"float32"}


@pytest.mark.parametrize("at", [0, 9, 10, 29, -1])
def test_one_number_that_is_not_finite_is_found_in_whatever_part(
    monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr("hearkit.embed.model._AT_ONCE", 10)
    numbers = np.zeros((2, 4, 4), np.float32)
    assert _is_finite(numbers)
    numbers.reshape(-1)[at] = np.nan
    assert not _is_finite(numbers)


def test_no_gradient_is_recorded_and_a_result_with_one_is_taken(load: Load) -> None:
    model = load(
        """
def get_scene_embeddings(audio, model):
    assert not torch.is_grad_enabled()
    with torch.enable_grad():
        return audio[:, :2] * torch.ones(2, requires_grad=True)
"""
    )
    assert model.embed(SOUNDS)[1].scene_embedding == pytest.approx([0.2, 0.2])


def test_a_module_that_changes_its_input_changes_only_its_own(load: Load) -> None:
    model = load(
        """
def get_timestamp_embeddings(audio, model):
    audio.zero_()
    return torch.zeros(len(audio), 1, 2), torch.zeros(len(audio), 1)
"""
    )
    assert model.embed(SOUNDS)[0].scene_embedding == pytest.approx([0.01, 3200])
    assert SOUNDS[0][0] == np.float32(0.1)


@pytest.mark.parametrize(
    ("function", "returned", "words"),
    [
        ("scene", "torch.zeros(2, 2, dtype=torch.float64)", "float64 (2, 2), expected finite fl"),
        ("scene", "torch.zeros(2, 2, dtype=torch.bfloat16)", "bfloat16 (2, 2)"),
        ("scene", "torch.zeros(2, 2, dtype=torch.float16)", "float16 (2, 2)"),
        ("scene", "torch.zeros(2, 3)", "float32 (2, 3), expected finite float32 (2, 2)"),
        ("scene", "torch.zeros(1, 2)", "float32 (1, 2)"),
        ("scene", "torch.zeros(2, 1, 2)", "float32 (2, 1, 2)"),
        ("scene", "torch.full((2, 2), torch.nan)", "returned NaN or infinity"),
        ("scene", "audio.numpy()", "returned ndarray"),
        ("scene", "None", "returned NoneType"),
        ("timestamp", "torch.zeros(2, 4, 2)", "no pair"),
        ("timestamp", "(torch.zeros(2, 4, 2), torch.zeros(2, 3))", "expected finite float32 (2, 4"),
        ("timestamp", "(torch.zeros(2, 4, 3), torch.zeros(2, 4))", "(2, n_timestamps, 2)"),
        ("timestamp", "(torch.zeros(2, 4, 2), torch.zeros(4))", "float32 (4,)"),
        ("timestamp", "exit(3)", "failed: called sys.exit(3)"),
        ("timestamp", "[][1]", "failed: IndexError"),
    ],
)
def test_a_wrong_result_names_the_function_and_what_was_expected(
    load: Load, function: str, returned: str, words: str
) -> None:
    name = f"get_{function}_embeddings"
    model = load(f"\ndef {name}(audio, model): return {returned}\n")
    with pytest.raises(SubmissionError) as caught:
        model.embed(SOUNDS)
    assert f"{model.name}.{name} " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("del Model.sample_rate", "the model has no sample_rate"),
        ("Model.sample_rate = 44100.0", "model.sample_rate is 44100.0"),
        ("Model.scene_embedding_size = None", "model.scene_embedding_size is None"),
        ("Model.timestamp_embedding_size = 0", "model.timestamp_embedding_size is 0"),
        ("Model.to = lambda self, device: 1 / 0", "cannot be moved to cpu: ZeroDivisionError"),
        ("import no_such_library", "cannot be imported: ModuleNotFoundError"),
        ("raise KeyError('x')", "cannot be imported: KeyError"),
        ("raise SystemExit", "cannot be imported: called sys.exit(None)"),
        ("raise BaseException('odd')", "cannot be imported: BaseException: odd"),
        ("del load_model", "has no load_model"),
    ],
)
def test_a_faulty_module_is_the_submissions_fault(load: Load, more: str, words: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        load(more)
    assert words in str(caught.value)
    assert caught.value.exit_status == 1


@pytest.mark.parametrize(
    "name", ["no_such_module", "tests.no_such", "tiny.py", "./tiny", "a/b", ""]
)
def test_a_name_that_is_no_module_is_bad_usage(name: str) -> None:
    with pytest.raises(UsageError):
        embedder(name)


def test_a_gpu_that_is_not_there_is_bad_usage(load: Load) -> None:
    with pytest.raises(UsageError, match="--device cuda:99: PyTorch sees"):
        load(device="cuda:99")


def test_a_module_whose_process_ended_between_two_calls_is_loaded_again(load: Load) -> None:
    model = load()
    model._connection.close()
    assert model.embed(SOUNDS)[1].scene_embedding == pytest.approx([0.04, 3200])


def test_a_module_that_cannot_be_loaded_again_is_lost(load: Load) -> None:
    model = load(
        """
loads = [load_model]
def load_model(model_file_path=""):
    return loads.pop()()
"""
    )
    model._connection.close()
    with pytest.raises(LostError) as caught:
        model.embed(SOUNDS)
    assert str(caught.value) == (
        f"{model.name} ended its process and cannot be loaded again: "
        f"{model.name}.load_model failed: IndexError: pop from empty list"
    )
    assert caught.value.exit_status == 1


def test_weights_stay_spelled_as_they_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.pt").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "spelled.py").write_text(
        f"{MODULE}\ndef load_model(path):\n    assert path == './w.pt'\n    return Model()\n"
    )
    submission = Submission.of("spelled", "./w.pt")
    model = Embedder(submission, LocalConnection, weights="./w.pt")
    assert model.weights == "./w.pt"
