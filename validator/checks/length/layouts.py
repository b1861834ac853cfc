"""Audio is embedded wherever it lies in memory."""

from __future__ import annotations

from hearkit.errors import Fault

from ...asking.answers import CallFault
from ...asking.measure import relative_errors
from ...asking.session import Session
from ...asking.snippets import reproduce
from ...catalogue import Figure, Verdict, check, conforms, violates
from ...stimuli import recorded
from ...tolerances import BATCH_TOLERANCE
from .._calls import FUNCTIONS, call_of
from ..repeatability.repeats import same_twice
from .lengths import benchmark_lengths


@check(
    "L04",
    "audio need not be contiguous in memory",
    section="What callers rely on",
    requires=(benchmark_lengths, same_twice),
    fix="Use reshape instead of view, or call audio.contiguous() first.",
)
def layouts(session: Session) -> Verdict:
    """Callers pass slices of longer recordings and channels of stereo ones."""
    if session.framework != "torch":
        return conforms("TensorFlow tensors are always contiguous")
    sounds = recorded(session.sample_rate, session.samples(0.9), session.seed).pick(0, 1)
    worst = 0.0
    views = {
        "sliced": "torch.nn.functional.pad(audio, (32, 32))[:, 32:-32]",
        "strided": "torch.stack([audio, audio], -1)[:, :, 1]",
    }
    for layout, code in views.items():
        for function in FUNCTIONS:
            view, whole = call_of(function, "view"), call_of(function, "audio")
            reproduction = reproduce(
                f"view = {code}", f"print(abs({view} - {whole}).max())", audio=sounds
            )
            try:
                seen = session.embed(function, sounds, layout=layout)
            except Fault as fault:
                raise CallFault(fault, reproduction) from None
            error = float(relative_errors(session.embed(function, sounds), seen).max())
            worst = max(worst, error)
            if error > BATCH_TOLERANCE:
                return violates(
                    f"{function} embeds {layout} audio otherwise, relative error {error:.3g}",
                    Figure("relative error", error, limit=BATCH_TOLERANCE),
                    expected="the same embeddings as for contiguous audio",
                    reproduction=reproduction,
                )
    return conforms("", Figure("relative error", worst, limit=BATCH_TOLERANCE))
