"""The catalogue as a whole: ids for life, prose for readers, a mutant for every check."""

import ast
import re
from pathlib import Path

import pytest

import validator
from validator.catalogue import (
    CatalogueError,
    Check,
    catalogued,
    conforms,
    inconclusive,
    violates,
)
from validator.catalogue import (
    check as declare,
)
from validator.checks import CATALOGUE, FAMILIES
from validator.selection import UnknownIdError, in_order_of_need, matching, with_requirements

BAD = Path(__file__).parent / "submissions" / "bad"
CHECKS = Path(validator.__file__).parent / "checks"
IDS = [check.id for check in CATALOGUE]


def declared(id_: str) -> Check:
    return declare(id_, f"title of {id_}", section="load_model", fix="Fix it.")(
        lambda _: conforms()
    )


def test_a_catalogue_is_in_the_order_of_ids() -> None:
    assert [one.id for one in catalogued(map(declared, ("X02", "X01")))] == ["X01", "X02"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["X01", "X02", "X01"], "X01 is the id of two checks: 'title of X01' and 'title of X01'"),
        (["X07"], "X07 is retired"),
        (["T01"], "T01 is no id of the family tests: 'title of T01' needs one such as X01"),
        (["X1"], "X1 is no id"),
    ],
)
def test_ids_that_are_taken_retired_or_foreign_are_refused(
    monkeypatch: pytest.MonkeyPatch, ids: list[str], message: str
) -> None:
    monkeypatch.setattr("validator.catalogue.RETIRED_IDS", frozenset({"X07"}))
    with pytest.raises(CatalogueError, match=message):
        catalogued(map(declared, ids))


@pytest.mark.parametrize("check", CATALOGUE, ids=IDS)
def test_a_check_has_an_id_and_all_its_prose(check: Check) -> None:
    assert re.fullmatch(r"[A-Z]\d\d", check.id)
    assert check.title == check.title.strip()
    assert not check.title.endswith(".")
    for prose in (check.reason, check.fix):
        assert prose.endswith((".", ".)"))
        assert "  " not in prose
    assert check.section in (
        "A submission",
        "load_model",
        "get_timestamp_embeddings",
        "get_scene_embeddings",
        "What callers rely on",
    )


def test_the_catalogue_is_in_the_order_of_ids_and_runs_in_the_order_of_need() -> None:
    assert sorted(IDS) == IDS
    ordered = in_order_of_need(CATALOGUE)
    assert set(ordered) == set(CATALOGUE)
    for n, check in enumerate(ordered):
        assert set(check.requires) <= set(ordered[:n])


def test_families_that_judge_the_whole_run_come_last() -> None:
    flags = [check.family.runs_last for check in in_order_of_need(CATALOGUE)]
    assert flags == sorted(flags)
    assert {check.id[0] for check in CATALOGUE if check.family.runs_last} == {"D", "S"}


def test_a_part_of_the_catalogue_is_ordered_without_the_rest() -> None:
    some = [c for c in CATALOGUE if c.id in ("D01", "I01", "T01")]
    assert [c.id for c in in_order_of_need(some)] == ["I01", "T01", "D01"]


def test_a_family_is_a_folder_with_one_letter_and_one_heading() -> None:
    for attribute in ("letter", "name", "heading"):
        assert len({getattr(family, attribute) for family in FAMILIES}) == len(FAMILIES)
    folders = {path.parent.name for path in CHECKS.glob("*/__init__.py")}
    assert {family.name for family in FAMILIES} == folders
    for check in CATALOGUE:
        assert check.family in FAMILIES
        assert check.run.__module__.split(".")[-2] == check.family.name


def test_every_check_that_is_written_is_in_the_catalogue() -> None:
    written = [
        node.decorator_list[0].args[0].value  # type: ignore[attr-defined]
        for path in CHECKS.glob("*/*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    ]
    assert sorted(written) == IDS


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
    finding = violates("seen", expected="other")
    assert finding.violates
    assert finding.expected
    for other in (conforms("seen"), inconclusive("why")):
        assert not other.violates
        assert not other.expected
