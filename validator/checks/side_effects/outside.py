"""What reaches beyond the process: files, network, programs, pickles."""

from __future__ import annotations

from ...asking.session import Session
from ...catalogue import Severity, Verdict, check
from ._effects import in_call, none_of


@check(
    "S09",
    "nothing is written outside the temporary folder",
    section="What callers rely on",
    fix="Write to a tempfile, or nothing: embedding needs no files.",
    behavioural=False,
)
def writes(session: Session) -> Verdict:
    """A submission may run in many processes at the same time, in read-only folders, and on a disk
    with the benchmark's data and other submissions.
    """
    return none_of(session, {"write"}, "no file written, moved or removed")


@check(
    "S10",
    "no network connection is attempted",
    section="load_model",
    fix="Load the checkpoint from the given path; ship or document the weights.",
    behavioural=False,
)
def network(session: Session) -> Verdict:
    """Weights downloaded at load are what the organisers complained about most: servers vanish, and
    nobody can tell which weights were evaluated. (The validator refuses the connection.)
    """
    return none_of(session, {"network"}, "no connection, at import, load or call")


@check(
    "S11",
    "no other program is started",
    section="What callers rely on",
    fix="Call libraries instead of programs.",
    behavioural=False,
)
def processes(session: Session) -> Verdict:
    """Programs on the author's machine are missing on others, and organisers do not run untrusted
    commands.
    """
    return none_of(session, {"process"}, "no process started")


@check(
    "S12",
    "the checkpoint is loaded without unpickling code",
    severity=Severity.WARNING,
    section="load_model",
    fix="Save a state dict as .safetensors, or load with torch.load(path, weights_only=True).",
    behavioural=False,
)
def safe_load(session: Session) -> Verdict:
    """A pickle can run any code when it is loaded. Safetensors files, and state dicts loaded
    with weights_only=True, cannot.
    """
    return none_of(
        session,
        {"unpickle"},
        "no unpickling by name",
        only=lambda e: not in_call(e),
    )
