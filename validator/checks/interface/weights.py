"""What load_model does with its argument."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hearkit.errors import Fault

from ...asking.session import Session
from ...asking.snippets import Reproduction
from ...catalogue import Severity, Verdict, check, conforms, inconclusive, violates
from .loading import is_model


@check(
    "I07",
    "load_model works without an argument",
    severity=Severity.WARNING,
    section="load_model",
    requires=(is_model,),
    fix="Give model_file_path a default: the weights that the package ships, or an empty path.",
    behavioural=False,
)
def loads_without_argument(session: Session) -> Verdict:
    """Users try a model before they look for its weights; the API gives the path a default."""
    if not session.arguments():
        return conforms()  # that is how the model was loaded
    seen = session.probed()
    fetched = list(dict.fromkeys(e.what for e in seen.effects if e.kind == "network"))
    if not isinstance(seen, Fault) and not fetched:
        return conforms()
    problem = str(seen) if isinstance(seen, Fault) else "load_model() returned a model"
    if fetched:
        problem = f"{problem}; it asks the network for weights: {', '.join(fetched[:3])}"
    return violates(
        problem,
        expected="a model, as from load_model(model_file_path='')",
        hint=_FETCHES if fetched else "",
        fix="" if _needs_path(session) else _HAS_DEFAULT,
        reproduction=Reproduction(("submission.load_model()",), loads=False),
    )


_FETCHES = (
    "The validator refuses the connection; servers vanish, and many machines have no network."
)

_HAS_DEFAULT = (
    "The path has a default already. Let that be weights that the package ships, or raise an error "
    "that says where the weights are to be had."
)


def _needs_path(session: Session) -> bool:
    """Whether load_model cannot be called without an argument."""
    function = session.imported().facts.functions["load_model"]
    parameters = (function.parameters if function else None) or ()
    return any(not (p.default or p.variadic) for p in parameters)


@check(
    "I08",
    "load_model reads the file that it is given",
    severity=Severity.WARNING,
    section="load_model",
    requires=(is_model,),
    fix="Load the checkpoint from model_file_path, and from nowhere else.",
    behavioural=False,
)
def reads_file(session: Session) -> Verdict:
    """If a submission ignores the path, other weights are evaluated than those that were submitted.
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
        if isinstance(session.probed(str(broken)), Fault):
            return conforms("a file with other content is refused")
    return violates(
        "the file was never opened, and a file with other content loads as well",
        expected="the model's weights come from the given path",
        reproduction=Reproduction(
            (
                "import pathlib, tempfile",
                f"other = pathlib.Path(tempfile.mkdtemp()) / {weights.name!r}",
                'other.write_bytes(b"these are not weights")',
                "print(submission.load_model(str(other)))  # must not return",
            ),
            loads=False,
        ),
    )


@check(
    "I09",
    "a missing file is refused",
    severity=Severity.WARNING,
    section="load_model",
    requires=(is_model,),
    fix="Let the error of the failed open reach the caller, or raise FileNotFoundError with "
    "the path in its message.",
    behavioural=False,
)
def refuses_missing_file(session: Session) -> Verdict:
    """A mistyped path that silently gives random weights costs a whole evaluation."""
    weights = session.submission.weights
    if weights is None:
        return inconclusive("no weights were given: the submission may ignore the path")
    missing = weights.with_name(f"no-such-file-{weights.name}")
    seen = session.probed(str(missing))
    reproduction = Reproduction((f"submission.load_model({missing.name!r})",), loads=False)
    expected = "an exception that names the file"
    if not isinstance(seen, Fault):
        what = "load_model returned a model for a file that does not exist"
        return violates(what, expected=expected, reproduction=reproduction)
    if seen.kind == "exception":
        return conforms(seen.message)
    return violates(str(seen), expected=expected, reproduction=reproduction)
