"""A run of distillation: it learns, resumes with the same numbers, and writes its weights."""

from dataclasses import replace
from pathlib import Path

import click
import pytest
import torch
from click.testing import CliRunner

from hearbaseline import general
from hearbaseline.general.network import Network, Sizes
from training.distill.batches import Batch, Crops, Lessons
from training.distill.command import main
from training.distill.objective import Objective, Student
from training.distill.recipe import Recipe
from training.distill.run import Run, train
from training.phones.kept import UNKNOWN

from .test_batches import fixture_data

data = fixture_data

SMALL = Sizes(first=8, local=16, deep=64, n_local=1, n_deep=1, local_between=16, deep_between=16)
RECIPE = Recipe(steps=12, warmup=2, sizes=SMALL, crops=Crops((1.0,), 4.0))


@pytest.fixture(name="lessons", scope="module")
def fixture_lessons(data: Path) -> Lessons:
    return Lessons(data / "corpus", [data / "teachers" / "ear"], data / "phones")


def trained(lessons: Lessons, out: Path, *stops: int) -> Run:
    """A run that is interrupted after so many steps, each time."""
    out.mkdir(exist_ok=True)
    for stop in stops:
        run = Run(RECIPE, lessons, out)
        run.resume()
        for _ in train(run, log_every=2, save_every=2, keep_every=6):
            if run.step >= stop:
                run.save()
                break
    return run


def test_an_interrupted_run_ends_with_the_same_numbers(lessons: Lessons, tmp_path: Path) -> None:
    whole = trained(lessons, tmp_path / "whole", 12)
    parts = trained(lessons, tmp_path / "parts", 4, 8, 12)
    for name, tensor in whole.student.state_dict().items():
        assert torch.equal(tensor, parts.student.state_dict()[name]), name
    for name, tensor in whole.average.state_dict().items():
        assert torch.equal(tensor, parts.average.state_dict()[name]), name
    logs = [(tmp_path / name / "log.csv").read_text().splitlines() for name in ("whole", "parts")]
    columns = logs[0][0].split(",")
    assert columns[:3] == ["step", "loss", "ear-time"]
    kept = slice(0, columns.index("wall_seconds"))
    assert [line.split(",")[kept] for line in logs[0]] == [
        line.split(",")[kept] for line in logs[1]
    ]


def test_a_snapshot_is_a_checkpoint_of_the_baseline(lessons: Lessons, tmp_path: Path) -> None:
    run = Run(RECIPE, lessons, tmp_path)
    for batch, _ in zip(run.batches(), range(2), strict=False):
        run.update(batch)
    run.export(tmp_path / "snapshot.safetensors")
    model = general.load_model(str(tmp_path / "snapshot.safetensors"))
    for name, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, run.average.state_dict()[name].half().float())
        assert not torch.equal(
            run.average.state_dict()[name], run.student.network.state_dict()[name]
        )


def test_a_resumed_run_has_the_same_recipe(lessons: Lessons, tmp_path: Path) -> None:
    Run(RECIPE, lessons, tmp_path).save()
    other = Run(Recipe(steps=12, warmup=3, sizes=SMALL, crops=RECIPE.crops), lessons, tmp_path)
    with pytest.raises(Exception, match="trained with another warmup"):
        other.resume()


def test_a_run_begins_with_the_weights_of_another(lessons: Lessons, tmp_path: Path) -> None:
    """And of its heads that are the same, as that of a teacher who is there no more is not."""
    first = trained(lessons, tmp_path / "first", 4)
    for name in [name for name in first.student.state_dict() if name.startswith("phone.")]:
        delattr(first.student.phone, name.partition(".")[2])
    first.save()
    second = Run(replace(RECIPE, seed=1), lessons, tmp_path / "second")
    second.start(tmp_path / "first")
    assert second.step == 0
    for name, tensor in first.student.state_dict().items():
        assert torch.equal(tensor, second.student.state_dict()[name]), name
    for name, tensor in first.average.state_dict().items():
        assert torch.equal(tensor, second.average.state_dict()[name]), name
    with pytest.raises(click.ClickException, match="there is no such run to start with"):
        second.start(tmp_path / "none")
    other = Run(replace(RECIPE, sizes=Sizes()), lessons, tmp_path / "other")
    with pytest.raises(click.ClickException, match="is of another network"):
        other.start(tmp_path / "first")


def test_a_run_becomes_longer_until_the_learning_rate_falls(
    lessons: Lessons, tmp_path: Path
) -> None:
    longer = replace(RECIPE, steps=24)
    for step, is_late in ((8, False), (9, True)):
        run = Run(RECIPE, lessons, tmp_path)
        run.step = step
        assert (RECIPE.learning_rate_at(step) < RECIPE.learning_rate) is is_late
        run.save()
        resumed = Run(longer, lessons, tmp_path)
        if is_late:
            with pytest.raises(Exception, match="trained with another steps"):
                resumed.resume()
        else:
            resumed.resume()
            assert resumed.step == step


def test_each_lesson_is_learned() -> None:
    """A few steps on one batch lower the error of teachers, phones, notes and onsets alike."""
    torch.manual_seed(0)
    times = torch.arange(16000) / 16000
    audio = torch.stack([torch.sin(440 * k * times) * (times > 0.3) for k in range(1, 6)])
    notes = torch.zeros(2, 51, 96, dtype=torch.bool)
    notes[:, 15:, 40] = True
    onsets = torch.zeros(2, 51, dtype=torch.bool)
    onsets[:, 14:17] = True
    target = (torch.arange(51) > 15).float()[:, None].repeat(2, 1, 3)
    phones = torch.zeros(1, 51, dtype=torch.uint8)
    phones[:, 16:] = 2
    phones[:, 40:] = UNKNOWN
    batch = Batch(audio, {"ear": (torch.arange(2), target)}, phones, notes, onsets)
    student = Student(Network(SMALL), {"ear": 3}, 4, Objective())
    optimiser = torch.optim.Adam(student.parameters(), lr=0.01)
    losses = []
    for _ in range(15):
        loss = student(batch, Crops().disturbances, torch.Generator().manual_seed(0))
        optimiser.zero_grad()
        loss.total.backward()
        optimiser.step()
        parts = (loss.errors["ear"], loss.phones, loss.notes, loss.onsets)
        losses.append([float(part.detach()) for part in parts])
    for first, last in zip(losses[0], losses[-1], strict=True):
        assert last < 0.8 * first


def test_the_learning_rate_rises_holds_and_falls() -> None:
    recipe = Recipe(steps=1000, warmup=100, decay=0.2, learning_rate=1.0)
    assert [round(recipe.learning_rate_at(k), 2) for k in (0, 49, 99, 500, 800, 900, 999)] == [
        0.01, 0.5, 1, 1, 1, 0.5, 0.01,
    ]  # fmt: skip


def test_a_folder_without_a_corpus_is_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--data", str(tmp_path), "--out", str(tmp_path / "run")])
    assert result.exit_code == 1
    assert "gather it first" in result.output
    assert result.output.count("\n") == 1
