"""Programs that reproduce findings, for either framework."""

from pathlib import Path

import pytest

from hearkit.api.submission import Submission
from validator.asking.snippets import Reproduction, program
from validator.stimuli import Stimulus, noise, recorded

SOUNDS = noise(1, 16000, 0)


def lines_of(framework: str, *lines: str, device: str = "cpu", **stimuli: Stimulus) -> list[str]:
    submission = Submission("package.module", Path("weights.pt"), device)
    reproduction = Reproduction(lines, stimuli)
    return program(reproduction, submission, ["weights.pt"], framework).splitlines()


def test_a_program_loads_the_weights_and_makes_the_audio() -> None:
    begin = lines_of("torch", audio=SOUNDS)
    assert begin[:3] == [
        "import numpy as np, torch",
        "import package.module as submission",
        "model = submission.load_model('weights.pt')",
    ]
    assert begin[3].startswith("audio = torch.from_numpy(")


def test_on_a_gpu_model_and_audio_are_moved_there() -> None:
    *_, load, audio = lines_of("torch", device="cuda:1", audio=SOUNDS)
    assert load.endswith('.to("cuda:1")')
    assert audio.endswith('.to("cuda:1")')
    assert not any(".to(" in line for line in lines_of("tensorflow", device="cuda", audio=SOUNDS))


def test_functions_get_their_full_names() -> None:
    last = lines_of("torch", "print(abs(scene(a, model) - timestamps(b, model)[0]).max())")[-1]
    assert last == (
        "print(abs(submission.get_scene_embeddings(a, model) - "
        "submission.get_timestamp_embeddings(b, model)[0]).max())"
    )


@pytest.mark.parametrize(
    ("line", "in_tensorflow"),
    [
        ("print(scene(a, model).shape)", "print(np.asarray(scene(a, model)).shape)"),
        (
            "x = timestamps(batch[1:2], model)[0][0]",
            "x = np.asarray(timestamps(batch[1:2], model)[0])[0]",
        ),
        (
            "embeddings, times = timestamps(audio, model)",
            "embeddings, times = map(np.asarray, timestamps(audio, model))",
        ),
        ("print(timestamps(audio, model))", "print(timestamps(audio, model))"),
        ("print(type(scene(audio, model)))", "print(type(scene(audio, model)))"),
        ("torch.manual_seed(1)", "tf.random.set_seed(1)"),
    ],
)
def test_in_tensorflow_results_become_arrays(line: str, in_tensorflow: str) -> None:
    full = in_tensorflow.replace("scene(", "submission.get_scene_embeddings(")
    full = full.replace("timestamps(", "submission.get_timestamp_embeddings(")
    assert lines_of("tensorflow", line)[-1] == full


def test_what_the_audio_is_made_with_is_imported() -> None:
    first, second, *_ = lines_of("tensorflow", audio=recorded(16000, 16000))
    assert first == "import numpy as np, tensorflow as tf"
    assert second == "from validator.stimuli import recordings"
