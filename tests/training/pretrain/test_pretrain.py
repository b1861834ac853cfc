"""Pretraining runs: what they log, and that an interruption changes nothing."""

import csv
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from hearbaseline.wav2vec2 import load_model
from training.pretrain import command, plot
from training.pretrain.batches import Corpus, Crops
from training.pretrain.objective import Objective
from training.pretrain.recipe import Recipe
from training.pretrain.run import Run, train

from ..tiny import TINY

NEEDS = ("matplotlib", "librosa")

RECIPE = Recipe(
    steps=6,
    architecture=TINY,
    objective=Objective(entries=4, target_size=4, negatives=3, cross_negatives=3),
    crops=Crops(seconds=(0.5,), batch_seconds=1.0),
)


@pytest.fixture(name="corpus")
def fixture_corpus(tmp_path: Path) -> Corpus:
    """Three recordings of noise, of two kinds."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    lengths = {"speech": [9000, 7000], "music": [20000]}
    noise = np.random.default_rng(0).integers(-9000, 9000, 36000).astype(np.int16)
    np.save(folder / "audio.npy", noise)
    rows, offset = ["package,kind,offset,n_samples"], 0
    for kind, counts in lengths.items():
        for count in counts:
            rows.append(f"a,{kind},{offset},{count}")
            offset += count
    (folder / "manifest.csv").write_text("\n".join(rows))
    return Corpus(folder)


@pytest.fixture(name="plain", autouse=True)
def fixture_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    # Compiling takes longer than all of these runs.
    monkeypatch.setattr(torch.nn.Module, "compile", lambda *_, **__: None)


def run_in(folder: Path, corpus: Corpus, recipe: Recipe = RECIPE) -> Run:
    folder.mkdir(exist_ok=True)
    run = Run(recipe, corpus, folder, "cpu")
    run.resume()
    return run


def finish(run: Run) -> list[str]:
    return list(train(run, log_every=2, save_every=2, keep_every=3))


def test_a_batch_is_standardised_and_stays_within_one_kind(corpus: Corpus) -> None:
    assert corpus.regions == {"speech": [(0, 16000)], "music": [(16000, 36000)]}
    crops = replace(RECIPE.crops, batch_seconds=20.0, speech=1.0, music=0.0, effects=0.0)
    batch = corpus.batch(crops, torch.Generator().manual_seed(0))
    assert batch.shape == (40, 8000)
    assert batch.mean(dim=1).abs().max() < 1e-5
    assert (batch.square().mean(dim=1) - 1).abs().max() < 1e-3
    speech = torch.from_numpy(np.array(corpus.audio[:16000])).float()
    places = {
        int((speech.unfold(0, 8000, 1) @ row).argmax()) for row in batch[:8]
    }  # where a crop is most like the recording
    assert len(places) > 4


def test_an_interrupted_run_ends_like_one_that_was_not(tmp_path: Path, corpus: Corpus) -> None:
    whole = run_in(tmp_path / "whole", corpus)
    finish(whole)
    run = run_in(tmp_path / "parts", corpus)
    lines = train(run, log_every=2, save_every=2, keep_every=3)
    next(lines)
    next(lines)  # step 4 is logged, and not yet kept: the last state is of step 2
    run = run_in(tmp_path / "parts", corpus)
    assert run.step == 2
    finish(run)
    for name, tensor in whole.learner.state_dict().items():
        assert torch.equal(tensor, run.learner.state_dict()[name]), name
    texts = [(tmp_path / name / "log.csv").read_text() for name in ("whole", "parts")]
    logs = [list(csv.DictReader(text.splitlines())) for text in texts]
    for rows in logs:
        assert [row["step"] for row in rows] == ["2", "4", "6"]
        for row in rows:
            del row["wall_seconds"]
    assert logs[0] == logs[1]


def test_snapshots_are_checkpoints_of_the_baseline(tmp_path: Path, corpus: Corpus) -> None:
    run = run_in(tmp_path / "run", corpus)
    before = {name: tensor.clone() for name, tensor in run.learner.state_dict().items()}
    finish(run)
    assert sorted(p.name for p in run.out.glob("*.safetensors")) == [
        "step000003.safetensors",
        "step000006.safetensors",
    ]
    model = load_model(str(run.out / "step000006.safetensors"))
    assert model.layer == TINY["layer"]
    name = "encoder.feature_projection.projection.weight"
    trained = run.learner.state_dict()[f"model.{name}"]
    assert torch.equal(model.state_dict()[name], trained.half().float())
    assert not torch.equal(model.state_dict()[name], before[f"model.{name}"])


def test_a_state_of_another_recipe_is_refused(tmp_path: Path, corpus: Corpus) -> None:
    finish(run_in(tmp_path / "run", corpus))
    with pytest.raises(click.ClickException, match=r"another learning_rate, seed; give the same"):
        run_in(tmp_path / "run", corpus, replace(RECIPE, seed=1, learning_rate=1.0))


def test_the_learning_rate_rises_holds_and_falls() -> None:
    recipe = Recipe(steps=100, warmup=0.1, decay=0.3, learning_rate=2.0)
    rates = [recipe.learning_rate_at(step) for step in (0, 9, 50, 70, 85, 99)]
    assert rates == pytest.approx([0.2, 2, 2, 2, 1, 2 / 30])
    assert [recipe.gumbel_at(step) for step in (0, 30, 60, 99)] == pytest.approx([2, 1, 0.5, 0.5])


def test_a_missing_corpus_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(command.main, ["--data", str(tmp_path), "--out", str(tmp_path / "o")])
    assert done.exit_code == 1
    assert done.output.count("\n") == 1
    assert "python -m training.corpus" in done.output


def test_a_run_is_drawn(tmp_path: Path, corpus: Corpus) -> None:
    finish(run_in(tmp_path / "run", corpus))
    out = tmp_path / "run.svg"
    done = CliRunner().invoke(plot.main, [str(tmp_path / "run"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "contrastive loss" in out.read_text()
    (tmp_path / "run" / "log.csv").write_text("step\n")
    done = CliRunner().invoke(plot.main, [str(tmp_path / "run"), "--out", str(out)])
    assert done.exit_code == 1
    assert "no log of a run" in done.output
