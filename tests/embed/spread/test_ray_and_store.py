"""A Ray whose workers read from and write to a store, which is restarted in the middle.

Off by default: `pytest -m cluster tests/embed/spread`; it takes a minute.
"""

import io
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from ...object_store import S3, serving
from ..conftest import COMMAND, Embed

NEEDS = ("flask", "flask_cors", "moto", "pandas", "pyarrow", "ray", "s3fs")

pytestmark = pytest.mark.cluster

N_CLIPS = 500
NAMES = [f"{n % 10}/{n:04}.wav" for n in range(N_CLIPS)]


@pytest.fixture
def s3(folder: Path) -> Iterator[S3]:
    """The server, with clips of three lengths, each at a level of its own, also in `in`."""
    contents = {}
    for n, name in enumerate(NAMES):
        samples = np.full(1600 + 160 * (n % 3), (n + 1) / (N_CLIPS + 1))
        wav = io.BytesIO()
        soundfile.write(wav, samples, 16000, format="WAV")
        contents[f"bucket/in/{name}"] = wav.getvalue()
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav.getvalue())
    with serving() as server:
        server.direct.call_s3("create_bucket", Bucket="bucket")
        server.direct.pipe(contents)
        yield server


@pytest.mark.parametrize("more", [(), ("--ray",)])
def test_a_store_that_restarts_twice_costs_time_only(
    s3: S3, folder: Path, embed: Embed, more: tuple[str, ...]
) -> None:
    command = [COMMAND, "s3://bucket/in", "--out", "s3://bucket/out", "--module", "tiny",
               "--format", "parquet", *more]  # fmt: skip
    over = threading.Event()

    def restart() -> None:
        for count in (N_CLIPS // 4, N_CLIPS // 2):
            while s3.proxy.count("GET", "/bucket/in/") < count and not over.wait(0.05):
                pass
            s3.proxy.down()
            over.wait(8)
            s3.proxy.up()

    restarting = threading.Thread(target=restart)
    restarting.start()
    with tempfile.TemporaryDirectory(prefix="h", dir="/tmp") as short:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            env={**os.environ, **s3.environment, "TMPDIR": short},
        )
        assert not os.listdir(short)  # noqa: PTH208 - no copy, no part
    over.set()
    restarting.join()
    assert done.stdout == (f"embedded {N_CLIPS}, already there 0, failed 0, in s3://bucket/out\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert not [key for key in s3.direct.find("bucket/out") if ".hear-" in key]
    assert s3.direct.list_multipart_uploads("bucket") == []
    s3.direct.get("bucket/out", str(folder / "fetched"), recursive=True)
    rows = pd.read_parquet(folder / "fetched").sort_values("path")
    assert rows.path.tolist() == sorted(NAMES)
    assert embed("in", "--out", "alone", "--module", "tiny", "--format", "parquet").returncode == 0
    alone = pd.read_parquet(folder / "alone").sort_values("path")
    for column in ("scene_embedding", "timestamps"):
        assert [np.asarray(one).tolist() for one in rows[column]] == [
            np.asarray(one).tolist() for one in alone[column]
        ]
