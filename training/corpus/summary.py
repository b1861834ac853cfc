"""The corpus in tables: hours by package, kind and licence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from training.corpus.decode import SAMPLE_RATE
from training.corpus.sources import KINDS, Source


@dataclass(frozen=True)
class Row:
    """What the summary needs of a recording."""

    package: str
    kind: str
    licence: str
    n_samples: int


def summary(
    sources: list[Source], rows: list[Row], left_out: dict[str, int], sums: dict[str, str]
) -> str:
    """Write it in Markdown.

    Args:
        sources: The table.
        rows: The recordings.
        left_out: Number of recordings, by reason.
        sums: SHA-256, by the name of the file.
    """
    samples = sum(row.n_samples for row in rows)
    lines = [
        "# The pretraining corpus",
        "",
        f"{_hours(samples)} h in {len(rows)} recordings of {len({r.package for r in rows})} "
        "packages of Debian 12; 16 kHz, mono. Written by `python -m training.corpus`, which see "
        "for what is taken of each package.",
        "",
        "| package | version | origin | licences | recordings | hours |",
        "| --- | --- | --- | --- | ---: | ---: |",
    ]
    for source in sources:
        own = [row for row in rows if row.package == source.package]
        licences = ", ".join(sorted({row.licence for row in own}))
        hours = _hours(sum(row.n_samples for row in own))
        lines.append(
            f"| `{source.package}` | {source.version} | {source.origin} | {licences} "
            f"| {len(own)} | {hours} |"
        )
    lines += ["", f"| licence | {' | '.join(KINDS)} | hours |", "| --- |" + " ---: |" * 4]
    by_both: Counter[tuple[str, str]] = Counter()
    for row in rows:
        by_both[row.licence, row.kind] += row.n_samples
    for licence in sorted({row.licence for row in rows}):
        each = [by_both[licence, kind] for kind in KINDS]
        lines.append(f"| {licence} | {' | '.join(map(_hours, each))} | {_hours(sum(each))} |")
    all_of = [sum(by_both[key] for key in by_both if key[1] == kind) for kind in KINDS]
    lines.append(f"| all | {' | '.join(map(_hours, all_of))} | {_hours(samples)} |")
    lines += ["", "Left out: " + ", ".join(f"{n} {why}" for why, n in left_out.items()) + "."]
    lines += ["", "| file | SHA-256 |", "| --- | --- |"]
    lines += [f"| `{name}` | `{digest}` |" for name, digest in sums.items()]
    return "\n".join(lines) + "\n"


def _hours(n_samples: int) -> str:
    return f"{n_samples / SAMPLE_RATE / 3600:.2f}"
