"""Nothing is trained through a submission: no gradients, no layer in training mode."""

from __future__ import annotations

from ...asking.session import Session
from ...asking.snippets import Reproduction, reproduce
from ...catalogue import Severity, Verdict, check, conforms, violates
from .._calls import FUNCTIONS, probe
from .shapes import shapes


@check(
    "O09",
    "nothing returned requires a gradient",
    severity=Severity.WARNING,
    section="What callers rely on",
    requires=(shapes,),
    fix="Decorate both functions with torch.no_grad(), or return x.detach().",
)
def no_gradient(session: Session) -> Verdict:
    """Nothing is trained through the submission; a result that requires a gradient keeps the
    whole computation in memory, and 20 minutes of audio no longer fit.
    """
    wrong = [
        function
        for function in FUNCTIONS
        if any(v.requires_grad for v in session.call(function, probe(session)).values)
    ]
    if wrong:
        return violates(
            f"{' and '.join(wrong)} returned tensors that require a gradient",
            expected="tensors without a gradient",
            reproduction=reproduce(
                "print(scene(audio, model).requires_grad)",
                "print([x.requires_grad for x in timestamps(audio, model)])",
                audio=probe(session),
            ),
        )
    return conforms()


@check(
    "O10",
    "no layer runs in training mode",
    section="load_model",
    requires=(shapes,),
    fix="Call model.eval() in load_model before returning the model (PyTorch), or pass "
    "training=False (Keras).",
)
def not_training(session: Session) -> Verdict:
    """In training mode, dropout is random and batch normalisation uses the statistics of the batch.
    A new PyTorch module is in training mode until eval() is called.
    """
    found: dict[str, str] = {}
    for function in FUNCTIONS:
        found |= session.call(function, probe(session)).facts.training
    if found:
        listed = ", ".join(f"{name} ({kind})" for name, kind in list(found.items())[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        return violates(
            f"in training mode while embedding: {listed}{more}",
            expected="every layer in evaluation mode",
            reproduction=_showing_modes(session),
        )
    return conforms()


def _showing_modes(session: Session) -> Reproduction:
    """What shows the mode, which in Keras belongs to the call and not to the layer."""
    if session.framework == "torch":
        # Some submissions switch the mode in the call.
        return reproduce(
            "show = lambda layer, _: print(type(layer).__name__, layer.training)",
            "for layer in model.modules(): layer.register_forward_pre_hook(show)",
            "scene(audio, model), timestamps(audio, model)",
            audio=probe(session),
        )
    return reproduce("print(scene(audio, model))", audio=probe(session))
