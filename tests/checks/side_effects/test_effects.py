"""A failure of the submission leaves side effects to be judged; one of ours is never swallowed."""

from typing import Any

import pytest

from hearkit.api.submission import Submission
from hearkit.errors import Fault
from validator import Options, Status
from validator.asking.session import Session
from validator.catalogue import Check, Kind
from validator.checks import CATALOGUE
from validator.runner import Runner

from ...fakes import Fake

EFFECTS = [c for c in CATALOGUE if c.family.name == "side_effects" and not c.requires]


def raising(error: Exception) -> Session:
    """A session in which every call ends so."""

    def answer(*_: Any) -> Any:
        raise error

    return Session(Submission("module"), lambda _: Fake(answer))


@pytest.mark.parametrize("checked", EFFECTS, ids=lambda c: c.id)
def test_a_fault_of_the_submission_leaves_the_question_open(checked: Check) -> None:
    verdict = checked.run(raising(Fault("exception", "it raised", "step")))
    assert verdict.kind is Kind.INCONCLUSIVE
    assert "nothing was seen, but not every step could run: step: it raised" in verdict.seen


@pytest.mark.parametrize("checked", EFFECTS, ids=lambda c: c.id)
@pytest.mark.parametrize("error", [ZeroDivisionError, TypeError, OSError])
def test_a_mistake_of_ours_breaks_the_check(checked: Check, error: type[Exception]) -> None:
    session = raising(error("ours"))
    result = Runner((checked,), session, Options()).result(checked)
    assert result.status is Status.BROKEN
    assert "our fault" in result.why
