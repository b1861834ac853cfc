"""`hear-embed`: argv to exit status; the only part that prints."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import command as shared
from ..errors import UsageError
from ..remote.ending import interruptible
from ..remote.url import Place, place_of_text

if TYPE_CHECKING:
    from .jobs import Job, LeftOut

_NAME = "hear-embed"


@click.command(context_settings=shared.CONTEXT)
@click.argument("audio", nargs=-1, type=click.Path())
@click.option("--out", required=True, type=click.Path(), help="Folder for results, or its URL.")
@click.option(
    "--format",
    "kind",
    default="npz",
    show_default=True,
    type=click.Choice(["npz", "parquet"]),
    help="A .npz file for each recording, or few Parquet files with a row for each.",
)
@click.option(
    "--manifest",
    metavar="FILE",
    type=click.Path(),
    help="A CSV or Parquet file that lists the recordings, in place of AUDIO.",
)
@click.option(
    "--column",
    metavar="NAME",
    help="The manifest's column of paths (default path).",
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Embed only the I-th of N parts, which together are the whole; 1/4 is the first of four.",
)
@shared.ray_option
@shared.submission_options(module="hearbaseline", device="auto")
@click.option(
    "--batch",
    "--batch-size",
    "batch_size",
    default=16,
    show_default=True,
    type=click.IntRange(1),
    help="Sounds of one length embedded at once.",
)
@shared.isolation_options
@click.option("--verbose", is_flag=True, help="Tell where the time went.")
@shared.common_options
@interruptible()
def command(
    audio: tuple[str, ...],
    out: str,
    kind: str,
    manifest: str | None,
    column: str | None,
    shard: str | None,
    address: str | None,
    module: str,
    weights: str | None,
    device: str,
    batch_size: int,
    timeout: float,
    memory_limit: float | None,
    in_process: bool,
    verbose: bool,
    debug: bool,
) -> int:
    """Embed AUDIO files and folders, or URLs such as s3://BUCKET/FOLDER, with a HEAR module.

    Writes one .npz file for each audio file, with the scene embedding, the timestamp
    embeddings and the timestamps in ms, or with --format parquet a row. A file that was embedded
    before is left alone, so an interrupted run resumes where it stopped.

    The module runs in a process of its own: what crashes, hangs or takes too much memory there
    is the failure of the file that it was given, and the run goes on.

    Exit status: 0 all embedded, 1 some files or the module failed, 2 it could not be run.
    """
    from ..api.submission import Submission
    from .connect import connect
    from .counts import Counts
    from .jobs import LeftOut
    from .progress import Pace, followed
    from .results import results_of
    from .standing import looking

    shared.here()
    submission = Submission.of(module, weights, device)
    if address is not None:
        from .spread.command import check

        check(address, submission.device)
    left_out = LeftOut()
    place = place_of_text(out)
    jobs = _jobs(
        tuple(map(place_of_text, audio)),
        None if manifest is None else place_of_text(manifest),
        column,
        shard,
        place,
        left_out,
    )
    shared.make_output(place)
    results = results_of(kind, place)
    for trouble in left_out.troubles:
        shared.tell(_NAME, trouble)
    if str(left_out):
        shared.tell(_NAME, str(left_out))

    counts = Counts()
    pace = Pace(counts, len(jobs))
    follow = partial(followed, _NAME, pace=pace, total=len(jobs), debug=debug, verbose=verbose)
    memory_bytes = None if memory_limit is None else int(memory_limit * 1e9)
    if address is not None:
        from ..cluster import joined
        from .spread.command import run_on_ray
        from .spread.messages import Setup

        setup = Setup(
            submission,
            weights or "",
            batch_size,
            timeout,
            memory_bytes,
            in_process,
            _NAME,
            Path.cwd(),
            kind,
            place,
        )
        with joined(address) as ray, follow(module) as (done, tell):
            run_on_ray(ray, jobs, setup, results, done=done, tell=tell, counts=counts)
    else:
        # Must be set before PyTorch is imported. While files are read and written, its threads do
        # not get all cores; those that then spin until the last one is done take them away from it.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        connection = connect(
            submission,
            seconds=timeout,
            memory_bytes=memory_bytes,
            command=_NAME,
            in_process=in_process,
        )
        # What is there is looked at while the module is imported and the model loaded.
        with contextlib.closing(connection), looking(jobs, results) as looked:
            from .model import Embedder
            from .pipeline import run

            embedder = Embedder(submission, lambda _: connection, weights=weights)
            with follow(embedder.name) as (done, tell):
                run(
                    jobs,
                    embedder,
                    batch_size,
                    done=done,
                    tell=tell,
                    results=results,
                    looked=looked,
                    counts=counts,
                )
    counts.failed += len(left_out.troubles)
    if verbose:
        shared.tell(_NAME, f"{counts.spent}; {pace.rates}")
    shared.echo(f"{counts}, in {place}\n")
    return 1 if counts.failed else 0


def _jobs(
    audio: tuple[Place, ...],
    manifest: Place | None,
    column: str | None,
    shard: str | None,
    out: Place,
    left_out: LeftOut,
) -> list[Job]:
    """What is to be embedded, and a line on what other shards have.

    Raises:
        UsageError: If that cannot be told.
    """
    from . import jobs
    from .manifest import find_listed
    from .shard import Shard

    part = Shard.of(shard) if shard is not None else None
    if manifest is None:
        if not audio:
            raise UsageError("name AUDIO files and folders, or a --manifest that lists them")
        if column is not None:
            raise UsageError(f"--column {column}: names a column of a --manifest; give one")
        found = jobs.find_jobs(audio, out, left_out)
    elif audio:
        raise UsageError(
            f"{audio[0]}: give AUDIO or --manifest {manifest}, not both; list it in the manifest"
        )
    else:
        found = find_listed(manifest, "path" if column is None else column, out, left_out)
    if part is None:
        return found
    mine = part.of_jobs(found)
    shared.tell(_NAME, part.said(len(mine), len(found)))
    return mine


def _without_dashes(arguments: list[str]) -> list[str]:
    """Arguments in which a file called like an option, such as `-1.wav`, is not taken for one."""
    known = {name for parameter in command.params for name in (*parameter.opts, "--help")}
    return [
        f"./{argument}"
        if argument.startswith("-") and argument not in known and os.path.lexists(argument)
        else argument
        for argument in arguments
    ]


def main() -> None:
    """Run the command; everything that goes wrong is one line on stderr."""
    sys.argv[1:] = _without_dashes(sys.argv[1:])
    shared.run(command, _NAME, after_interrupt="the same command resumes where it stopped")
