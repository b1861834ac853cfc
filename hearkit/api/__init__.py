"""The one way to a HEAR module: what to load, what to ask, what it answers.

A `Submission` says what to load. A `Connection` asks: `LocalConnection` in this process,
`WorkerProcess` in one of its own.
"""

from ..effect import Effect
from ..errors import Fault
from .facts import Attribute, Environment, Footprint, Function, ModelFacts, ModuleFacts, Parameter
from .requests import Call, Import, Load
from .submission import Connection, Reply, Submission, Value

__all__ = [
    "Attribute",
    "Call",
    "Connection",
    "Effect",
    "Environment",
    "Fault",
    "Footprint",
    "Function",
    "Import",
    "Load",
    "ModelFacts",
    "ModuleFacts",
    "Parameter",
    "Reply",
    "Submission",
    "Value",
]
