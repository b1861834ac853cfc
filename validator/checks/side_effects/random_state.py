"""What happens to the global random generators."""

from __future__ import annotations

from dataclasses import replace

from hearkit.effect import DATA_LOADER, Effect
from hearkit.errors import Fault

from ...asking.session import Session
from ...asking.snippets import LOAD, reproduce
from ...catalogue import Severity, Verdict, check, inconclusive, violates
from .._calls import SEED_ALL
from ._effects import exercised, in_call, none_of


@check(
    "S02",
    "the global random state is left alone",
    severity=Severity.WARNING,
    section="What callers rely on",
    fix="Use a generator of your own: torch.Generator().manual_seed(0), "
    "numpy.random.default_rng(0).",
    behavioural=False,
)
def random_state(session: Session) -> Verdict:
    """A submission that seeds the global generators makes the caller's own random numbers
    repeat; one that draws from them makes the caller's results depend on it. Drawing the
    initial parameters of layers while loading is usual and accepted; seeding is not.
    """
    verdict = none_of(session, {"rng"}, _UNTOUCHED, only=lambda e: _counts(e) and not _loads(e))
    if verdict.violates or exercised(session):
        return _with_loaders(session, verdict)
    try:
        after = [session.reload(seed).facts.random_state for seed in (1, 2)]
    except Fault as fault:
        return inconclusive(f"the model could not be loaded again: {fault}")
    finally:
        session.drop("reload")
    seeded = [name for name in after[0] if after[0][name] == after[1].get(name)]
    if seeded:
        seeding = violates(
            f"load_model leaves {', '.join(seeded)} in the same state whatever it was before",
            expected="no seeding of the global generators",
            reproduction=reproduce(
                "import random",
                f"for n in (1, 2): {SEED_ALL.format('n')}; {LOAD}; print("
                "random.random(), np.random.random(), torch.initial_seed())  # must differ",
            ),
        )
        return _with_loaders(session, seeding)
    return _with_loaders(session, verdict)


_UNTOUCHED = "the global random state untouched by import and calls"

_LOADERS = (
    "A DataLoader draws a seed from the global generator whenever it is iterated, whether or not "
    "it shuffles or has workers: give it one of its own, DataLoader(..., "
    "generator=torch.Generator())."
)


def _counts(effect: Effect) -> bool:
    return in_call(effect) or effect.step.startswith("import")


def _loads(effect: Effect) -> bool:
    return effect.what == DATA_LOADER


def _with_loaders(session: Session, verdict: Verdict) -> Verdict:
    """The verdict with what DataLoaders do, told once, however often they are iterated."""
    if not any(_counts(effect) and _loads(effect) for effect in session.effects):
        return verdict
    if verdict.violates:
        return replace(verdict, hint=f"{verdict.hint} {_LOADERS}".strip())
    only = none_of(session, {"rng"}, _UNTOUCHED, only=_loads)
    first, _, _ = only.seen.partition("; ")
    return replace(only, seen=first, fix=_LOADERS)
