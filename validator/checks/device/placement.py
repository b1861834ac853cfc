"""Results are where the audio is."""

from __future__ import annotations

from ...asking.session import Session
from ...asking.snippets import reproduce
from ...catalogue import Severity, Verdict, check, conforms, inconclusive, violates
from .._calls import FUNCTIONS, probe
from ..outputs.content import finite
from ._simulated import (
    PRINT_DEVICES,
    SIMULATED,
    begin_simulation,
    kind_of,
    moving,
    on_cpu,
    on_gpu,
    simulated,
)


@check(
    "D02",
    "the model follows the audio to a GPU",
    section="What callers rely on",
    requires=(finite,),
    ahead=begin_simulation,
    fix="Register tensors with register_buffer or as parameters, so that model.to(device) "
    "moves them, and create new ones with device=audio.device.",
)
def follows_to_gpu(session: Session) -> Verdict:
    """The evaluation runs on a GPU. Buffers that are plain attributes stay on the CPU, and so do
    tensors that are created there; neither can be combined with audio on the GPU.
    """
    if on_gpu(session):
        return conforms(f"on {session.submission.device} itself")
    trial = simulated(session, "gpu")
    return trial if isinstance(trial, Verdict) else conforms(SIMULATED)


@check(
    "D03",
    "embeddings stay on the GPU",
    severity=Severity.WARNING,
    section="What callers rely on",
    requires=(follows_to_gpu,),
    fix="Return embeddings where they are; callers move them to the CPU themselves.",
)
def results_stay(session: Session) -> Verdict:
    """The evaluation accepts results on the CPU, but a caller that continues on the GPU has to move
    embeddings back. Timestamps may be made where one likes: they are few, and no model sees them.
    """
    if on_gpu(session):
        devices = {
            f"value {n} of {function}": value.device
            for function in FUNCTIONS
            for n, value in enumerate(session.call(function, probe(session)).values[:1])
        }
    else:
        trial = simulated(session, "gpu")
        if isinstance(trial, Verdict):
            return inconclusive(trial.seen)
        devices = {k: v for k, v in trial.devices.items() if k.startswith("embeddings")}
    moved = [what for what, device in devices.items() if kind_of(device) == "cpu"]
    if moved:
        where = "a GPU" if on_gpu(session) else "a (simulated) GPU"
        return violates(
            f"{', '.join(moved)} came back on the CPU for audio on {where}",
            expected="embeddings on the device of the audio",
            reproduction=moving(session, "cuda", PRINT_DEVICES),
        )
    return conforms("" if on_gpu(session) else SIMULATED)


@check(
    "D04",
    "a GPU is left alone when the caller uses the CPU",
    section="What callers rely on",
    requires=(finite,),
    fix='Remove .cuda(), .to("cuda") and device choices by torch.cuda.is_available(); use '
    "audio.device.",
)
def leaves_gpu_alone(session: Session) -> Verdict:
    """Several published submissions call .cuda() whenever a GPU exists; callers who chose the CPU
    get an error, or results on another device.
    """
    if on_gpu(session):
        devices = {
            f"value {n} of {function}": value.device
            for function, reply in on_cpu(session).items()
            for n, value in enumerate(reply.values)
        }
    else:
        trial = simulated(session, "cpu")
        if isinstance(trial, Verdict):
            return trial
        devices = dict(trial.devices)
    wrong = [f"{what} on {device}" for what, device in devices.items() if kind_of(device) != "cpu"]
    if wrong:
        return violates(
            f"audio and model are on the CPU, but {', '.join(wrong)}",
            expected="results on the CPU, GPU or not",
            reproduction=reproduce(
                "# on a machine with a GPU", PRINT_DEVICES, audio=probe(session)
            ),
        )
    return conforms("" if on_gpu(session) else "with a simulated GPU next to the CPU")


@check(
    "D01",
    "any GPU will do: results are on the device of the audio",
    section="What callers rely on",
    requires=(follows_to_gpu, leaves_gpu_alone),
    fix='Write device=audio.device, timestamps included; "cuda" and .cuda() mean the first GPU.',
)
def outputs_device(session: Session) -> Verdict:
    """Users with several GPUs embed on the second one while something else runs on the first."""
    allowed = {"cpu", kind_of(session.submission.device)}
    wrong = [
        f"{function} returned a tensor on {value.device}"
        for function in FUNCTIONS
        for value in session.call(function, probe(session)).values
        if kind_of(value.device) not in allowed
    ]
    if not wrong:
        trial = simulated(session, "second")
        if isinstance(trial, Verdict):
            return trial
        wrong = [
            f"{what} are on {device} for audio on {trial.device}"
            for what, device in trial.devices.items()
            if device not in (trial.device, "cpu", "unknown")
        ]
    if wrong:
        return violates(
            "; ".join(wrong),
            expected="tensors on the device of the audio",
            reproduction=moving(session, "cuda:1", PRINT_DEVICES),
        )
    return conforms("on a simulated second GPU")
