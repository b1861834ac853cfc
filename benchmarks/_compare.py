"""The tables of a baseline: next to its peer by case, and alone on long sounds."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from ._alone import alone
from ._measure import Duel, fight
from ._tables import Cell, Table

RATIO = "times as fast"
"""The column that is drawn."""

_MINUTES = (1, 5, 20)


def compare(name: str, device: str, *, quick: bool) -> Iterator[Table]:
    """All tables of the module of this name, which offers `duels(device)`."""
    duels: list[Duel] = importlib.import_module(f"benchmarks.{name}").duels(device)
    for number, duel in enumerate(duels):
        yield _next_to_the_peer(name, number, duel, device, quick=quick)
    for number, duel in enumerate(duels):
        yield _long_sounds(name, number, duel, device, quick=quick)


def _next_to_the_peer(name: str, number: int, duel: Duel, device: str, *, quick: bool) -> Table:
    rows: list[dict[str, Cell]] = []
    for case in duel.cases[:2] if quick else duel.cases:
        row = fight(duel, case, device)
        peer, ours = (alone(name, number, side, case, device) for side in ("peer", "ours"))
        rows.append(
            {
                "sounds": row.n_sounds,
                "s each": row.seconds,
                "peer ms": row.peer,
                "our ms": row.ours,
                RATIO: row.ratio,
                "audio s / s": duel.hop_ms / row.ours.median,
                "peer MFLOP": row.peer_operations / 1e6,
                "our MFLOP": row.our_operations / 1e6,
                "peer % of matrix rate": 100 * row.peer_share,
                "our %": 100 * row.our_share,
                "our % of copy rate": 100 * row.copy_share,
                "peer MB": round(peer.peak_mb),
                "our MB": round(ours.peak_mb),
                "rel. error": row.relative_error,
            }
        )
    return Table(
        name, f"{duel.name}, next to {duel.peer_name}: ms a frame, median (least-most)", tuple(rows)
    )


def _long_sounds(name: str, number: int, duel: Duel, device: str, *, quick: bool) -> Table:
    """Show that time is linear in length and that memory is bounded."""
    rows: list[dict[str, Cell]] = []
    for minutes in _MINUTES[:1] if quick else _MINUTES:
        done = alone(name, number, "ours", (1, 60.0 * minutes, 1), device)
        rows.append(
            {
                "minutes": minutes,
                "s": done.seconds,
                "s a minute": done.seconds / minutes,
                "peak MB": round(done.peak_mb),
                "output MB": round(done.output_mb),
                "limit MB": round(2 * done.output_mb + 500),
            }
        )
    return Table(name, f"{duel.name}: ours, one long sound", tuple(rows))
