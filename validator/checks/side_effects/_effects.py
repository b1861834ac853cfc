"""Side effects of all steps so far."""

from __future__ import annotations

from collections.abc import Callable

from hearkit.effect import Effect
from hearkit.errors import Fault

from ...asking.answers import calling
from ...asking.session import SCENE, TIMESTAMP, Session
from ...asking.snippets import Reproduction, reproduce
from ...catalogue import Figure, Verdict, conforms, inconclusive, violates
from .._calls import probe


def exercised(session: Session) -> str:
    """Import, load and call if that has not happened yet; what failed, or nothing.

    Effects count however a step ends, so the checks here need no other to have passed.
    """
    steps: tuple[Callable[[], object], ...] = (
        session.imported,
        session.loaded,
        lambda: session.call(TIMESTAMP, probe(session)),
        lambda: session.call(SCENE, probe(session)),
        session.settle,
    )
    for step in steps:
        try:
            step()
        except Fault as fault:
            return str(fault)
    return ""


def none_of(
    session: Session,
    kinds: set[str],
    expected: str,
    *,
    only: Callable[[Effect], bool] = lambda _: True,
    hint: str = "",
) -> Verdict:
    """Conforms where no effect of these kinds was seen."""
    failed = exercised(session)
    found = [e for e in session.effects if e.kind in kinds and only(e)]
    if found:
        listed = list(dict.fromkeys(f"{e.what} (in {e.step})" for e in found))
        more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
        return violates(
            "; ".join(listed[:3]) + more,
            Figure("seen", len(found), "times", 0),
            expected=expected,
            hint=hint,
            reproduction=_reproduction(session, found[0]),
        )
    if failed:
        return inconclusive(f"nothing was seen, but not every step could run: {failed}")
    return conforms()


def _reproduction(session: Session, effect: Effect) -> Reproduction:
    """The step that had the effect: the call with its audio, or loading alone."""
    called = session.calls.get(effect.step)
    if called is not None:
        return calling(*called)
    if effect.step.startswith("import "):
        return Reproduction(loads=False)
    return reproduce()


def in_call(effect: Effect) -> bool:
    return effect.step.startswith("get_")
