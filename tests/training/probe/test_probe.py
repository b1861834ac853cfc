"""Linear probes: what is measured, on little tasks whose answers are known."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from hearbaseline import crepe, mel
from hearbaseline.wav2vec2 import get_scene_embeddings, load_model
from hearbaseline.wav2vec2.checkpoint import build, save_checkpoint
from training.corpus import packages
from training.pretrain.start import start
from training.probe import command, recordings, soundfont
from training.probe.clips import ProbeError, Task, load, read_rows
from training.probe.embeddings import (
    BASELINES,
    Embed,
    Embedding,
    baseline,
    baseline_files,
    control,
    digest,
    embed,
    mfcc,
    student,
    twins,
    wav2vec2,
)
from training.probe.scores import (
    _prepare,
    floor,
    indicators,
    kept_score,
    mean_average_precision,
    score,
    splits,
)

from ..tiny import TINY

NEEDS = ("sklearn", "threadpoolctl", "librosa", "torchcrepe")

SHIPPED = sorted((Path(command.__file__).parent / "tasks").glob("*.csv"))


def task_of(labels: list[str], groups: list[str], *, multilabel: bool = False) -> Task:
    return Task("little", [], labels, groups, multilabel, 16000)


@pytest.fixture(name="letters")
def fixture_letters() -> Task:
    """400 clips of four classes in 40 groups."""
    return task_of(["abcd"[k % 4] for k in range(400)], [str(k // 10) for k in range(400)])


@pytest.fixture(name="table")
def fixture_table(tmp_path: Path) -> Path:
    """Low and high tones of 50 ms, shorter than any model's frame, in five groups."""
    lines = ["path,label,group"]
    for k in range(20):
        pitch = 300 + 10 * k + 3000 * (k % 2)
        tone = 0.3 * np.sin(2 * np.pi * pitch * np.arange(800) / 16000)
        soundfile.write(tmp_path / f"{k}.wav", tone, 16000)
        lines.append(f"{k}.wav,{'high' if k % 2 else 'low'},{k // 4}")
    (tmp_path / "tones.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path / "tones.csv"


@pytest.fixture(name="checkpoint")
def fixture_checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(5)
    save_checkpoint(tmp_path / "tiny.safetensors", build(TINY).state_dict(), TINY)
    return tmp_path / "tiny.safetensors"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["probe", *map(str, arguments)])
    try:
        command.main()
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def test_a_group_is_on_one_side_of_a_split_and_each_clip_is_tested_once(letters: Task) -> None:
    tested = []
    for train, test in splits(letters):
        assert not {letters.groups[k] for k in train} & {letters.groups[k] for k in test}
        tested.extend(test.tolist())
    assert sorted(tested) == list(range(400))


def test_what_tells_everything_scores_one_and_noise_scores_chance(letters: Task) -> None:
    told = np.eye(4)[[k % 4 for k in range(400)]]
    assert score(letters, told).folds == (1.0,) * 5
    noise = score(letters, np.random.default_rng(0).standard_normal((400, 16)))
    assert noise.pooled == pytest.approx(floor(letters).pooled, abs=0.08)
    assert floor(letters).pooled == 0.25


def test_groups_that_embeddings_tell_apart_do_not_help() -> None:
    """Each group has one label: an embedding of the group alone would be right if they leaked."""
    groups = [str(k // 10) for k in range(200)]
    labels = ["ab"[int(group) % 2] for group in groups]
    told = np.eye(20)[[int(group) for group in groups]]
    assert score(task_of(labels, groups), told).pooled < 0.7


def test_mean_average_precision_by_hand() -> None:
    truth = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]], bool)
    scores = np.array([[4.0, 4.0, 1.0], [3.0, 3.0, 2.0], [2.0, 2.0, 3.0], [1.0, 1.0, 4.0]])
    # First class: found at ranks 1 and 3. Second: at 2 and 3. The third never occurs.
    expected = ((1 / 1 + 2 / 3) / 2 + (1 / 2 + 2 / 3) / 2) / 2
    assert mean_average_precision(truth, scores) == pytest.approx(expected)


def test_several_labels_a_clip() -> None:
    labels = [("0", "1", "0 1", "2")[k % 4] for k in range(100)]
    task = task_of(labels, [str(k // 5) for k in range(100)], multilabel=True)
    assert score(task, indicators(labels)).pooled == 1.0
    noise = score(task, np.random.default_rng(1).standard_normal((100, 3)))
    assert noise.pooled == pytest.approx(floor(task).pooled, abs=0.12)
    assert floor(task).pooled == pytest.approx((50 + 50 + 25) / 300)


def test_classes_that_training_lacks_are_scored_all_the_same() -> None:
    labels = [str(k // 4) for k in range(20)]
    groups = labels
    features = np.random.default_rng(0).standard_normal((20, 4))
    assert score(task_of(labels, groups), features).pooled == 0.0
    assert 0 < score(task_of(labels, groups, multilabel=True), features).mean <= 1


@pytest.mark.parametrize("n_train", [60, 900])
def test_dropping_empty_directions_changes_no_product(n_train: int) -> None:
    random = np.random.default_rng(2)
    mixed = random.standard_normal((n_train + 7, 40)) @ random.standard_normal((40, 600))
    train, test = mixed[:n_train], mixed[n_train:]
    few, few_test = _prepare(train, test)
    centred = (train - train.mean(axis=0)) / train.std(axis=0)
    centred_test = (test - train.mean(axis=0)) / train.std(axis=0)
    assert few.shape[1] == 40
    np.testing.assert_allclose(few @ few.T, centred @ centred.T, atol=1e-6)
    np.testing.assert_allclose(few_test @ few.T, centred_test @ centred.T, atol=1e-6)


def test_features_and_tasks_that_cannot_be_probed(letters: Task) -> None:
    with pytest.raises(ProbeError, match=r"shape \(400, size\), not \(3, 2\)"):
        score(letters, np.zeros((3, 2)))
    with pytest.raises(ProbeError, match="NaN"):
        score(letters, np.full((400, 2), np.nan))
    with pytest.raises(ProbeError, match="has 2 groups; 5 folds"):
        score(task_of(["a", "b"], ["1", "2"]), np.zeros((2, 2)))


def test_decoded_clips_are_kept_until_a_recording_changes(table: Path) -> None:
    cache = table.parent / "cache"
    first, again = (load(table, table.parent, 16000, cache) for _ in range(2))
    assert len(list(cache.iterdir())) == 1
    assert first.digest == again.digest
    assert [len(clip) for clip in again.clips] == [800] * 20
    soundfile.write(table.parent / "3.wav", np.zeros(900), 16000)
    changed = load(table, table.parent, 16000, cache)
    assert len(changed.clips[3]) == 900
    assert changed.digest != first.digest


def test_embeddings_are_kept_by_what_made_them(table: Path) -> None:
    task, loads = load(table, table.parent), []

    def probed(identity: str) -> np.ndarray:
        def make() -> Embed:
            loads.append(identity)
            return lambda _: np.full((1, 2), float(identity), np.float32)

        return embed(Embedding("n", 16000, identity, make), task, table.parent / "cache")

    assert [probed(identity)[0, 0, 0] for identity in ("1", "1", "2", "1")] == [1, 1, 2, 1]
    assert loads == ["1", "2"]


def test_scores_are_kept_by_features_and_labels(letters: Task, tmp_path: Path) -> None:
    told = np.eye(4, dtype=np.float32)[[k % 4 for k in range(400)]]
    other = task_of(letters.labels[::-1], letters.groups)
    for task, features, files in ((letters, told, 1), (letters, told, 1), (other, told, 2)):
        assert kept_score(task, features, tmp_path) == score(task, features)
        assert len(list(tmp_path.iterdir())) == files
    assert kept_score(letters, told + 1, tmp_path) == score(letters, told + 1)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_layer_is_embedded_as_the_baseline_does(table: Path, checkpoint: Path) -> None:
    task = load(table, table.parent)
    probed = embed(wav2vec2(checkpoint, "tiny"), task, None)
    assert probed.shape == (20, 3, 8)
    for layer in range(3):
        model = load_model(str(checkpoint), layer=layer)
        expected = get_scene_embeddings(torch.from_numpy(np.stack(task.clips)), model)
        np.testing.assert_allclose(probed[:, layer], expected, atol=1e-5)


def test_controls_are_what_their_names_say(table: Path) -> None:
    task = load(table, table.parent)
    level, drawn, other = (
        embed(one, task, None)[:, 0]
        for one in (
            control("log-mel statistics"),
            control("random convolutions", 0),
            control("random convolutions", 1),
        )
    )
    assert (level.shape, drawn.shape) == ((20, 160), (20, 1024))
    assert np.abs(drawn - other).max() > 0.1
    same = embed(control("random convolutions", 1), task, None)[:, 0]
    np.testing.assert_array_equal(same, other)
    # Low tones are in low bands, and a steady tone hardly deviates but at its ends.
    low, high = (int(level[k, :80].argmax()) for k in (0, 1))
    assert low < high
    assert level[0, 80:].max() < 0.5


def test_the_general_baseline_is_probed_by_its_checkpoint(table: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    from hearbaseline import general
    from hearbaseline.general.network import Network, Sizes

    torch.manual_seed(0)
    small = Sizes(8, 8, 64, n_local=1, n_deep=1, local_between=8, deep_between=8)
    path = tmp_path / "general.safetensors"
    save_file({name: t.half() for name, t in Network(small).state_dict().items()}, path)
    task = load(table, table.parent)
    probed = embed(student(path, "general"), task, None)[:, 0]
    audio = torch.from_numpy(np.stack(task.clips))
    expected = general.get_scene_embeddings(audio, general.load_model(str(path)))
    np.testing.assert_allclose(probed, expected, atol=1e-4)


def test_an_interval_is_of_groups() -> None:
    """Ten groups, each right or wrong as a whole, tell less than a hundred clips of their own."""
    labels = ["ab"[k % 2] for k in range(100)]
    right = np.eye(2)[[k % 2 if (k // 10) % 3 else 1 - k % 2 for k in range(100)]]
    few, many = (
        score(task_of(labels, [str(k // size) for k in range(100)]), right) for size in (10, 1)
    )
    for found in (few, many):
        low, high = found.interval
        assert 0 <= low < found.pooled < high <= 1
    assert few.interval[1] - few.interval[0] > 1.5 * (many.interval[1] - many.interval[0])


def test_a_twin_is_what_its_seed_says(table: Path, checkpoint: Path) -> None:
    """The checkpoint is untrained, with seed 5: that twin is the model itself."""
    task = load(table, table.parent)
    state = torch.get_rng_state()
    same, other = (embed(twins(checkpoint, seed)[0], task, None) for seed in (5, 6))
    np.testing.assert_allclose(same, embed(wav2vec2(checkpoint, ""), task, None), atol=1e-6)
    assert np.abs(same - other).max() > 0.1
    assert torch.equal(state, torch.get_rng_state())


def test_a_run_that_begins_with_a_filter_bank_has_two_twins(
    table: Path, checkpoint: Path, tmp_path: Path
) -> None:
    assert [one.name for one in twins(checkpoint, 5)] == ["random weights, seed 5"]
    config = {**TINY, "filters": "gabor"}
    torch.manual_seed(3)
    begun = tmp_path / "begun.safetensors"
    save_checkpoint(begun, start(config).state_dict(), config)
    task = load(table, table.parent)
    expected = embed(wav2vec2(begun, ""), task, None)
    both = twins(begun, 3)
    assert [one.name for one in both] == ["random weights, seed 3", "before training, seed 3"]
    drawn, started = (embed(one, task, None) for one in both)
    np.testing.assert_allclose(started, expected, atol=1e-6)
    assert np.abs(drawn - expected).max() > 0.1


@pytest.mark.parametrize("baseline_name", ["mel", "crepe"])
def test_embeddings_are_kept_until_a_file_changes_that_they_depend_on(
    baseline_name: str, tmp_path: Path
) -> None:
    package = tmp_path / "hearbaseline"
    ignored = shutil.ignore_patterns("embed", "__pycache__")
    shutil.copytree(BASELINES, package, ignore=ignored)
    before = digest(baseline_files(baseline_name, package))
    changing = set()
    for file in package.rglob("*.py"):
        text = file.read_text("utf-8")
        file.write_text(text + "# changed\n", "utf-8")
        if digest(baseline_files(baseline_name, package)) != before:
            changing.add(file.relative_to(package).as_posix())
        file.write_text(text, "utf-8")
    shared = {
        "_audio.py",
        "_bands.py",
        "_checkpoint.py",
        "_folder.py",
        "_foreign.py",
        "_frames.py",
        "_packed.py",
        "_transformer.py",
        "_windows.py",
    }
    own = {
        "mel": {"mel.py"},
        "crepe": {"crepe/__init__.py", "crepe/bins.py", "crepe/convolutions.py"},
    }
    assert changing == shared | own[baseline_name]


def test_embeddings_are_kept_by_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    before = baseline("mel").identity
    assert baseline("mel").identity == before
    model = mel.load_model()
    model.projection[0, 0] += 1
    monkeypatch.setattr(mel, "load_model", lambda: model)
    assert baseline("mel").identity != before


def test_missing_weights_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crepe, "find_spec", lambda _: None)
    with pytest.raises(ProbeError, match=r"pip install .hearbaseline\[crepe\]"):
        baseline("crepe")


@pytest.mark.parametrize("name", ["mfcc", "mel", "crepe"])
def test_clips_shorter_than_a_frame(name: str, table: Path) -> None:
    embedding = mfcc() if name == "mfcc" else baseline(name)
    task = load(table, table.parent, embedding.sample_rate)
    few = Task("few", task.clips[:2], ["a"] * 2, ["1"] * 2, False, task.sample_rate)
    embedded = embed(embedding, few, None)
    assert embedded.shape[:2] == (2, 1)
    assert np.isfinite(embedded).all()


def test_the_command(
    table: Path,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = table.parent
    arguments = ["--task", table, "--root", folder, "--model", "mfcc", "--model", "wav2vec2"]
    written = ["--markdown", folder / "t.md", "--json", folder / "t.json", "--twins", 2]
    assert run(monkeypatch, *arguments, "--checkpoint", checkpoint, *written) == 0
    shown = capsys.readouterr().out
    assert "tones (accuracy)" in shown
    rows = json.loads((folder / "t.json").read_text("utf-8"))["rows"]
    # The majority, MFCCs, and three layers of two twins and of the checkpoint.
    assert [row["layer"] for row in rows] == [None, None, *[0, 1, 2] * 3]
    assert rows[1]["scores"]["tones"]["mean"] == 1.0
    assert len(rows[1]["scores"]["tones"]["folds"]) == 5
    assert len((folder / "t.md").read_text("utf-8").splitlines()) == 2 + len(rows)


def test_bad_input_is_one_line(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = table.parent
    (folder / "7.wav").unlink()
    (folder / "bad.csv").write_text("path,label\n1.wav,a\n", "utf-8")
    (folder / "gap.csv").write_text("path,label,group\n1.wav,,g\n", "utf-8")
    (folder / "noise.safetensors").write_text("noise", "utf-8")
    tones = ["--task", table, "--root", folder, "--model", "mfcc"]
    for arguments, said in (
        (tones, "7.wav is missing, 1 of 20 recordings are"),
        (["--task", folder / "bad.csv", *tones[2:]], "lacks the column group"),
        (["--task", folder / "gap.csv", *tones[2:]], "gap.csv:2: has an empty path, label"),
        (["--task", folder / "none.csv", *tones[2:]], "none.csv: cannot be read (No such file"),
        ([*tones[:4], "--checkpoint", folder / "none.safetensors"], "there is no such checkpoint"),
        ([*tones[:4], "--checkpoint", folder / "noise.safetensors"], "cannot be read"),
        ([*tones, "--checkpoint", folder / "a"], "--model leaves out"),
        ([*tones, "--json", folder / "no" / "t.json"], "there is no such folder"),
        (["--root", folder], "--root is for the tables"),
        (["--model", "mfcc"], "give --data DIR"),
    ):
        assert run(monkeypatch, *arguments) == 2
        out, err = capsys.readouterr()
        assert said in err
        assert (out, err.count("\n")) == ("", 1)


def test_what_is_no_audio_is_not_skipped(table: Path) -> None:
    (table.parent / "5.wav").write_text("no audio", "utf-8")
    with pytest.raises(ProbeError, match=r"5\.wav: cannot be read as audio"):
        load(table, table.parent)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)


def tiny_soundfont(samples: list[int], *headers: tuple[str, int, int]) -> bytes:
    records = b"".join(
        struct.pack("<20s5IBbHH", name.encode(), start, end, 0, 0, 22050, 60, 0, 0, 1)
        for name, start, end in (*headers, ("EOS", 0, 0))
    )
    return chunk(
        b"RIFF",
        b"sfbk"
        + chunk(b"LIST", b"INFO" + chunk(b"INAM", b"odd"))
        + chunk(b"LIST", b"sdta" + chunk(b"smpl", struct.pack(f"<{len(samples)}h", *samples)))
        + chunk(b"LIST", b"pdta" + chunk(b"shdr", records)),
    )


def test_a_soundfont_is_cut_into_its_samples(tmp_path: Path) -> None:
    file = tmp_path / "tiny.sf2"
    content = tiny_soundfont([1, -2, 3, 0, 0, 32767, -32768], ("a/b", 0, 3), ("c", 5, 7))
    file.write_bytes(content)
    found = soundfont.read(file)
    assert {name: sample.audio.tolist() for name, sample in found.items()} == {
        "a/b": [1, -2, 3],
        "c": [32767, -32768],
    }
    assert found["c"].sample_rate == 22050
    for broken in (content[:-20], b"RIFF", b"", tiny_soundfont([1], ("a", 0, 2))):
        file.write_bytes(broken)
        with pytest.raises(soundfont.SoundfontError, match=r"tiny\.sf2"):
            soundfont.read(file)


def test_recordings_are_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With apt and dpkg replaced: a package is a file with its name."""
    calls, rendered = [], []

    def apt(command: list[str], failed: str, cwd: str) -> None:
        calls.append(command)
        (Path(cwd) / f"{command[-1]}_1.deb").write_text(failed, "utf-8")

    def dpkg(_: Path, folder: Path) -> None:
        calls.append(["dpkg"])
        for path in recordings.SOUNDFONTS.values():
            file = folder / path.partition("/")[2]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(tiny_soundfont([5, 6], ("36-Kick/1", 0, 2)))

    monkeypatch.setattr(packages, "run", apt)
    monkeypatch.setattr(packages, "unpack", dpkg)

    def fluidsynth(_: Path, folder: Path, names: set[str]) -> None:
        rendered.append(names)
        for name in names:
            (folder / name).touch()

    monkeypatch.setattr(recordings, "render", fluidsynth)
    root = recordings.prepare(tmp_path)
    samples, rate = soundfile.read(root / "_avl" / "avl_RedZeppelin_36-Kick_1.wav", dtype="int16")
    assert (samples.tolist(), rate) == ([5, 6], 22050)
    assert len(calls) == 2 * len(recordings.PACKAGES)
    assert recordings.prepare(tmp_path) == root
    assert len(calls) == 2 * len(recordings.PACKAGES)
    lost = root / "_notes" / "timgm_040_042.wav"
    lost.unlink()
    recordings.prepare(tmp_path)
    assert rendered[1:] == [{lost.name}]
    assert lost.is_file()


def test_the_shipped_tables() -> None:
    rows = {table.stem: read_rows(table) for table in SHIPPED}
    assert {name: len(held) for name, held in rows.items()} == {
        "battle_sounds": 189,
        "fish_voices": 699,
        "game_phrases": 555,
        "game_voices": 804,
        "guitar_pitch_classes": 292,
        "mandarin_initial": 2358,
        "mandarin_tone": 2358,
        "notes_by_instrument": 864,
        "notes_of_another_soundfont": 864,
        "percussion": 833,
    }
    for name, held in rows.items():
        assert len({row.path for row in held}) == len(held)
        assert len({row.group for row in held}) >= 5
        folders = {row.path.partition("/")[0] for row in held}
        assert folders <= {*recordings.PACKAGES, "_avl", "_notes"}
        assert not any(".." in Path(row.path).parts for row in held)
        assert any(" " in row.label for row in held) == (name == "guitar_pitch_classes")
    for row in rows["percussion"]:
        if row.path.startswith("_avl/"):
            assert row.path.split("_")[2] in recordings.SOUNDFONTS
