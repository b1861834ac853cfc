"""A table of labelled recordings or events, read and checked."""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ...errors import UsageError
from .faults import listed


@dataclass(frozen=True)
class Entry:
    """One recording of a table.

    Attributes:
        path: Path below the root.
        group: What must not be in two splits.
        labels: Labels of the recording; of an event table those of its events.
        events: Events as (label, start ms, end ms); None for scenes.
    """

    path: str
    group: str
    labels: tuple[str, ...]
    events: tuple[tuple[str, float, float], ...] | None = None


def read(table: Path, prediction: str | None) -> tuple[list[Entry], bool]:
    """The recordings of a table, and whether several labels may be true at a time."""
    rows = _rows(table)
    if "start" in rows[0]:
        return _event_entries(table, rows), True
    several = prediction == "multilabel"
    if prediction is None:
        several = any(" " in row["label"] for row in rows)
    entries = []
    for number, row in enumerate(rows, start=2):
        labels = tuple(dict.fromkeys(row["label"].split())) if several else (row["label"],)
        if not several and not row["label"]:
            raise UsageError(f"{table}:{number}: has no label; fill it in")
        entries.append(Entry(row["path"], row["group"], labels))
    twice = sorted(path for path, n in Counter(entry.path for entry in entries).items() if n > 1)
    if twice:
        raise UsageError(f"{table}: {listed(twice)} have several rows; a recording has one")
    return entries, several


def _event_entries(table: Path, rows: list[dict[str, str]]) -> list[Entry]:
    found: dict[str, list[tuple[str, float, float]]] = {}
    groups: dict[str, str] = {}
    for number, row in enumerate(rows, start=2):
        path = row["path"]
        group = row.get("group") or path
        if groups.setdefault(path, group) != group:
            raise UsageError(f"{table}:{number}: {path} is in the group {groups[path]}, too")
        events = found.setdefault(path, [])
        if not (row["label"] or row["start"] or row["end"]):
            continue  # a recording without events
        try:
            start, end = float(row["start"]), float(row["end"])
        except ValueError:
            start, end = math.nan, math.nan
        if not row["label"] or not 0 <= start <= end < math.inf:
            raise UsageError(
                f"{table}:{number}: needs a label, and start and end in ms with 0 <= start <= end"
            )
        events.append((row["label"], start, end))
    return [
        Entry(
            path,
            groups[path],
            tuple(event[0] for event in events),
            tuple(sorted(events, key=lambda e: e[1:])),
        )
        for path, events in found.items()
    ]


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or ()
            is_events = "start" in names or "end" in names
            needed = ("path", "label", "start", "end") if is_events else ("path", "label", "group")
            lacking = [name for name in needed if name not in names]
            if lacking:
                raise UsageError(
                    f"{table}: lacks the column {lacking[0]}; a table has path,label,group, or "
                    "path,label,start,end for events"
                )
            rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{table}: cannot be read ({reason}); give a CSV file in UTF-8") from error
    if not rows:
        raise UsageError(f"{table}: has no rows")
    for number, row in enumerate(rows, start=2):
        if not row["path"] or (not is_events and not row["group"]):
            raise UsageError(f"{table}:{number}: has an empty path or group; fill it in")
        if Path(row["path"]).is_absolute() or ".." in Path(row["path"]).parts:
            raise UsageError(f"{table}:{number}: {row['path']} is not below the root")
    return rows
