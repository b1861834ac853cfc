"""What the module must be: importable, with three functions."""

from __future__ import annotations

from hearkit.api.contract import (
    FUNCTIONS,
)

from ...asking.session import Session
from ...catalogue import Verdict, check, conforms, violates


@check(
    "I01",
    "the module imports",
    section="A submission",
    fix="Import the module in a fresh Python process and follow the traceback.",
    behavioural=False,
)
def imports(session: Session) -> Verdict:
    """The evaluation imports the submission by name, in a program that continues afterwards. A
    module that raises, exits, crashes or waits at import cannot be scored.
    """
    reply = session.imported()
    return conforms(f"imported in {reply.seconds:.1f} s")


@check(
    "I02",
    "the three functions exist",
    section="A submission",
    requires=(imports,),
    fix="Define load_model, get_timestamp_embeddings and get_scene_embeddings in the module "
    "that is named on the command line, or import them there.",
    behavioural=False,
)
def functions_exist(session: Session) -> Verdict:
    """These three functions are the whole interface; the evaluation calls nothing else."""
    found = session.imported().facts.functions
    missing = [name for name in FUNCTIONS if found[name] is None]
    if missing:
        return violates(
            f"the module has no {', '.join(missing)}",
            expected=f"the functions {', '.join(FUNCTIONS)}",
        )
    wrong = {n: f.type for n, f in found.items() if f is not None and not f.callable}
    if wrong:
        seen = "; ".join(f"{name} is of type {kind}" for name, kind in wrong.items())
        return violates(seen, expected="functions that can be called")
    return conforms()
