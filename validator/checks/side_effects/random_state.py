"""What happens to the global random generators."""

from __future__ import annotations

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
    verdict = none_of(
        session,
        {"rng"},
        "the global random state untouched by import and calls",
        only=lambda e: in_call(e) or e.step.startswith("import"),
    )
    if verdict.violates or exercised(session):
        return verdict
    try:
        after = [session.reload(seed).facts.random_state for seed in (1, 2)]
    except Fault as fault:
        return inconclusive(f"the model could not be loaded again: {fault}")
    finally:
        session.drop("reload")
    seeded = [name for name in after[0] if after[0][name] == after[1].get(name)]
    if seeded:
        return violates(
            f"load_model leaves {', '.join(seeded)} in the same state whatever it was before",
            expected="no seeding of the global generators",
            reproduction=reproduce(
                "import random",
                f"for n in (1, 2): {SEED_ALL.format('n')}; {LOAD}; print("
                "random.random(), np.random.random(), torch.initial_seed())  # must differ",
            ),
        )
    return verdict
