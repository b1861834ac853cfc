"""`hear-eval`: what it writes and prints, how it resumes, and one line for whatever is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hearkit.evaluation import evaluate
from hearkit.evaluation.training import fused

from .conftest import Evaluate
from .task_folders import MODULE, event_task, scene_task, write_json, write_sound, write_vocabulary

NEEDS = ("sklearn", "torch")

QUICK = ("--grid", "faster", "--grid-points", "2", "--device", "cpu")
RESULT = "out/tiny/levels-1-small/test.predicted-scores.json"


def ours(place: Path, result: str = RESULT) -> dict[str, object]:
    found: dict[str, object] = json.loads((place / result).read_text())["hearbaseline"]
    return found


def test_run_scores_scenes_and_events(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "tasks/levels-1-small")
    event_task(place / "tasks/stretches-1-small")
    done = hear_eval("run", "tiny", "--tasks", "tasks", "--out", "out", *QUICK)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("levels-1-small: top1_acc ")
    assert lines[1].startswith("stretches-1-small: event_onset_200ms_fms ")
    assert lines[2] == "scored 2, failed 0, in out/tiny"
    content = json.loads((place / RESULT).read_text())
    assert set(content) == {
        "test",
        "hparams",
        "postprocessing",
        "score_mode",
        "embedding_path",
        "hearbaseline",
    }
    assert {"test_loss", "test_score", "test_top1_acc", "validation_score", "epoch"} <= set(
        content["test"]
    )
    assert content["score_mode"] == "max"
    assert content["postprocessing"] == []
    assert content["hparams"]["optim"] == "<class 'torch.optim.adam.Adam'>"
    with np.load(place / "out/tiny/levels-1-small/test.predictions.npz") as arrays:
        assert arrays["test/42/predictions"].shape == (12, 2)
    summary = json.loads((place / "out/tiny/results.json").read_text())
    assert [task["task"] for task in summary["tasks"]] == ["levels-1-small", "stretches-1-small"]
    assert "levels-1-small" in (place / "out/tiny/index.html").read_text()


def test_folds_are_aggregated(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "levels-1-small", ("fold00", "fold01", "fold02"))
    done = hear_eval("run", "tiny", "--tasks", "levels-1-small", "--out", "out", *QUICK)
    assert done.returncode == 0, done.stderr
    content = json.loads((place / RESULT).read_text())
    scores = [content[f"fold0{n}"]["test_score"] for n in range(3)]
    assert content["aggregated_scores"]["test_score_mean"] == pytest.approx(np.mean(scores))
    assert content["aggregated_scores"]["test_score_std"] == pytest.approx(np.std(scores, ddof=1))
    assert content["hearbaseline"]["value"] == content["aggregated_scores"]["test_score_mean"]


def test_seeds_give_an_interval(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "levels-1-small", labels=(0, 1, 2, 3, 4))
    done = hear_eval(
        "run", "tiny", "--tasks", "levels-1-small", "--out", "out", "--seeds", "3", *QUICK
    )
    assert done.returncode == 0, done.stderr
    assert "over 3 seeds" in done.stdout
    found = ours(place)
    assert found["seeds"] == [42, 43, 44]
    values = [one["value"] for one in found["scores"]]  # type: ignore[attr-defined]
    assert found["value"] == pytest.approx(np.mean(values))


def test_a_current_result_is_taken_as_it_is(
    place: Path, hear_eval: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_task(place / "levels-1-small")
    command = ("run", "tiny", "--tasks", "levels-1-small", "--out", "out", *QUICK)
    hear_eval(*command)
    before = (place / RESULT).read_bytes()

    def refuse(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(fused, "evaluate", refuse)
    again = hear_eval(*command)
    assert again.returncode == 0, again.stderr
    assert "was there already" in again.stdout
    assert (place / RESULT).read_bytes() == before


@pytest.mark.parametrize("what", ["module", "labels", "audio", "grid", "seeds", "engine"])
def test_a_result_of_anything_else_is_computed_anew(
    place: Path, hear_eval: Evaluate, what: str
) -> None:
    task = scene_task(place / "levels-1-small")
    command = ["run", "tiny", "--tasks", "levels-1-small", "--out", "out", *QUICK]
    hear_eval(*command)
    before = ours(place)["made_from"]
    if what == "module":
        (place / "tiny.py").write_text(MODULE.replace("frames.mean(-1)", "frames.amin(-1)"))
    elif what == "labels":
        write_vocabulary(task, ["0", "1", "2"])
    elif what == "audio":
        write_sound(task / "16000/train/train_00.wav", np.zeros(1600))
    else:
        command += {
            "grid": ["--grid-points", "1"],
            "seeds": ["--seeds", "2"],
            "engine": ["--engine", "exact"],
        }[what]
    done = hear_eval(*command)
    assert done.returncode == 0, done.stderr
    assert "was there already" not in done.stdout
    assert "has a result of other embeddings, options or code" in done.stderr
    assert ours(place)["made_from"] != before


def test_a_task_at_fault_does_not_stop_the_others(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "tasks/levels-1-small")
    broken = scene_task(place / "tasks/broken-1-small")
    (broken / "train.json").write_text("{")
    done = hear_eval("run", "tiny", "--tasks", "tasks", "--out", "out", *QUICK)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "broken-1-small: not scored" in done.stderr
    assert "train.json: cannot be read as JSON" in done.stderr
    assert done.stdout.splitlines()[-1] == "scored 1, failed 1, in out/tiny"
    summary = json.loads((place / "out/tiny/results.json").read_text())
    assert [failure["task"] for failure in summary["failures"]] == ["broken-1-small"]
    assert "train.json" in (place / "out/tiny/index.html").read_text()


def test_a_recording_on_which_the_module_fails_is_named(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "tasks/levels-1-small")
    task = scene_task(place / "tasks/silent-1-small")
    write_sound(task / "16000/test/test_03.wav", np.zeros(1600))
    scenes = "    return features(audio)"
    failing = f"{scenes} / (audio != 0).any(1, True)"
    (place / "tiny.py").write_text(MODULE.replace(scenes, failing))
    done = hear_eval("run", "tiny", "--tasks", "tasks", "--out", "out", *QUICK)
    assert done.returncode == 1
    assert "silent-1-small: not scored: test/test_03.wav: tiny.get_scene_embeddings" in done.stderr
    assert "NaN or infinity" in done.stderr
    assert "test_04" not in done.stderr
    assert "scored 1, failed 1" in done.stdout


def test_a_missing_rate_is_resampled_and_said(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "levels-1-small", rate=48000)
    done = hear_eval("run", "tiny", "--tasks", "levels-1-small", "--out", "out", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "its 48000 Hz were resampled by soxr" in done.stdout
    assert "48000 Hz were resampled" in str(ours(place)["resampled"])


def test_a_label_without_positives_is_told(place: Path, hear_eval: Evaluate) -> None:
    task = scene_task(place / "levels-1-small", labels=(["a"], ["b"], []))
    write_vocabulary(task, ["a", "b", "never"])
    done = hear_eval("run", "tiny", "--tasks", "levels-1-small", "--out", "out", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "never" in done.stdout


@pytest.mark.parametrize("probe", ["linear", "knn"])
def test_other_probes_are_marked(place: Path, hear_eval: Evaluate, probe: str) -> None:
    scene_task(place / "levels-1-small")
    done = hear_eval("run", "tiny", "--tasks", "levels-1-small", "--out", "out", "--probe", probe)
    assert done.returncode == 0, done.stderr
    assert f"{probe} probe, outside HEAR's protocol" in done.stdout
    assert ours(place)["protocol"] == f"outside HEAR's protocol: {probe} probe"
    assert "outside HEAR&#39;s protocol" in (place / "out/tiny/index.html").read_text()


@pytest.mark.parametrize("make", [scene_task, event_task])
def test_embeddings_in_heareval_s_layout_score_the_same(
    place: Path, hear_eval: Evaluate, make: object
) -> None:
    assert callable(make)
    task = make(place / "tasks/t-1-small")
    exact = ("--engine", "exact", *QUICK)
    done = hear_eval("run", "tiny", "--tasks", task, "--out", "out", "--heareval-layout", *exact)
    assert done.returncode == 0, done.stderr
    layout = place / "out/embeddings/tiny/t-1-small"
    done = hear_eval("score", layout, "--out", "scored", *exact)
    assert done.returncode == 0, done.stderr
    both = [
        json.loads((place / f"{out}/tiny/t-1-small/test.predicted-scores.json").read_text())
        for out in ("out", "scored")
    ]
    for content in both:
        content["test"].pop("time_in_min", None)
    assert both[0]["test"] == both[1]["test"]


def test_embeddings_with_nan_name_the_recordings(place: Path, hear_eval: Evaluate) -> None:
    task = scene_task(place / "t-1-small")
    hear_eval("run", "tiny", "--tasks", task, "--out", "out", "--heareval-layout", *QUICK)
    rows = np.memmap(
        place / "out/embeddings/tiny/t-1-small/test.embeddings.npy", np.float32, "r+", shape=(12, 4)
    )
    rows[5, 2] = np.nan
    rows.flush()
    from hearkit.evaluation.tasks.order import of_rows

    name = f"test_{of_rows([12, 12, 12])[2][5]:02d}.wav"
    done = hear_eval("score", "out/embeddings", "--out", "scored", *QUICK)
    assert done.returncode == 1
    assert name in done.stderr
    assert "NaN" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--tasks", "t", "--out", "out"), "name the MODULE"),
        (("run", "tiny", "--tasks", "absent", "--out", "out"), "absent: there is no such folder"),
        (("run", "absent", "--tasks", "t", "--out", "out"), "there is no module 'absent'"),
        (("run", "tiny", "w.pt", "--tasks", "t", "--out", "out"), "w.pt: there is no such file"),
        (("run", "tiny", "--tasks", "t", "--out", "t/labelvocabulary.csv"), "cannot be written"),
        (("run", "tiny", "--tasks", "t", "--out", "o", "--device", "gpu"), "there is no device"),
        (("run", "tiny", "--tasks", "t", "--out", "o", "--seeds", "0"), "--seeds"),
        (("run", "tiny", "--out", "out"), "--tasks"),
        (("score", "absent", "--out", "out"), "absent: there is no such folder"),
        (("score", "t", "--out", "out"), "holds no embeddings of heareval"),
        (("check", "absent"), "there is no such folder"),
        (("board", "absent"), "has no results"),
        (("board", "--html", "absent/board.html"), "there is no folder absent"),
        (("convert", "absent.csv", "--root", ".", "--out", "new"), "absent.csv: cannot be read"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_exit_2(
    place: Path, hear_eval: Evaluate, arguments: tuple[str, ...], said: str
) -> None:
    scene_task(place / "t", n_files=1)
    done = hear_eval(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("hear-eval: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_a_module_at_fault_is_one_line_and_exit_1(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "t", n_files=1)
    (place / "tiny.py").write_text("raise ValueError('no')")
    done = hear_eval("run", "tiny", "--tasks", "t", "--out", "out")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "tiny cannot be imported" in done.stderr


def test_tasks_takes_all_folders_that_follow(place: Path, hear_eval: Evaluate) -> None:
    for name in ("a-1-small", "b-1-small"):
        scene_task(place / "tasks" / name)
    paths = sorted((place / "tasks").iterdir())
    done = hear_eval("run", "tiny", "--tasks", *paths, "--out", "out", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "scored 2" in done.stdout


def test_an_interrupt_says_that_the_same_command_resumes(
    place: Path, hear_eval: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_task(place / "levels-1-small")
    command = ("run", "tiny", "--tasks", "levels-1-small", "--out", "out", *QUICK)
    with monkeypatch.context() as patch:

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(fused, "evaluate", interrupt)
        done = hear_eval(*command)
    assert done.returncode == 130
    said = "hear-eval: interrupted; the same command resumes where it stopped"
    assert done.stderr.strip() == said
    assert hear_eval(*command).returncode == 0


@pytest.mark.parametrize("engine", ["exact", "fused"])
def test_a_run_interrupted_in_its_heads_equals_an_undisturbed_one(
    place: Path, hear_eval: Evaluate, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    from hearkit.evaluation.embeddings.store import FolderJournal

    scene_task(place / "levels-1-small", ("fold00", "fold01", "fold02"), labels=(0, 1, 2))
    options = ("--tasks", "levels-1-small", "--engine", engine, *QUICK)
    hear_eval("run", "tiny", *options, "--out", "whole")
    with monkeypatch.context() as patch:
        put = FolderJournal.put

        def once(self: FolderJournal, name: str, content: bytes) -> None:
            put(self, name, content)
            raise KeyboardInterrupt

        patch.setattr(FolderJournal, "put", once)
        assert hear_eval("run", "tiny", *options, "--out", "out").returncode == 130
    done = hear_eval("run", "tiny", *options, "--out", "out")
    assert done.returncode == 0, done.stderr
    both = [
        json.loads((place / f"{out}/tiny/levels-1-small/test.predicted-scores.json").read_text())
        for out in ("whole", "out")
    ]
    for content in both:
        for name in ("fold00", "fold01", "fold02"):
            content[name].pop("time_in_min", None)
    for key in ("fold00", "fold01", "fold02", "hparams"):
        assert both[0][key] == both[1][key]
    assert not list((place / "out/.hear-eval/journals").iterdir())


def test_a_full_disk_is_one_line_and_exit_2(
    place: Path, hear_eval: Evaluate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    scene_task(place / "levels-1-small")
    monkeypatch.setattr(np, "savez_compressed", full)
    done = hear_eval("run", "tiny", "--tasks", "levels-1-small", "--out", "out", *QUICK)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr
    assert "the same command resumes" in done.stderr


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
    ],
)
def test_a_task_that_does_not_fit_into_memory_fails_alone(
    place: Path, hear_eval: Evaluate, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def exhausted(*_: object) -> None:
        raise error

    scene_task(place / "levels-1-small", n_files=2)
    monkeypatch.setattr(fused, "evaluate", exhausted)
    done = hear_eval("run", "tiny", "--tasks", "levels-1-small", "--out", "out", *QUICK)
    assert done.returncode == 1
    assert "levels-1-small: not scored: does not fit into memory; use a machine" in done.stderr


def test_check_tells_everything_and_says_when_nothing_is_wrong(
    place: Path, hear_eval: Evaluate
) -> None:
    task = scene_task(place / "t", n_files=2)
    done = hear_eval("check", "t")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "t: nothing is wrong; 6 recordings in 3 splits, 2 labels, 16000 Hz\n"
    write_json(task / "train.json", {"absent.wav": [7], "train_00.wav": [0]})
    done = hear_eval("check", "t")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "t: train.json: '7' are labels that labelvocabulary.csv lacks",
        "t: 16000/train: absent.wav are in the split's JSON but not there",
        "t: note: 16000/train: train_01.wav are there but not in the split's JSON",
    ]


def test_the_board_places_and_compares(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "levels-1-small", labels=(0, 1, 2))
    (place / "other.py").write_text(MODULE.replace("level.sqrt()", "level * 0"))
    for module in ("tiny", "other"):
        hear_eval("run", module, "--tasks", "levels-1-small", "--out", "out", *QUICK)
    done = hear_eval("board", "out", "--html", "board.html", "--csv", "board.csv")
    assert done.returncode == 0, done.stderr
    assert "    1  GURA Fuse Cat H+w+C" in done.stdout
    assert "tiny: levels-1-small has no place on the board: top1_acc" in done.stdout
    assert "levels-1-small: other minus tiny is " in done.stdout
    table = (place / "board.csv").read_text().splitlines()
    assert table[0].startswith("rank,model,index,Beehive,")
    assert table[0].endswith(",levels-1-small")
    assert len(table) == 1 + 34 + 2
    assert "GURA Fuse Cat H+w+C" in (place / "board.html").read_text()


def test_the_board_alone_is_the_official_ranking(hear_eval: Evaluate) -> None:
    done = hear_eval("board")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 34


def test_a_table_becomes_a_task_that_can_be_scored(place: Path, hear_eval: Evaluate) -> None:
    rows = ["path,label,group"]
    for n in range(12):
        write_sound(place / f"sounds/{n}.wav", np.full(1600, 0.1 + 0.4 * (n % 2)))
        rows.append(f"{n}.wav,{'ab'[n % 2]},{n // 4}")
    (place / "table.csv").write_text("\n".join(rows))
    done = hear_eval("convert", "table.csv", "--root", "sounds", "--out", "tasks/two-1-small")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "12 recordings at 16000 Hz in tasks/two-1-small: fold00 4, fold01 4, fold02 4\n"
    )
    assert "3 groups became 3 folds" in done.stderr
    done = hear_eval("run", "tiny", "--tasks", "tasks", "--out", "out", *QUICK)
    assert done.returncode == 0, done.stderr


def test_python_gives_the_results_of_the_command(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "tasks/levels-1-small")
    hear_eval("run", "tiny", "--tasks", "tasks", "--out", "out", *QUICK)
    steps: list[str] = []
    results = evaluate(
        "tiny",
        tasks="tasks",
        out="out",
        grid="faster",
        grid_points=2,
        device="cpu",
        in_process=True,
        progress=lambda *step: steps.append(step[2]),
    )
    (result,) = results.tasks
    assert result.value == ours(place)["value"]
    assert results.failures == ()
    assert steps


def test_a_recording_that_ends_the_modules_process_is_named(place: Path) -> None:
    """Isolated, as the command runs unless told otherwise."""
    scene_task(place / "tasks/levels-1-small", n_files=3)
    task = scene_task(place / "tasks/silent-1-small", n_files=2)
    write_sound(task / "16000/valid/valid_01.wav", np.zeros(1600))
    scenes = "    return features(audio)"
    ending = f"    if (audio == 0).all(1).any():\n        import os; os._exit(3)\n{scenes}"
    (place / "tiny.py").write_text(MODULE.replace(scenes, ending))
    command = [sys.executable, "-m", "hearkit.evaluation", "run", "tiny", "--tasks", "tasks"]
    done = subprocess.run(
        [*command, "--out", "out", *QUICK], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert (
        "silent-1-small: not scored: valid/valid_01.wav: tiny.get_scene_embeddings" in done.stderr
    )
    assert "exit status 3" in done.stderr
    assert "scored 1, failed 1" in done.stdout


def test_a_file_that_the_module_reads_in_its_calls_counts(place: Path, hear_eval: Evaluate) -> None:
    scene_task(place / "levels-1-small")
    (place / "scale.txt").write_text("1.0")
    scenes = "    return features(audio)"
    reading = f"{scenes} * float(__import__('pathlib').Path('scale.txt').read_text())"
    (place / "tiny.py").write_text(MODULE.replace(scenes, reading))
    command = ("run", "tiny", "--tasks", "levels-1-small", "--out", "out", *QUICK)
    hear_eval(*command)
    assert "was there already" in hear_eval(*command).stdout
    (place / "scale.txt").write_text("-1.0")
    done = hear_eval(*command)
    assert done.returncode == 0, done.stderr
    assert "was there already" not in done.stdout
