"""What the three functions take."""

from __future__ import annotations

from collections.abc import Mapping

from hearkit.api.contract import (
    FUNCTIONS,
    PARAMETERS,
)
from hearkit.api.facts import Function, Parameter

from ...asking.session import Session
from ...catalogue import Severity, Verdict, check, conforms, violates
from .module import functions_exist


def _parameters(found: Mapping[str, Function | None], name: str) -> tuple[Parameter, ...] | None:
    """The parameters of a function that exists; None where they are not known."""
    function = found[name]
    return function.parameters if function else None


@check(
    "I03",
    "the functions take the arguments that the evaluation passes",
    section="What callers rely on",
    requires=(functions_exist,),
    fix="Give the functions one positional parameter (load_model) or two (the others), and "
    "every further parameter a default value.",
    behavioural=False,
)
def signatures(session: Session) -> Verdict:
    """The evaluation passes a path to load_model, and audio and model to the other two, by
    position. A function that needs more, or takes less, fails at its first call.
    """
    found = session.imported().facts.functions
    problems = []
    for name in FUNCTIONS:
        parameters = _parameters(found, name)
        if parameters is None:
            continue  # a built-in without a signature: the calls will tell
        passed = len(PARAMETERS[name])
        positional = [p for p in parameters if p.positional]
        names = [p.name for p in positional[:passed]]
        if passed > 1 and names == list(PARAMETERS[name][::-1]):
            problems.append(f"{name} takes its arguments in the order {', '.join(names)}")
        if len(positional) < passed and not any(p.star for p in parameters):
            problems.append(f"{name} takes {len(positional)} of {passed} positional arguments")
        unfilled = [
            p.name
            for p in (*positional[passed:], *(q for q in parameters if not q.positional))
            if not p.default and not p.variadic
        ]
        if unfilled:
            problems.append(f"{name} also requires {', '.join(unfilled)}")
    if problems:
        return violates(
            "; ".join(problems),
            expected="; ".join(f"{n}({', '.join(PARAMETERS[n])})" for n in FUNCTIONS),
        )
    return conforms()


@check(
    "I04",
    "the parameters have the names of the API",
    severity=Severity.WARNING,
    section="A submission",
    requires=(signatures,),
    fix="Rename the parameters to model_file_path, audio and model.",
    behavioural=False,
)
def parameter_names(session: Session) -> Verdict:
    """The evaluation calls by position, but users who read the API call by name."""
    found = session.imported().facts.functions
    wrong = []
    for name in FUNCTIONS:
        parameters = _parameters(found, name) or ()
        names = tuple(p.name for p in parameters if p.positional)[: len(PARAMETERS[name])]
        if names and names != PARAMETERS[name]:
            wrong.append(f"{name}({', '.join(names)})")
    if wrong:
        return violates(
            "; ".join(wrong),
            expected="; ".join(f"{n}({', '.join(PARAMETERS[n])})" for n in FUNCTIONS),
        )
    return conforms()
