"""Hypothesis finds the smallest batch that shows a defect, and the snippet shows it again."""

import contextlib
import importlib
import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from validator import testing
from validator.stimuli import Stimulus
from validator.testing import CONTENT, Property, PropertyError, Subject, audio_batches, hold, load

SAMPLE_RATE = 16000
SHORTEST = round(0.81 * SAMPLE_RATE)

MODEL = """
import torch

class Model(torch.nn.Module):
    sample_rate, scene_embedding_size, timestamp_embedding_size = 16000, 401, 401
    calls = 0

def load_model(model_file_path=""):
    return Model()

def get_timestamp_embeddings(audio, model):
    frames = torch.nn.functional.pad(audio, (400, 400)).unfold(1, 800, 800)
    times = (50.0 * torch.arange(frames.shape[1])).expand(len(audio), -1)
    embeddings = torch.fft.rfft(frames).abs().log1p()
    EMBEDDINGS
    return embeddings, times

def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
"""

Load = Callable[[str], Subject]


@pytest.fixture
def load_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Load:
    """Loads the model with these lines in its timestamp function, from a file of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def loaded(lines: str) -> Subject:
        name = f"defect_{abs(hash(request.node.nodeid)):x}"
        text = MODEL.replace("    EMBEDDINGS\n", "".join(f"    {x}\n" for x in lines.split("\n")))
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return load(name)

    return loaded


# What breaks, the property that says so, and the smallest batch that shows it: what each sound
# holds, and the length.
DEFECTS = {
    "a size of its own": (
        "embeddings = embeddings[..., :400]",
        testing.shapes_follow_the_input, ("noise",), SHORTEST,
    ),
    "the first sound only": (
        "embeddings = embeddings[:1]",
        testing.shapes_follow_the_input, ("noise", "noise"), SHORTEST,
    ),
    "no fourth sound": (
        "embeddings = embeddings[:3]",
        testing.shapes_follow_the_input, ("noise",) * 4, SHORTEST,
    ),
    "NaN for silence": (
        "embeddings = embeddings / audio.abs().amax(1)[:, None, None]",
        testing.embeddings_are_finite, ("silence",), SHORTEST,
    ),
    "infinity for clipping": (
        "embeddings = embeddings - (1 - audio.abs().mean(1)[:, None, None]).log()",
        testing.embeddings_are_finite, ("full-scale clipping",), SHORTEST,
    ),
    "seconds": (
        "times = times / 1000 + 1e5",
        testing.timestamps_are_regular_and_inside, ("noise",), SHORTEST,
    ),
    "timestamps past the end of odd lengths": (
        "times = times + 1000 * (audio.shape[1] % 2)",
        testing.timestamps_are_regular_and_inside, ("noise",), SHORTEST + 1,
    ),
    "a chunk of two seconds that begins again": (
        "times = times % 2000",
        testing.timestamps_are_regular_and_inside, ("noise",), 2 * SAMPLE_RATE,
    ),
    "timestamps later for each sound": (
        "times = times + 0.1 * torch.arange(len(audio))[:, None] * (len(audio) > 2)",
        testing.timestamps_are_regular_and_inside, ("noise",) * 3, SHORTEST,
    ),
    "another answer each time": (
        "model.calls += 1; embeddings = embeddings + model.calls",
        testing.repeated_calls_agree, ("noise",), SHORTEST,
    ),
    "statistics of the batch": (
        "embeddings = embeddings - embeddings.mean((0, 1))",
        testing.each_sound_is_embedded_alone, ("noise", "noise"), SHORTEST,
    ),
    "another kernel for three sounds": (
        "embeddings = embeddings * (1 + 0.01 * (len(audio) == 3))",
        testing.each_sound_is_embedded_alone, ("noise",) * 3, SHORTEST,
    ),
    "sorted by level": (
        "embeddings = embeddings[audio.square().sum(1).argsort()]",
        testing.order_does_not_matter, ("noise", "noise"), SHORTEST,
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_shrunk_to_the_smallest_batch_that_shows_it(
    defect: str, load_with: Load
) -> None:
    lines, property_, kinds, n_samples = DEFECTS[defect]
    subject = load_with(lines)
    with pytest.raises(PropertyError) as caught:
        hold(property_, subject, examples=100)
    batch = caught.value.batch
    assert batch.name.partition(";")[0] == ", ".join(kinds)
    assert batch.audio.shape == (len(kinds), n_samples)

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(caught.value.snippet, {})
    assert printed.getvalue().strip() not in ("", "tensor(0.)", "True")
    assert len(caught.value.snippet.splitlines()) <= 6


@pytest.mark.parametrize("property_", testing.PROPERTIES, ids=lambda p: p.__name__)
def test_a_good_submission_has_every_property(property_: Property, load_with: Load) -> None:
    hold(property_, load_with("pass"), examples=30)


@settings(deadline=None, max_examples=30)
@given(audio_batches(SAMPLE_RATE, seconds=(0.1, 0.2)))
def test_batches_are_audio_and_their_code_makes_them(batch: Stimulus) -> None:
    from validator import stimuli

    assert batch.audio.dtype == np.float32
    assert 1 <= len(batch) <= 4
    assert 1600 <= batch.n_samples <= 3200
    assert np.abs(batch.audio).max() <= 1
    names = {"np": np, "recordings": stimuli.recordings, "burst_train": stimuli.burst_train}
    np.testing.assert_allclose(eval(batch.code, names), batch.audio, atol=1e-6)


@pytest.mark.parametrize("kind", CONTENT)
def test_each_content_can_be_asked_for_alone(kind: str) -> None:
    @settings(deadline=None, max_examples=3)
    @given(audio_batches(SAMPLE_RATE, n_sounds=(2, 2), seconds=(0.3, 0.4), content=[kind]))
    def look(batch: Stimulus) -> None:
        assert batch.name.startswith(f"{kind}, {kind}; 2 x ")
        assert (batch.audio != 0).any() == (kind != "silence")

    look()


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"n_sounds": (0, 2)}, "n_sounds must be 1 or more"),
        ({"seconds": (2.0, 1.0)}, "seconds must be more than 0"),
        ({"content": ["speech"]}, r"content must be some of noise.*not \['speech'\]"),
    ],
)
def test_what_makes_no_batch_is_refused(given_: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        audio_batches(SAMPLE_RATE, **given_)  # type: ignore[arg-type]


def test_a_property_of_ones_own_is_a_function(load_with: Load) -> None:
    def quiet(_: Subject, batch: Stimulus) -> None:
        assert np.abs(batch.audio).max() < 0.9, batch.name

    with pytest.raises(AssertionError, match=r"^full-scale clipping; 1 x 12960 samples, seed 0"):
        hold(quiet, load_with("pass"), examples=100, content=("noise", "full-scale clipping"))


def test_a_class_brings_all_properties_as_tests(tmp_path: Path) -> None:
    (tmp_path / "batchy.py").write_text(
        MODEL.replace("EMBEDDINGS", "embeddings = embeddings - embeddings.mean((0, 1))")
    )
    (tmp_path / "test_batchy.py").write_text(
        "from validator.testing import Properties\n\n"
        "class TestBatchy(Properties):\n    module, examples = 'batchy', 10\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 failed, 5 passed" in done.stdout
    assert "audio: noise, noise; 2 x 12960 samples" in done.stdout
    assert "import batchy as submission" in done.stdout


def test_without_hypothesis_it_is_said_what_to_install() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import validator.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "ImportError: validator.testing needs Hypothesis: pip install 'hearbaseline[testing]'"
    )


def test_the_documented_tests_run(tmp_path: Path) -> None:
    page = Path(__file__).parent.parent / "docs" / "testing.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    (tmp_path / "my_module.py").write_text(MODEL.replace("    EMBEDDINGS\n", ""))
    (tmp_path / "test_documented.py").write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "8 passed" in done.stdout, done.stdout
