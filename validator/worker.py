"""The process that runs the submission: reads requests, calls it, answers with plain facts.

This is the only part that imports the submission, and through `frameworks` the only one that
imports PyTorch or TensorFlow. It decides nothing: verdicts are formed on the other side.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import importlib
import importlib.util
import inspect
import json
import os
import platform
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import psutil

from . import frameworks, line
from .contract import FUNCTIONS
from .watch import Watch

_SETTLE_S = 0.1
"""Seconds that threads of the submission get after the calls."""


class Worker:
    """Carries out requests; every public method below `handle` is an operation."""

    def __init__(self, module: str, device: str, exchange: Path) -> None:
        self._name = module
        self._device = device
        self._exchange = exchange
        self._watch = Watch()
        self._module: ModuleType | None = None
        self._models: dict[str, Any] = {}
        self._number = 0
        self._prepared: set[str] = set()
        # The generator makes all its words anew at the first draw, then after hundreds; so few
        # draws during an import leave them as they are.
        random.random()

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request; whatever the submission raises becomes part of the answer."""
        operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "import": self.import_module,
            "load": self.load,
            "call": self.call,
            "drop": self.drop,
            "settle": self.settle,
            "footprint": self.footprint,
            "simulate": self.simulate,
            "environment": self.environment,
        }
        self._number = request["number"]
        answer: dict[str, Any] = {
            "token": request["token"],
            "container": "",
            "values": [],
            "facts": {},
            "effects": [],
            "seconds": 0.0,
        }
        if (seed := request.get("seed")) is not None:
            _seed(seed)
        self._prepare()
        begin = time.perf_counter()
        before = _state()
        self._watch.start(importing=request["op"] == "import")
        try:
            answer |= operations[request["op"]](request)
        except BaseException as error:
            answer["fault"] = _fault(error)
            if isinstance(error, ModuleNotFoundError):
                answer["facts"] = {"missing": error.name or ""}
        answer["effects"] = self._watch.stop() + _changes(before, _state(), request["op"])
        answer["facts"] = dict(answer["facts"], opened=sorted(self._watch.opened))
        answer.setdefault("seconds", time.perf_counter() - begin)
        answer["seconds"] = answer["seconds"] or time.perf_counter() - begin
        return answer

    def import_module(self, _: dict[str, Any]) -> dict[str, Any]:
        """Import the submission; facts: its functions and their parameters."""
        top = importlib.util.find_spec(self._name.partition(".")[0])
        if top is not None and top.submodule_search_locations:
            self._watch.belongs(Path(os.path.realpath(next(iter(top.submodule_search_locations)))))
        elif top is not None and top.origin:
            self._watch.belongs(Path(os.path.realpath(top.origin)))
        self._module = importlib.import_module(self._name)
        functions = {name: _signature(getattr(self._module, name, None)) for name in FUNCTIONS}
        file = getattr(self._module, "__file__", None)
        return {"facts": {"functions": functions, "file": str(file or "")}}

    def load(self, request: dict[str, Any]) -> dict[str, Any]:
        """Load a model into a slot; facts: what the model is and carries."""
        arguments = request["arguments"]
        self._watch.given(arguments[0] if arguments else "")
        model = self._function("load_model")(*arguments)
        framework = frameworks.of_model(model)
        facts: dict[str, Any] = {
            "type": _type_name(model),
            "framework": framework.NAME if framework else "",
            "attributes": {
                name: _attribute(model, name)
                for name in ("sample_rate", "scene_embedding_size", "timestamp_embedding_size")
            },
            "rng": _rng_digest(),
        }
        self._models[request["slot"]] = model
        if framework:
            framework.place(model, self._device)
        return {"facts": facts}

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """Call an embedding function as the evaluation does, and describe what it returns."""
        model = self._models[request["slot"]]
        framework = frameworks.of_model(model)
        if framework is None:
            raise TypeError(f"load_model returned {_type_name(model)}, which is no model")
        audio = np.load(self._exchange / request["audio"], allow_pickle=False)
        tensor = framework.tensor(audio, self._device, request.get("layout", ""))
        function = self._function(request["function"])
        framework.forget_peak(self._device)
        with framework.on(self._device), framework.TrainingWatch(model) as training:
            begin = time.perf_counter()
            result = function(tensor, model)
            seconds = time.perf_counter() - begin
        after = framework.array(tensor)
        if not np.array_equal(after, audio, equal_nan=True):
            changed = float(np.max(np.abs(after - audio))) if after.shape == audio.shape else -1.0
            self._watch.add("audio", f"changed by up to {changed:.3g}")
        container, items = _unpack(result)
        values = [self._value(item, n) for n, item in enumerate(items)]
        facts = {
            "training": training.found,
            "device_peak_bytes": framework.peak_bytes(self._device),
        }
        return {"container": container, "values": values, "facts": facts, "seconds": seconds}

    def drop(self, request: dict[str, Any]) -> dict[str, Any]:
        """Forget the model in a slot."""
        self._models.pop(request["slot"], None)
        gc.collect()
        return {}

    def settle(self, _: dict[str, Any]) -> dict[str, Any]:
        """Give threads of the submission time to do what they still have to do."""
        time.sleep(_SETTLE_S)
        return {}

    def footprint(self, _: dict[str, Any]) -> dict[str, Any]:
        """Facts: bytes and objects in use, after freeing what can be freed."""
        gc.collect()
        for framework in frameworks.imported():
            framework.trim()
        exact = _allocated()
        return {
            "facts": {
                "bytes": psutil.Process().memory_info().rss if exact is None else exact,
                "exact": exact is not None,
                "objects": len(gc.get_objects()),
            }
        }

    def simulate(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run the submission on pretended GPUs; see `frameworks.torch_simulation`."""
        from .frameworks.torch_simulation import simulate

        assert self._module is not None
        return {"facts": simulate(self._module, request["arguments"], request["sample_rate"])}

    def environment(self, _: dict[str, Any]) -> dict[str, Any]:
        """Facts: versions of what the submission runs on."""
        return {
            "facts": {
                "python": platform.python_version(),
                "platform": platform.platform(),
                "numpy": np.__version__,
                "frameworks": [f.version() for f in frameworks.imported()],
            }
        }

    def _prepare(self) -> None:
        """Prepare each framework once, when it was imported."""
        for framework in frameworks.imported():
            if framework.NAME not in self._prepared:
                framework.prepare(self._watch.wrote)
                self._prepared.add(framework.NAME)

    def _function(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(self._module, name)
        return function

    def _value(self, item: Any, index: int) -> dict[str, Any]:
        framework = frameworks.of_tensor(item)
        value: dict[str, Any] = {
            "type": _type_name(item),
            "framework": framework.NAME if framework else "",
            "dtype": "",
            "shape": [],
            "device": "",
            "requires_grad": False,
        }
        array: Any = None
        if framework:
            value |= framework.describe(item)
            array = framework.array(item)
        elif isinstance(item, np.ndarray):
            value |= {"framework": "numpy", "dtype": str(item.dtype), "shape": list(item.shape)}
            array = item
        if array is not None and array.dtype.kind in "biufc":
            value["file"] = f"{self._number}-{index}.npy"
            np.save(self._exchange / value["file"], array)
        return value


class _MallInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                     "uordblks", "fordblks", "keepcost")
    ]  # fmt: skip


def _allocated() -> int | None:
    """Bytes that the process has allocated and not freed, where the C library counts them.

    Resident memory would also count what was freed and kept by the allocator: with several
    threads that is half a megabyte a call, more or less.
    """
    count = getattr(ctypes.CDLL(None), "mallinfo2", None) if sys.platform == "linux" else None
    if count is None:
        return None
    count.restype = _MallInfo
    info = count()
    return int(info.uordblks + info.hblkhd)


def _unpack(result: Any) -> tuple[str, list[Any]]:
    if isinstance(result, (tuple, list)):
        kind = "tuple" if isinstance(result, tuple) else "list"
        return kind, list(result[:8])
    return "single", [result]


def _signature(function: Any) -> dict[str, Any] | None:
    """What is known of a function's parameters; None where there is no such attribute."""
    if function is None:
        return None
    facts: dict[str, Any] = {"callable": callable(function), "type": _type_name(function)}
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return facts
    facts["parameters"] = [
        {
            "name": p.name,
            "positional": p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD),
            "variadic": p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD),
            "default": p.default is not p.empty,
            "star": p.kind is p.VAR_POSITIONAL,
        }
        for p in parameters
    ]
    return facts


def _attribute(model: Any, name: str) -> dict[str, Any]:
    if not hasattr(model, name):
        return {"present": False}
    value = getattr(model, name)
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return {
        "present": True,
        "type": type(value).__name__,
        "python_int": type(value) is int,
        "integral": isinstance(value, (int, np.integer)) and not isinstance(value, bool),
        "number": float(value) if is_number else None,
        "text": repr(value)[:80],
    }


def _type_name(thing: object) -> str:
    kind = type(thing)
    builtin = kind.__module__ == "builtins"
    return kind.__qualname__ if builtin else f"{kind.__module__}.{kind.__qualname__}"


def _fault(error: BaseException) -> dict[str, str]:
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith(str(Path(__file__).parent))]
    text = "".join(traceback.format_list(own[-12:]) + traceback.format_exception_only(error))
    if isinstance(error, SystemExit):
        return {"kind": "exit", "message": f"called sys.exit({error.code!r})", "traceback": text}
    try:
        said = str(error)
    except Exception:
        said = "(its message cannot be printed)"
    message = f"raised {type(error).__name__}" + (f": {said}" if said else "")
    return {"kind": "exception", "message": message, "traceback": text}


def _seed(number: int) -> None:
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - the global state is what is meant
    for framework in frameworks.imported():
        framework.seed(number)


def _rng_digest() -> dict[str, str]:
    return {
        name: hashlib.sha256(repr(value).encode()).hexdigest()
        for name, value in _state().items()
        if name.startswith("rng")
    }


def _state() -> dict[str, Any]:
    numpy_state: Any = np.random.get_state(legacy=True)  # noqa: NPY002 - the global state is meant
    state: dict[str, Any] = {
        "rng random": random.getstate(),
        "rng numpy": (numpy_state[0], numpy_state[1].tobytes(), *numpy_state[2:]),
        "working directory": _cwd(),
    }
    for framework in frameworks.imported():
        state |= framework.state()
    return state


def _cwd() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "(deleted)"


def _changes(before: dict[str, Any], after: dict[str, Any], op: str) -> list[tuple[str, str]]:
    """Effects on global state. What an import brought in is compared with its fresh state."""
    if op == "import":
        for framework in frameworks.imported():
            before = framework.fresh_state() | before
        before, after = _undrawn(before), _undrawn(after)
    found = []
    for name in before:
        if name in after and before[name] != after[name]:
            kind = "rng" if name.startswith("rng") else name.partition(" (")[0]
            what = name if kind == "rng" else f"{before[name]} -> {after[name]}"
            found.append((kind, what))
    return found


def _undrawn(state: dict[str, Any]) -> dict[str, Any]:
    """The state without how much was drawn from Python's generator.

    Libraries draw a number or two while they are imported (rich does, and Keras imports it).
    """
    _, words, _ = state["rng random"]
    return state | {"rng random": words[:-1]}


def main() -> None:
    """Serve requests on standard input until it ends. Started by `process.WorkerProcess`."""
    settings = json.loads(sys.argv[1])
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    # What the submission prints goes to the log; what it reads finds nothing.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.chdir(settings["cwd"])
    sys.path[:] = [settings["cwd"], *(p for p in sys.path if p)]
    sys.argv[:] = ["hear-validate"]
    worker = Worker(settings["module"], settings["device"], Path(settings["exchange"]))
    for text in requests:
        request = line.parse(text)
        if request is not None:
            line.send(answers, worker.handle(request))
    # Threads that the submission left behind must not keep the process alive.
    os._exit(0)
