"""What load_model returns."""

from __future__ import annotations

from hearkit.errors import Fault

from ...asking.session import Session
from ...asking.snippets import reproduce
from ...catalogue import Verdict, check, conforms, violates
from .signatures import signatures

_MODEL_HINTS = {
    "NoneType": "Add `return model` at the end of load_model.",
    "tuple": "Return the model alone; what belongs to it can be its attribute.",
    "type": "Return an instance, Model(), not the class.",
    "collections.OrderedDict": "This looks like a state dict: load it into a model, return that.",
    "dict": "This looks like a checkpoint: load it into a model and return that.",
}


@check(
    "I05",
    "load_model returns",
    section="load_model",
    requires=(signatures,),
    fix="Call load_model with the same path in a fresh process and follow the traceback.",
    behavioural=False,
)
def loads(session: Session) -> Verdict:
    """The other checks need a model. Weights that are downloaded, or read from a path on the
    author's machine, fail here on all other machines.
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
            traceback=fault.traceback,
        )
    return conforms(f"loaded in {reply.seconds:.1f} s")


@check(
    "I06",
    "load_model returns a PyTorch or TensorFlow model",
    section="load_model",
    requires=(loads,),
    fix="Return a torch.nn.Module, a tf.Module or a Keras model; wrap anything else in one.",
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
