"""What checks of devices ask: a GPU, or a simulation of two."""

from __future__ import annotations

from typing import Any, Literal

from hearkit.api.facts import CallFacts
from hearkit.api.requests import Call
from hearkit.api.submission import Reply
from hearkit.api.wire import typed
from hearkit.errors import Fault

from ...asking.session import Session
from ...asking.snippets import Reproduction, reproduce
from ...catalogue import Verdict, inconclusive, violates
from ...simulation import Trial, Trials
from ...stimuli import recorded
from .._calls import FUNCTIONS, probe

_SIMULATE = "simulation.machine:simulate"

SIMULATED = "on a simulated GPU"

PRINT_DEVICES = "print(scene(audio, model).device, [x.device for x in timestamps(audio, model)])"


def on_gpu(session: Session) -> bool:
    return session.submission.device != "cpu"


def kind_of(device: str) -> str:
    """`cuda` for `cuda:1`, `cpu` for TensorFlow's long names."""
    return device.rpartition("/")[2].removeprefix("device:").partition(":")[0].lower() or "cpu"


def moving(session: Session, device: str, *lines: str) -> Reproduction:
    move = f'model, audio = model.to("{device}"), audio.to("{device}")'
    moves = (move,) if session.framework == "torch" else ()
    return reproduce(*moves, *lines, audio=probe(session))


def begin_simulation(session: Session) -> None:
    """Begin what `simulated` asks, while other checks go on."""
    if session.framework == "torch" and not on_gpu(session):
        session.begin_extending(_SIMULATE, **_question(session))


def _question(session: Session) -> dict[str, Any]:
    return {"arguments": list(session.arguments()), "sample_rate": session.sample_rate}


def simulated(session: Session, place: Literal["gpu", "second", "cpu"]) -> Trial | Verdict:
    """A trial in which both calls returned, or the verdict where they did not."""
    if session.framework != "torch":
        return inconclusive("only PyTorch's devices can be simulated")
    found = session.extended(_SIMULATE, **_question(session))
    try:
        trials: Trials = typed(Trials, found)
    except (TypeError, ValueError) as error:
        raise Fault("answer", f"cannot be read ({error})", "a simulated GPU") from None
    trial: Trial = getattr(trials, place)
    if trial.unclear:
        return inconclusive(trial.unclear)
    if trial.refused:
        return violates(
            trial.refused,
            expected=f"model and audio on {trial.device} give results",
            reproduction=moving(session, trial.device, PRINT_DEVICES),
        )
    return trial


def on_cpu(session: Session) -> dict[str, Reply[CallFacts]]:
    """The replies of both functions for the recordings, in a worker on the CPU."""
    sounds = recorded(session.sample_rate, session.samples(1.0), session.seed)
    with session.workers.on_device("cpu", session.arguments()) as worker:
        return {
            function: worker.ask(Call(function), step=f"{function} on the CPU", audio=sounds.audio)
            for function in FUNCTIONS
        }
