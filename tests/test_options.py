"""Options from the command line's values and from pyproject.toml."""

from pathlib import Path

import pytest

from hearkit.errors import UsageError
from validator.options import Options, from_pyproject, submission_in_pyproject


def pyproject(folder: Path, table: str) -> Path:
    (folder / "pyproject.toml").write_text(table)
    return folder


def test_settings_are_read_from_the_nearest_file(tmp_path: Path) -> None:
    pyproject(
        tmp_path,
        """
        [tool.hear-validate]
        skip = ["D"]
        strict = true
        timeout = 5
        memory-limit = 2.5
        [tool.hear-validate.expected-failures]
        L02 = "needs 80 ms, see issue 3"
        """,
    )
    (tmp_path / "deep").mkdir()
    assert Options(**from_pyproject(tmp_path / "deep")) == Options(
        skip=("D",),
        strict=True,
        timeout_s=5,
        memory_limit_gb=2.5,
        expected={"L02": "needs 80 ms, see issue 3"},
    )


def test_the_submission_is_found_from_a_folder_below(tmp_path: Path) -> None:
    table = "[tool.hear-validate]\nmodule = 'm'\nweights = 'm/w.pt'\nstrict = true"
    pyproject(tmp_path, table)
    (tmp_path / "deep").mkdir()
    assert submission_in_pyproject(tmp_path) == ("m", "m/w.pt")
    assert submission_in_pyproject(tmp_path / "deep") == ("m", "../m/w.pt")
    assert from_pyproject(tmp_path) == {"strict": True}


def test_no_table_means_no_settings(tmp_path: Path) -> None:
    assert from_pyproject(pyproject(tmp_path, "[project]\nname = 'x'")) == {}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("[tool.hear-validate]\ncolour = 1", "no setting 'colour'"),
        ("[tool.hear-validate]\nskip = 'D'", "skip must be a list"),
        ("[tool.hear-validate]\nskip = [3]", "skip must be a list of ids"),
        ("[tool.hear-validate]\nseed = true", "seed must be a whole number"),
        ("[tool.hear-validate]\ntimeout = '5'", "timeout must be a number of seconds"),
        ("[tool]\nhear-validate = 3", "must be a table"),
        ("[tool.hear-validate.expected-failures]\nL02 = ''", "L02 needs a reason"),
        ("[tool.hear-validate.expected-failures]\nL02 = 3", "L02 needs a reason"),
        ("[tool.hear", "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, table: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        from_pyproject(pyproject(tmp_path, table))
    assert str(caught.value).startswith(str(tmp_path / "pyproject.toml"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"timeout_s": 0}, "--timeout"),
        ({"timeout_s": float("nan")}, "--timeout"),
        ({"timeout_s": float("inf")}, "--timeout"),
        ({"memory_limit_gb": -1}, "--memory-limit"),
        ({"seed": -1}, "--seed"),
        ({"profile": "judge"}, "no profile 'judge'"),
        ({"profile": "organiser", "skip": ("D",)}, "leave out --skip"),
        ({"profile": "organiser", "expected": {"T01": "x"}}, "leave out expected failures"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Options(**options)  # type: ignore[arg-type]


def test_an_organisers_run_includes_the_long_checks() -> None:
    assert Options(profile="organiser").runs_long
    assert not Options().runs_long


def test_an_organisers_seed_is_drawn_once_and_a_given_one_is_kept() -> None:
    drawn = Options(profile="organiser")
    assert drawn.seed == drawn.drawn
    assert len({Options(profile="organiser").seed for _ in range(4)}) > 1
    assert Options(profile="organiser", seed=0).seed == 0
    assert Options().seed == 0


def test_the_whole_run_has_a_limit_that_grows_with_that_of_a_step() -> None:
    assert Options().total_s == 3600
    assert Options(timeout_s=120).total_s == 7200
    assert Options(long=True).total_s == Options(profile="organiser").total_s == 3600 + 7200
    assert Options(total_timeout_s=10, long=True).total_s == 10
    with pytest.raises(UsageError, match="--total-timeout must be"):
        Options(total_timeout_s=0)
