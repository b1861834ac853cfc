"""Load and call a HEAR module: submissions, requests and replies.

A `Submission` says what to load. A `Connection` sends it requests: `local.LocalConnection` in this
process, `process.WorkerProcess` in a process of its own.
"""

from ..effect import Effect
from ..errors import Fault
from .facts import (
    Attribute,
    Digests,
    Environment,
    Footprint,
    Function,
    ModelFacts,
    ModuleFacts,
    Parameter,
)
from .requests import Call, Digest, Import, Load
from .submission import Connection, Reply, Submission, Value

__all__ = [
    "Attribute",
    "Call",
    "Connection",
    "Digest",
    "Digests",
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
