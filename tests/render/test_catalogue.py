"""The checks in words."""

from pathlib import Path

import pytest

from validator.catalogue import Check
from validator.checks import CATALOGUE
from validator.render import catalogue
from validator.selection import UnknownIdError

PAGE = Path(__file__).parents[2] / "docs" / "checks.md"


def test_the_list_names_every_check_once() -> None:
    lines = [line.split() for line in catalogue.listing().splitlines() if line.startswith("  ")]
    assert [line[0] for line in lines] == [c.id for c in CATALOGUE]
    assert [line[1] for line in lines] == [c.severity.value for c in CATALOGUE]


@pytest.mark.parametrize("check", CATALOGUE, ids=lambda c: c.id)
def test_an_explanation_holds_all_that_is_known(check: Check) -> None:
    text = " ".join(catalogue.explanation(check.id).split())
    for part in (
        check.id,
        check.title,
        check.reason,
        check.fix,
        check.section,
        check.severity.value,
    ):
        assert " ".join(part.split()) in text
    assert all(f"{required.id} ({required.title})" in text for required in check.requires)
    assert ("only with --long" in text) == check.long
    assert ("looks at embeddings" in text) == check.behavioural


def test_a_family_is_explained_whole() -> None:
    text = catalogue.explanation("t")
    assert [c.id for c in CATALOGUE if f"{c.id}  {c.title}\n" in text] == [
        c.id for c in CATALOGUE if c.id[0] == "T"
    ]


def test_every_id_has_an_anchor_on_the_page() -> None:
    page = catalogue.page()
    assert all(page.count(f'<a id="{c.id.lower()}"></a>') == 1 for c in CATALOGUE)


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(UnknownIdError, match="no check is called 'Z99'"):
        catalogue.explanation("Z99")


def test_the_documentation_page_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == catalogue.page(), (
        "write it with: python -m validator.render.catalogue > docs/checks.md"
    )
