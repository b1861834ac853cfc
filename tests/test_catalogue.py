"""The catalogue as a whole: ids for life, prose for readers, a mutant for every check."""

import re
from pathlib import Path

import pytest

from validator.catalogue import (
    RETIRED_IDS,
    Check,
    UnknownIdError,
    conforms,
    inconclusive,
    matching,
    violates,
    with_requirements,
)
from validator.checks import CATALOGUE, FAMILIES

BAD = Path(__file__).parent / "submissions" / "bad"
IDS = [check.id for check in CATALOGUE]


def test_ids_are_unique_and_none_is_used_again() -> None:
    assert len(set(IDS)) == len(IDS)
    assert not set(IDS) & RETIRED_IDS


@pytest.mark.parametrize("check", CATALOGUE, ids=IDS)
def test_a_check_has_an_id_and_all_its_prose(check: Check) -> None:
    assert re.fullmatch(r"[A-Z]\d\d", check.id)
    assert check.title == check.title.strip()
    assert not check.title.endswith(".")
    for prose in (check.reason, check.mend):
        assert prose.endswith((".", ".)"))
        assert "  " not in prose
    assert check.section in (
        "A submission",
        "load_model",
        "get_timestamp_embeddings",
        "get_scene_embeddings",
        "What callers rely on",
    )


@pytest.mark.parametrize("check", CATALOGUE, ids=IDS)
def test_what_a_check_requires_comes_before_it(check: Check) -> None:
    before = CATALOGUE[: CATALOGUE.index(check)]
    assert set(check.requires) <= set(before)


def test_every_check_of_a_family_file_is_in_the_catalogue() -> None:
    declared = {
        thing for family in FAMILIES for thing in vars(family).values() if isinstance(thing, Check)
    }
    assert declared == set(CATALOGUE)


@pytest.mark.parametrize("id_", IDS)
def test_every_check_has_a_defective_submission(id_: str) -> None:
    assert list(BAD.glob(f"{id_}_*.py"))


def test_defective_submissions_are_named_after_checks() -> None:
    named = {path.name.partition("_")[0] for path in BAD.glob("*.py")}
    assert named <= set(IDS)


@pytest.mark.parametrize("path", sorted(BAD.parent.glob("*/*.py")), ids=lambda p: p.stem)
def test_a_submission_says_in_one_line_what_it_is(path: Path) -> None:
    assert re.match(r'"""[^"\n]{1,98}\."""\n', path.read_text("utf-8"))


def test_ids_and_prefixes_select_whatever_their_case() -> None:
    assert {c.id for c in matching(CATALOGUE, ["i01", "M"])} == {"I01", "M01", "M02"}


@pytest.mark.parametrize("pattern", ["", "X", "I011", "interface"])
def test_a_pattern_that_matches_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(UnknownIdError, match="no check is called"):
        matching(CATALOGUE, [pattern])


def test_requirements_are_followed_to_the_beginning() -> None:
    ids = {c.id for c in with_requirements(matching(CATALOGUE, ["T01"]))}
    assert {"I01", "I06", "O07", "T01"} <= ids
    assert "T02" not in ids


def test_a_violation_always_says_what_was_expected() -> None:
    assert violates("seen", expected="other").expected
    assert not conforms("seen").expected
    assert not inconclusive("why").expected
