"""Each hint is given for a defect that has the cause which it names, and for a neighbour not."""

from pathlib import Path

import pytest

from hearkit.api.submission import Submission
from hearkit.effect import DATA_LOADER, Effect
from hearkit.errors import Fault
from validator import Options
from validator.asking.session import Session
from validator.checks import CATALOGUE
from validator.runner import Runner

from ..fakes import Fake
from ..in_memory import text_of, tried

TIMESTAMPS = """
import base
from base import *

def get_timestamp_embeddings(audio, model):
    embeddings, times = base.get_timestamp_embeddings(audio, model)
    return {}
"""

SCENES = """
import base
from base import *

def get_scene_embeddings(audio, model):
    embeddings = model(frame(audio))
    return {}
"""

MODEL = """
import base
from base import *

def load_model(model_file_path=""):
    model = base.load_model()
    {}
"""

UNITS = {
    "embeddings, times / 1000": "These look like seconds: multiply by 1000.",
    "embeddings, times * 1000": "These look like microseconds: divide by 1000.",
    "embeddings, times / 60000": "These look like minutes: multiply by 60000.",
    "embeddings, times * 16": "These look like sample numbers: multiply by 1000 / sample_rate.",
    "embeddings, times / 20": "These look like frame numbers: multiply by the hop in ms.",
    "embeddings, times / times[:, -1:]": "is it padded to a fixed length?",
    "embeddings, times * 2": "They run 2 times as fast as the audio",
}

SHAPES = {
    "embeddings.squeeze(), times.squeeze()": "Replace squeeze() by squeeze(dim)",
    "embeddings, times[0]": "Give every sound its row",
    "embeddings, times[:1]": "Give every sound its row",
    "embeddings.transpose(1, 2), times": "embeddings.transpose(1, 2)",
    "embeddings.transpose(0, 1), times": "embeddings.transpose(0, 1)",
    "embeddings[:, :-1], times": "",
}

RATES = {
    "type(model).sample_rate = lambda self: 16000": "it is read, not called",
    "model.sample_rate = '16000'": "Write a number, without quotation marks.",
    "model.sample_rate = 16": "This looks like kHz: write 16000.",
    "model.sample_rate = 22.05": "This looks like kHz: write 22050.",
    "model.sample_rate = 16000.0": "Write int(16000.0)",
    "model.sample_rate = 24000": "",
}

MODELS = {
    "pass": "Add `return model` at the end of load_model.",
    "return model, 16000": "Return the model alone",
    "return Model": "Return an instance, Model(), not the class.",
    "return model.state_dict()": "This looks like a state dict",
    "return dict(model.state_dict())": "This looks like a checkpoint",
    "return object()": "",
}


def hint(id_: str, code: str) -> str:
    """The hint of a finding."""
    found = tried(id_, code, runs=False)
    assert found.verdict.violates, found.verdict.seen
    assert found.verdict.hint in found.result.fix
    return found.verdict.hint


def agrees(found: str, expected: str) -> bool:
    """Whether this hint was given, or none where none was expected."""
    return expected in found if expected else not found


@pytest.mark.parametrize("returned", UNITS)
def test_the_unit_of_timestamps_is_named(returned: str) -> None:
    assert UNITS[returned] in hint("T01", TIMESTAMPS.format(returned))


@pytest.mark.parametrize("returned", SHAPES)
def test_the_cause_of_wrong_shapes_is_named(returned: str) -> None:
    assert agrees(hint("O03", TIMESTAMPS.format(returned)), SHAPES[returned])


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("embeddings", "Summarise over time, axis 1."),
        ("embeddings.mean(1).squeeze()", "Replace squeeze() by squeeze(dim)"),
        ("embeddings.mean(1)[:1]", ""),
    ],
)
def test_the_cause_of_wrong_shapes_of_scenes_is_named(returned: str, expected: str) -> None:
    assert agrees(hint("O03", SCENES.format(returned)), expected)


@pytest.mark.parametrize("line", RATES)
def test_the_mistake_in_a_sample_rate_is_named(line: str) -> None:
    assert agrees(hint("M01", MODEL.format(f"{line}; return model")), RATES[line])


@pytest.mark.parametrize("line", MODELS)
def test_what_was_returned_instead_of_a_model_is_named(line: str) -> None:
    assert agrees(hint("I06", MODEL.format(line)), MODELS[line])


def test_a_model_that_may_need_a_checkpoint_is_asked_for_one() -> None:
    assert "name it after the module" in hint("I05", text_of("bad/I05_raises"))


def test_swapped_results_and_sizes_are_named() -> None:
    assert "Swap the two returned values" in hint("O01", TIMESTAMPS.format("times, embeddings"))
    assert "The two sizes look swapped." in hint("O04", text_of("bad/O04_swapped_sizes"))
    assert hint("O04", text_of("bad/O04_wrong_size")) == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("R03_decibel_floor", "AmplitudeToDB"),
        ("R03_frames_regrouped", "frames of different sounds are probably regrouped"),
        ("R03_functional_batch_norm", "The model has batch normalisation"),
        ("R03_no_running_statistics", "The model has batch normalisation"),
        ("R03_batch_peak", ""),
    ],
)
def test_what_mixes_a_batch_is_named(name: str, expected: str) -> None:
    assert agrees(hint("R03", text_of(f"bad/{name}")), expected)


def test_seeding_is_not_hidden_by_a_loader_that_is_named_once() -> None:
    loader = Effect("rng", DATA_LOADER, "get_scene_embeddings(noise)")
    found = tried("S02", text_of("bad/S02_seeds_in_load"), effects=[loader] * 3, runs=False)
    assert "load_model leaves" in found.verdict.seen
    assert found.verdict.hint.count("generator=torch.Generator()") == 1
    alone = tried("S02", text_of("base"), effects=[loader] * 3, runs=False)
    assert alone.verdict.seen == f"{DATA_LOADER} (in get_scene_embeddings(noise))"
    assert "default_rng" not in alone.result.fix
    other = Effect("rng", "rng torch", "get_scene_embeddings(noise)")
    both = tried("S02", text_of("base"), effects=[loader, other], runs=False)
    assert "rng torch" in both.verdict.seen
    assert "generator=torch.Generator()" in both.verdict.hint


def test_a_path_that_has_a_default_is_not_asked_for_one(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.touch()
    code = (
        "from base import *\ndef load_model(path{}):\n    return Model().eval() if path else 1 / 0"
    )
    needs = tried("I07", code.format(""), weights, runs=False).result
    has = tried("I07", code.format("=None"), weights, runs=False).result
    assert needs.is_finding
    assert has.is_finding
    assert "Give model_file_path a default" in needs.fix
    assert "has a default already" in has.fix


def test_state_is_told_from_randomness() -> None:
    assert "this is state that a call leaves" in hint("R01", text_of("bad/R01_counter"))
    assert hint("R01", text_of("bad/R01_functional_dropout")) == ""


@pytest.mark.parametrize(
    ("id_", "returned", "expected"),
    [
        ("T10", "embeddings.flip(1), times", "They run backwards in time."),
        ("T10", "embeddings.roll(400, 1), times", ""),
        (
            "T10",
            "embeddings.mean(1, keepdim=True).expand_as(embeddings), times",
            "before they are averaged over time",
        ),
        ("T11", "embeddings, times - 32", "They look like the starts of windows"),
        ("T11", "embeddings, times + 32", "They look like the ends of windows"),
        ("T11", "embeddings, times - 200", "They would be right 200 ms later."),
        ("T11", "embeddings, times + 200", "They would be right 200 ms earlier."),
        ("T12", "embeddings, times * 1.001", "Timestamps are 320.32 samples apart"),
        ("T12", "embeddings, times * 0.985", "frames about 320.0"),
    ],
)
def test_where_embeddings_look_instead_is_named(id_: str, returned: str, expected: str) -> None:
    assert agrees(hint(id_, TIMESTAMPS.format(returned)), expected)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("exception", "follow its traceback"),
        ("exit", "Remove the exit"),
        ("crash", "python -X faulthandler"),
        ("timeout", "a slow machine needs --timeout"),
        ("memory", "--memory-limit sets the bound"),
        ("answer", ""),
    ],
)
def test_how_a_submission_failed_to_answer_is_named(kind: str, expected: str) -> None:
    session = Session(Submission("module"), lambda _: Fake(fault=Fault(kind, "seen", "step")))
    (check,) = (one for one in CATALOGUE if one.id == "I01")
    verdict = Runner((check,), session, Options()).result(check).verdict
    assert verdict is not None
    assert agrees(verdict.hint, expected)
