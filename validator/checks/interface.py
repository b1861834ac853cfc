"""I: the module, its three functions, and what `load_model` does with its argument."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hearkit.api.contract import FUNCTIONS, PARAMETERS
from hearkit.api.facts import Function, Parameter
from hearkit.errors import Fault

from ..asking.session import Session
from ..asking.snippets import Reproduction, reproduce
from ..catalogue import Severity, Verdict, check, conforms, inconclusive, violates


@check(
    "I01",
    "the module imports",
    section="A submission",
    mend="Import the module in a fresh Python process and follow the traceback.",
    behavioural=False,
)
def imports(session: Session) -> Verdict:
    """The evaluation imports the submission by name, in a program that goes on afterwards. A
    module that raises, exits, crashes or waits at import cannot be scored at all.
    """
    reply = session.imported()
    return conforms(f"imported in {reply.seconds:.1f} s")


@check(
    "I02",
    "the three functions exist",
    section="A submission",
    requires=(imports,),
    mend="Define load_model, get_timestamp_embeddings and get_scene_embeddings in the module "
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


def _parameters(found: Mapping[str, Function | None], name: str) -> tuple[Parameter, ...] | None:
    """The parameters of a function that exists; None where they are not known."""
    function = found[name]
    return function.parameters if function else None


@check(
    "I03",
    "the functions take the arguments that the evaluation passes",
    section="What callers rely on",
    requires=(functions_exist,),
    mend="Give the functions one positional parameter (load_model) or two (the others), and "
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
    mend="Rename the parameters to model_file_path, audio and model.",
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


@check(
    "I05",
    "load_model returns",
    section="load_model",
    requires=(signatures,),
    mend="Call load_model with the same path in a fresh process and follow the traceback.",
    behavioural=False,
)
def loads(session: Session) -> Verdict:
    """Everything else needs a model. Weights that are fetched from the network, or read from
    a path of the author's machine, fail here on everybody else's.
    """
    try:
        reply = session.loaded()
    except Fault as fault:
        if session.submission.weights or fault.kind != "exception":
            raise
        return violates(
            str(fault),
            expected="a model",
            hint="If the model needs a checkpoint, name it after the module; none was given.",
            reproduction=reproduce(),
            evidence={"traceback": fault.traceback},
        )
    return conforms(f"loaded in {reply.seconds:.1f} s")


@check(
    "I06",
    "load_model returns a PyTorch or TensorFlow model",
    section="load_model",
    requires=(loads,),
    mend="Return a torch.nn.Module, a tf.Module or a Keras model; wrap anything else in one.",
    behavioural=False,
)
def is_model(session: Session) -> Verdict:
    """The evaluation moves the model to a device with the framework's own means."""
    facts = session.facts()
    if not facts.framework:
        return violates(
            f"load_model returned a {facts.type}",
            expected="a torch.nn.Module, tf.Module, keras.Model or keras.Layer",
            hint=_MODEL_HINTS.get(facts.type, ""),
            reproduction=reproduce("print(type(model))"),
        )
    return conforms(f"{facts.type} ({facts.framework})")


_MODEL_HINTS = {
    "NoneType": "Add `return model` at the end of load_model.",
    "tuple": "Return the model alone; what belongs to it can be its attribute.",
    "type": "Return an instance, Model(), not the class.",
    "collections.OrderedDict": "This looks like a state dict: load it into a model, return that.",
    "dict": "This looks like a checkpoint: load it into a model and return that.",
}


@check(
    "I07",
    "load_model works without an argument",
    severity=Severity.WARNING,
    section="load_model",
    requires=(is_model,),
    mend="Give model_file_path a default: the weights that the package ships, or an empty path.",
    behavioural=False,
)
def loads_without_argument(session: Session) -> Verdict:
    """Users try a model before they look for its weights; the API gives the path a default."""
    try:
        session.loaded("no argument", ())
    except Fault as fault:
        return violates(
            str(fault),
            expected="a model, as from load_model(model_file_path='')",
            reproduction=Reproduction(("submission.load_model()",), loads=False),
        )
    finally:
        session.drop("no argument")
    return conforms()


@check(
    "I08",
    "load_model reads the file that it is given",
    severity=Severity.WARNING,
    section="load_model",
    requires=(is_model,),
    mend="Load the checkpoint from model_file_path, and from nowhere else.",
    behavioural=False,
)
def reads_file(session: Session) -> Verdict:
    """A submission that ignores the path evaluates other weights than the ones handed in.
    A file that is never opened, and whose content makes no difference, is not read.
    """
    weights = session.submission.weights
    if weights is None:
        return inconclusive("no weights were given, so there is no file to read")
    real = os.path.realpath(weights)
    opened = session.loaded().opened
    if any(path == real or path.startswith(real + os.sep) for path in opened):
        return conforms("the file was opened")
    if weights.is_dir():
        return inconclusive("the weights are a folder, and no file in it was opened by Python")
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / weights.name
        broken.write_bytes(b"these are not weights")
        try:
            session.loaded("broken", (str(broken),))
        except Fault:
            return conforms("a file with other content is refused")
        finally:
            session.drop("broken")
    return violates(
        "the file was never opened, and a file with other content loads as well",
        expected="the model's weights come from the given path",
        reproduction=reproduce(),
    )


@check(
    "I09",
    "a missing file is refused",
    severity=Severity.WARNING,
    section="load_model",
    requires=(is_model,),
    mend="Let the error of the failed open reach the caller, or raise FileNotFoundError with "
    "the path in its message.",
    behavioural=False,
)
def refuses_missing_file(session: Session) -> Verdict:
    """A mistyped path that silently gives random weights costs a whole evaluation."""
    weights = session.submission.weights
    if weights is None:
        return inconclusive("no weights were given: the submission may ignore the path")
    missing = weights.with_name(f"no-such-file-{weights.name}")
    try:
        session.loaded("missing", (str(missing),))
    except Fault as fault:
        if fault.kind == "exception":
            return conforms(fault.message)
        return violates(str(fault), expected="an exception that names the file")
    finally:
        session.drop("missing")
    return violates(
        "load_model returned a model for a file that does not exist",
        expected="an exception that names the file",
        reproduction=Reproduction((f"submission.load_model({missing.name!r})",), loads=False),
    )
