"""The board: the official ranking, and where results come in it."""

import numpy as np
import pytest

from hearkit.evaluation.board import COLUMNS, column_of, placed, read
from hearkit.evaluation.board.places import _ranking, place_of
from hearkit.evaluation.results import Results, TaskResult

NEEDS = ("sklearn",)

FOLDERS = {column: (name, mode) for (name, mode), column in COLUMNS.items()}


def results_like(model: str, name: str = "mine", without: tuple[str, ...] = ()) -> Results:
    """Results with the scores of a published model."""
    board = read()
    tasks = []
    for column, score in zip(board.tasks, board.scores[board.models.index(model)], strict=True):
        if not np.isfinite(score) or column in without:
            continue
        task_name, mode = FOLDERS[column]
        for part in ("_fold0", "_fold1") if column == "Beehive" else ("",):
            folder = f"{task_name}{part}-v1-{mode}"
            tasks.append(
                TaskResult(folder, task_name + part, mode, name, "", "top1_acc", float(score))
            )
    return Results(name, tuple(tasks))


def test_the_leaderboard_is_whole() -> None:
    board = read()
    assert board.scores.shape == (34, 19)
    assert set(board.tasks) == set(COLUMNS.values())
    assert len(set(board.models)) == 34
    finite = board.scores[np.isfinite(board.scores)]
    assert 0 <= finite.min() <= finite.max() <= 1


def test_the_ranking_is_the_official_one() -> None:
    """Computed here step by step as the organisers describe it."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    board = read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = IterativeImputer(max_iter=10, random_state=0).fit_transform(board.scores)
    means = np.clip((whole - whole.mean(0)) / whole.std(0, ddof=0), -1, 1).mean(1)
    rows = placed()
    assert [row.model for row in rows] == [board.models[n] for n in np.argsort(-means)]
    assert [row.rank for row in rows] == list(range(1, 35))
    assert [row.index for row in rows] == sorted(means, reverse=True)


def test_a_copy_of_a_published_model_takes_its_place_and_moves_nobody() -> None:
    before = placed()
    wanted = before[11]
    rows = placed([results_like(wanted.model)])
    assert [row for row in rows if not row.ours] == before
    (mine,) = [row for row in rows if row.ours]
    assert mine.index == pytest.approx(wanted.index, abs=0.02)
    assert abs(mine.rank - wanted.rank) <= 1
    assert mine.missing == wanted.missing


def test_missing_tasks_are_said_and_imputed() -> None:
    (mine,) = [row for row in placed([results_like("wav2vec2", without=("ESC-50",))]) if row.ours]
    assert mine.missing == ("Beehive", "ESC-50")
    assert np.isfinite(mine.index)


def test_beehive_is_the_mean_of_its_two_folders() -> None:
    both = tuple(
        TaskResult(
            f"beehive_states_fold{n}-v2-full",
            f"beehive_states_fold{n}",
            "full",
            "mine",
            "",
            "aucroc",
            v,
        )
        for n, v in ((0, 0.5), (1, 0.9))
    )
    (mine,) = [row for row in placed([Results("mine", both)]) if row.ours]
    assert mine.scores == {"Beehive": pytest.approx(0.7)}
    (half,) = [row for row in placed([Results("mine", both[:1])]) if row.ours]
    assert half.scores == {}
    assert half.notes == ("Beehive needs 2 folders, of which 1 are there",)


def test_tasks_that_are_not_on_the_board_have_no_place() -> None:
    task = TaskResult("spoken_digit-1.0.9-small", "spoken_digit", "small", "m", "", "top1_acc", 0.9)
    (mine,) = [row for row in placed([Results("m", (task,))]) if row.ours]
    assert mine.scores == {}
    assert np.isnan(mine.index)
    assert list(mine.others) == ["spoken_digit-1.0.9-small"]
    assert placed([Results("m", (task,))])[-1].ours


def test_results_outside_the_protocol_have_no_place() -> None:
    task = TaskResult("esc50-v2.0.0-full", "esc50", "full", "m", "", "top1_acc", 0.9, "linear")
    (mine,) = [row for row in placed([Results("m", (task,))]) if row.ours]
    assert mine.scores == {}
    assert "not by HEAR's protocol" in mine.notes[0]


def test_the_imputer_gives_published_rows_what_it_gave_them_before() -> None:
    ranking = _ranking()
    again = [ranking.index(row) for row in ranking.board.scores]
    assert again == pytest.approx(list(ranking.published), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "mode", "column"),
    [
        ("tfds_crema_d", "full", "CREMA-D"),
        ("crema_d", "full", "CREMA-D"),
        ("nsynth_pitch", "5h", "NSynth Pitch 5h"),
        ("beehive_states_fold1", "full", "Beehive"),
        ("nsynth_pitch", "small", None),
        ("spoken_digit", "full", None),
    ],
)
def test_folders_belong_to_columns(name: str, mode: str, column: str | None) -> None:
    assert column_of(name, mode) == column


def test_the_place_of_a_score_is_among_those_of_its_task() -> None:
    assert (place_of(1.0, "ESC-50").rank, place_of(1.0, "ESC-50").of) == (1, 34)
    assert place_of(0.0, "ESC-50").rank == 35
    assert place_of(0.5, "Beehive").of < 34
