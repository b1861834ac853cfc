"""Carries out requests on a submission, in the process that has imported it."""

from __future__ import annotations

import dataclasses
import gc
import importlib
import importlib.util
import math
import os
import platform
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from ... import machine, private
from .. import frameworks, where
from ..contract import ATTRIBUTES, FUNCTIONS
from ..facts import (
    CallFacts,
    Digests,
    Environment,
    Extension,
    Footprint,
    ModelFacts,
    ModuleFacts,
    Nothing,
)
from ..requests import (
    Call,
    Describe,
    Digest,
    Drop,
    Extend,
    Import,
    Load,
    Measure,
    Request,
    Settle,
)
from ..submission import Value
from . import describe, effects, reads
from .audit import Watch
from .digests import Sources

_PITFALLS = {"AmplitudeToDB", "amplitude_to_DB", "power_to_db", "amplitude_to_db", "batch_norm"}
"""Names of functions and layers that take something from all that they are given."""

_MOST_PARTS = 200

_SETTLE_S = 0.1
"""Seconds that threads of the submission get after the calls."""

Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Answer:
    """What one step gave; where it raised, `error` says what.

    Attributes:
        facts: As the request's `facts` says; `Nothing` where it raised.
        container: How values were returned.
        values: What the submission's function returned, with the numbers.
        seconds: Wall-clock seconds.
        error: What was raised.
        effects: Side effects, as (kind, what).
        opened: Files that were opened.
    """

    facts: Any = field(default_factory=Nothing)
    container: str = ""
    values: tuple[Value, ...] = ()
    seconds: float = 0.0
    error: BaseException | None = None
    effects: tuple[tuple[str, str], ...] = ()
    opened: tuple[str, ...] = ()


class Operations:
    """Carries out requests.

    Args:
        module: The submission's name.
        device: Where models go.
        watch: Sees the side effects of a step; None to ignore them.
        alone: Whether the process serves nothing else.

    Attributes:
        models: What `load_model` returned, by slot.
    """

    def __init__(
        self, module: str, device: str, watch: Watch | None = None, *, alone: bool = False
    ) -> None:
        self.name = module
        self._alone = alone
        self._device = device
        self._watch = watch
        self._reads = reads.of_this_process()
        self._sources = Sources(module)
        self._imported: ModuleType | None = None
        self.models: dict[str, Any] = {}
        self._largest = math.inf
        self._given_away = False
        self._prepared: set[str] = set()
        self._steps: dict[type[Request[Any]], Callable[..., Answer]] = {
            Import: self._import,
            Load: self._load,
            Call: self._call,
            Drop: self._drop,
            Settle: self._settle,
            Measure: self._measure,
            Describe: self._describe,
            Digest: self._digest,
            Extend: self._extend,
        }
        # The generator makes all its words anew at the first draw, then after hundreds; so few
        # draws during an import leave them as they are.
        random.random()

    @property
    def module(self) -> ModuleType:
        """The imported module."""
        if self._imported is None:
            raise RuntimeError("the module has not been imported")
        return self._imported

    def carry_out(
        self,
        request: Request[Any],
        audio: Audio | None = None,
        largest: float = math.inf,
        *,
        given_away: bool = False,
    ) -> Answer:
        """Carry out one request; whatever the submission raises becomes part of the answer.

        Args:
            request: What to do.
            audio: Audio of a call.
            largest: Bytes that each returned array may have.
            given_away: Whether the submission may have the array itself: nobody else uses it.
        """
        self._largest = largest
        self._given_away = given_away and self._watch is None
        number = getattr(request, "seed", None)
        if number is not None:
            effects.seed(number)
        if self._watch is None:
            return self._noted(request, audio)
        self._prepare(self._watch)
        before = effects.state()
        importing = isinstance(request, Import)
        self._watch.start(importing=importing)
        answer = self._noted(request, audio)
        seen = self._watch.stop() + effects.changes(before, effects.state(), importing=importing)
        return Answer(
            answer.facts,
            answer.container,
            answer.values,
            answer.seconds,
            answer.error,
            tuple(seen),
            tuple(sorted(self._watch.opened)),
        )

    def _noted(self, request: Request[Any], audio: Audio | None) -> Answer:
        """Carry out a request and note which files are read meanwhile."""
        if self._watch is None and isinstance(request, (Import, Load)):
            reads.watch_compiled(imported=isinstance(request, Load))
        modules = set(sys.modules)
        self._reads.start()
        answer = self._timed(request, audio)
        read = self._reads.stop()
        if isinstance(request, Import):
            read = _kept(self.name, self._imported, read)
        if not isinstance(request, Call):
            self._sources.add(read, sys.modules.keys() - modules)
            return answer  # that they are noted is enough
        self._sources.add(read, ())
        return dataclasses.replace(answer, opened=self._sources.are_own(read))

    def _timed(self, request: Request[Any], audio: Audio | None) -> Answer:
        begin = time.perf_counter()
        try:
            answer = self._steps[type(request)](request, audio)
        except BaseException as error:
            return Answer(error=error, seconds=time.perf_counter() - begin)
        if answer.seconds:
            return answer
        seconds = time.perf_counter() - begin
        return Answer(answer.facts, answer.container, answer.values, seconds)

    def _import(self, _: Import, __: None) -> Answer:
        if self._watch is not None:
            self._tell_whose_code(self._watch)
        variables = dict(os.environ)
        folder = Path.cwd()
        where.check_name(self.name, folder)
        self._imported = importlib.import_module(self.name)
        where.check_imported(self.name, folder)
        functions = {n: describe.function(getattr(self._imported, n, None)) for n in FUNCTIONS}
        file = getattr(self._imported, "__file__", None)
        known = tuple(f.NAME for f in frameworks.imported())
        changed = dict(os.environ) != variables
        if self._alone:
            # A framework's half a million objects stay: no later collection has to visit them.
            gc.collect()
            gc.freeze()
        return Answer(ModuleFacts(functions, Path(str(file)) if file else None, known, changed))

    def _tell_whose_code(self, watch: Watch) -> None:
        top = importlib.util.find_spec(self.name.partition(".")[0])
        if top is not None and top.submodule_search_locations:
            watch.belongs(Path(os.path.realpath(next(iter(top.submodule_search_locations)))))
        elif top is not None and top.origin:
            watch.belongs(Path(os.path.realpath(top.origin)))

    def _load(self, request: Load, _: None) -> Answer:
        if self._watch is not None:
            self._watch.given(request.arguments[0] if request.arguments else "")
        model = self._function("load_model")(*request.arguments)
        framework = frameworks.of_model(model)
        # Before the model is moved: that is not the submission's doing.
        random_state = effects.random_state()
        attributes = {name: describe.attribute(model, name) for name in ATTRIBUTES}
        device = self._device
        self.models[request.slot] = model
        if framework:
            device = framework.find_device(self._device)
            try:
                framework.place(model, device)
            except Exception as error:
                what = f"the model cannot be moved to {device}: {type(error).__name__}: {error}"
                raise RuntimeError(what) from error
        return Answer(
            ModelFacts(
                type=describe.type_name(model),
                framework=framework.NAME if framework else "",
                attributes=attributes,
                random_state=random_state,
                device=device,
                files=self._files(),
                parts=tuple(framework.layers(model)[:_MOST_PARTS]) + self._pitfalls()
                if framework
                else (),
            )
        )

    def _files(self) -> tuple[Path, ...]:
        """The loaded files of the module's own package."""
        files = {getattr(part, "__file__", None) for part in self._modules()}
        return tuple(Path(file) for file in sorted(f for f in files if f))

    def _modules(self) -> list[ModuleType]:
        """The loaded modules of the module's own package."""
        top = self.name.partition(".")[0]
        return [m for name, m in list(sys.modules.items()) if name.partition(".")[0] == top]

    def _pitfalls(self) -> tuple[str, ...]:
        return tuple(sorted(describe.names_in(self._modules()) & _PITFALLS))

    def _call(self, request: Call, audio: Audio) -> Answer:
        model = self.models[request.slot]
        framework = frameworks.of_model(model)
        if framework is None:
            raise TypeError(f"load_model returned {describe.type_name(model)}, which is no model")
        device = framework.find_device(self._device)
        tensor = framework.tensor(audio, device, request.layout, given_away=self._given_away)
        function = self._function(request.function)
        framework.forget_peak(device)
        with (
            framework.on(device),
            framework.gradients(on=request.gradients),
            framework.TrainingWatch(model) as training,
        ):
            begin = time.perf_counter()
            result = function(tensor, model)
            seconds = time.perf_counter() - begin
        if self._watch is not None:
            self._compare(self._watch, audio, framework.array(tensor))
        container, items = describe.unpacked(result)
        return Answer(
            CallFacts(training.found, framework.peak_bytes(device)),
            container,
            tuple(describe.value(item, self._largest, request.width) for item in items),
            seconds,
        )

    @staticmethod
    def _compare(watch: Watch, audio: Audio, after: NDArray[Any]) -> None:
        if not np.array_equal(after, audio, equal_nan=True):
            changed = float(np.max(np.abs(after - audio))) if after.shape == audio.shape else -1.0
            watch.add("audio", f"changed by up to {changed:.3g}")

    def _drop(self, request: Drop, _: None) -> Answer:
        self.models.pop(request.slot, None)
        gc.collect()
        return Answer()

    def _settle(self, _: Settle, __: None) -> Answer:
        time.sleep(_SETTLE_S)
        return Answer()

    def _measure(self, _: Measure, __: None) -> Answer:
        gc.collect()
        for framework in frameworks.imported():
            framework.trim()
        exact = machine.allocated_bytes()
        used = psutil.Process().memory_info().rss if exact is None else exact
        return Answer(Footprint(used, exact is not None, len(gc.get_objects())))

    def _describe(self, _: Describe, __: None) -> Answer:
        return Answer(
            Environment(
                python=platform.python_version(),
                platform=platform.platform(),
                numpy=np.__version__,
                frameworks=tuple(f.version() for f in frameworks.imported()),
            )
        )

    def _extend(self, request: Extend, _: None) -> Answer:
        package = Path(request.package)
        gc.unfreeze()  # the function may want to see all objects
        if self._watch is not None:
            self._watch.ours(package)
        module, _colon, name = request.function.partition(":")
        function = getattr(private.imported(package, module), name)
        return Answer(Extension(function(self.module, **request.arguments)))

    def _digest(self, request: Digest, _: None) -> Answer:
        return Answer(Digests(*self._sources.digests(request.weights)))

    def _prepare(self, watch: Watch) -> None:
        """Prepare each framework once, when it was imported."""
        for framework in frameworks.imported():
            if framework.NAME not in self._prepared:
                framework.prepare(watch.wrote)
                self._prepared.add(framework.NAME)

    def _function(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(self.module, name)
        return function


_READ_BY_IMPORTS: dict[str, tuple[ModuleType, dict[str, reads.State]]] = {}
"""What a module's import has read, by name: imported once more, it reads nothing."""


def _kept(
    name: str, module: ModuleType | None, read: dict[str, reads.State]
) -> dict[str, reads.State]:
    """What the import of a module has read, now or earlier in this process."""
    if module is None:
        return read
    known, earlier = _READ_BY_IMPORTS.get(name, (module, {}))
    read = {**earlier, **read} if known is module else read
    _READ_BY_IMPORTS[name] = module, read
    return read
