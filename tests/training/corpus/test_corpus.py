"""The pretraining corpus: what the table takes, and what becomes of it."""

import csv
import hashlib
import io
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from training.corpus import command, decode, packages, write
from training.corpus.gather import Gathered, gather_tree, kept
from training.corpus.sources import CorpusError, Source, Take, read_held_out, read_sources
from training.pretrain.batches import Corpus

from ...conftest import AUDIO

NEEDS = ("av",)

LICENCE = re.compile(r"CC0-1\.0|CC-BY(-SA)?-\d\.\d(\+|-IT)?|BSD(-2-Clause|-like)|MIT|public-domain")

SOURCE = Source(
    package="bells",
    version="1:1-1",
    sha256="0" * 64,
    origin="A test",
    root="usr/share/bells/",
    leave=("*draft*",),
    take=(
        Take("CC-BY-3.0", "music", ("songs/*",)),
        Take("CC0-1.0", "effects", ("*",)),
    ),
)
TABLE = """
[[source]]
package = "bells"
version = "1:1-1"
sha256 = "{sha256}"
origin = "A test"
root = "usr/share/bells/"
leave = ["*draft*"]
take = [
  {{ licence = "CC-BY-3.0", kind = "music", files = ["songs/*"] }},
  {{ licence = "CC0-1.0", kind = "effects", files = ["*"] }},
]
"""
needs_dpkg = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="makes and unpacks Debian packages"
)


def tone(frequency: float, seconds: float = 0.5, rate: int = 16000) -> NDArray[np.float64]:
    """A sine of half the full scale."""
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


def encoded(audio: NDArray[np.float64], rate: int = 16000) -> bytes:
    """As a WAV file."""
    file = io.BytesIO()
    soundfile.write(file, audio, rate, format="WAV")
    return file.getvalue()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An unpacked package with one of everything."""
    stereo = np.stack([tone(330, rate=44100), np.zeros(22050)], axis=1)
    contents = {
        "songs/a.wav": encoded(tone(220)),
        "songs/deep/b.wav": encoded(stereo, 44100),
        "songs/draft.wav": encoded(tone(440)),
        "bell.wav": encoded(tone(550)),
        "again.wav": encoded(tone(550)),
        "quiet.wav": encoded(tone(660) * 1e-3),
        "brief.wav": encoded(tone(770, 0.25)),
        "broken.ogg": b"OggS, or so it says",
        "readme.txt": b"What no one can hear",
    }
    for name, content in contents.items():
        path = tmp_path / "tree" / SOURCE.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "tree" / SOURCE.root / "link.wav").symlink_to("songs/a.wav")
    return tmp_path / "tree"


@pytest.fixture
def gathered(tree: Path, tmp_path: Path) -> Gathered:
    """What that package gives."""
    (tmp_path / "decoded").mkdir()
    return gather_tree(SOURCE, tree, tmp_path / "decoded", frozenset())


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """A folder with a task that has nothing to do with the package."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "other.csv").write_text("path,label,group\nother/usr/share/a.wav,1,1\n")
    return folder


@pytest.fixture
def data(tree: Path, tmp_path: Path) -> Path:
    """A folder in which the package lies already."""
    control = tree / "DEBIAN" / "control"
    control.parent.mkdir()
    control.write_text(
        "Package: bells\nVersion: 1:1-1\nArchitecture: all\nMaintainer: A <a@example.org>\n"
        "Description: bells\n"
    )
    deb = tmp_path / "data" / "debs" / "bells_1%3a1-1_all.deb"
    deb.parent.mkdir(parents=True)
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(deb)],
        check=True,
        capture_output=True,
    )
    return tmp_path / "data"


def invoke(data: Path, tasks: Path, sha256: str | None = None) -> Result:
    """Run the command on the package; its table is right unless another sum is given."""
    deb = next((data / "debs").glob("*.deb"))
    right = hashlib.sha256(deb.read_bytes()).hexdigest()
    table = data.parent / "sources.toml"
    table.write_text(TABLE.format(sha256=sha256 or right))
    options = ["--data", str(data), "--sources", str(table), "--tasks", str(tasks)]
    return CliRunner().invoke(command.main, options)


def test_the_first_line_that_matches_gives_the_licence() -> None:
    song = SOURCE.match("usr/share/bells/songs/deep/b.wav")
    bell = SOURCE.match("usr/share/bells/bell.wav")
    assert song is not None
    assert bell is not None
    assert (song.licence, song.kind) == ("CC-BY-3.0", "music")
    assert (bell.licence, bell.kind) == ("CC0-1.0", "effects")


def test_leave_wins_and_other_folders_stay_out() -> None:
    assert SOURCE.match("usr/share/bells/songs/draft.wav") is None
    assert SOURCE.match("usr/share/doc/bells/a.wav") is None


def test_only_what_can_be_heard_is_gathered(gathered: Gathered) -> None:
    names = [recording.path.removeprefix(SOURCE.root) for recording in gathered.recordings]
    assert names == ["again.wav", "bell.wav", "songs/a.wav", "songs/deep/b.wav"]
    assert gathered.left_out == {"silent": 1, "short": 1}
    assert [path.removeprefix(SOURCE.root) for path in gathered.unreadable] == ["broken.ogg"]


def test_of_equal_recordings_the_first_stays(gathered: Gathered) -> None:
    placed, n_duplicates = write.place([SOURCE], [gathered])
    names = [each.recording.path.removeprefix(SOURCE.root) for each in placed]
    assert names == ["again.wav", "songs/a.wav", "songs/deep/b.wav"]
    assert n_duplicates == 1


def test_what_was_decoded_is_kept_until_the_table_changes(
    gathered: Gathered, tmp_path: Path
) -> None:
    assert kept(SOURCE, tmp_path / "decoded") == gathered
    assert kept(replace(SOURCE, leave=()), tmp_path / "decoded") is None
    assert kept(replace(SOURCE, sha256="1" * 64), tmp_path / "decoded") is None


def test_samples_that_are_incomplete_are_not_kept(gathered: Gathered, tmp_path: Path) -> None:
    gathered.samples.write_bytes(gathered.samples.read_bytes()[:-2])
    assert kept(SOURCE, tmp_path / "decoded") is None


def test_a_recording_of_a_task_is_refused(tree: Path, tmp_path: Path) -> None:
    held_out = frozenset({"bells/usr/share/bells/songs/a.wav"})
    with pytest.raises(CorpusError, match=r"bells: usr/share/bells/songs/a\.wav is a recording of"):
        gather_tree(SOURCE, tree, tmp_path, held_out)
    assert kept(SOURCE, tmp_path) is None


def test_without_tasks_nothing_is_gathered(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no tasks"):
        read_held_out(tmp_path)


def test_a_recording_within_an_archive(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    with zipfile.ZipFile(tmp_path / "usr" / "public.zip", "w") as archive:
        archive.writestr("audio/b.wav", b"b")
        archive.writestr("audio/a.wav", b"a")
        archive.writestr("art/c.png", b"c")
    source = replace(SOURCE, root="usr/public.zip/audio/")
    assert list(packages.files(source, tmp_path)) == [
        ("usr/public.zip/audio/a.wav", b"a"),
        ("usr/public.zip/audio/b.wav", b"b"),
    ]


def test_channels_are_averaged_and_resampled() -> None:
    left = tone(330, rate=44100)
    sound = decode.decode("a.wav", encoded(np.stack([left, 0 * left], axis=1), 44100))
    middle = slice(1000, 7000)
    expected = tone(330) / 2
    assert sound.samples.shape == (8000,)
    np.testing.assert_allclose(sound.samples[middle] / 32768, expected[middle], atol=1e-3)


def test_of_a_long_recording_the_middle_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "LONGEST", 1)
    audio = np.concatenate([np.zeros(8000), tone(440, 1.0), np.zeros(8000)])
    sound = decode.decode("a.wav", encoded(audio))
    assert sound.full_seconds == 2
    np.testing.assert_allclose(sound.samples / 32768, tone(440, 1.0), atol=1e-4)


def test_headerless_samples_are_16_khz() -> None:
    samples = (tone(440) * 32767).astype("<i2")
    np.testing.assert_array_equal(decode.decode("a.raw", samples.tobytes()).samples, samples)


@pytest.mark.parametrize(
    ("container", "codec", "rate", "suffix"),
    [("g722", "g722", 16000, ".g722"), ("wv", "wavpack", 44100, ".wv")],
)
def test_what_ffmpeg_reads_sounds_as_it_should(
    container: str, codec: str, rate: int, suffix: str
) -> None:
    import av

    file = io.BytesIO()
    with av.open(file, "w", container) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        samples = (tone(440, rate=rate) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.format.name, "mono", rate, frame_size=1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    sound = decode.decode(f"a{suffix}", file.getvalue())
    spectrum = np.abs(np.fft.rfft(sound.samples))
    loudest = np.fft.rfftfreq(sound.samples.size, 1 / 16000)[spectrum.argmax()]
    assert abs(loudest - 440) < 2
    assert abs(sound.samples.size - 8000) < 300


def test_gsm_sounds_as_libsndfile_reads_it() -> None:
    file = io.BytesIO()
    soundfile.write(file, tone(440, rate=8000), 8000, format="RAW", subtype="GSM610")
    sound = decode.decode("a.gsm", file.getvalue())
    spectrum = np.abs(np.fft.rfft(sound.samples))
    assert abs(np.fft.rfftfreq(sound.samples.size, 1 / 16000)[spectrum.argmax()] - 440) < 2


@needs_dpkg
def test_the_corpus_is_what_training_reads_and_the_same_each_time(data: Path, tasks: Path) -> None:
    first = invoke(data, tasks)
    assert first.exit_code == 0, first.output
    assert "usr/share/bells/broken.ogg: not decoded" in first.stderr
    names = ("audio.npy", "manifest.csv", "summary.md")
    before = {name: (data / "corpus" / name).read_bytes() for name in names}
    assert sorted(path.name for path in (data / "corpus").iterdir()) == sorted(names)

    read = Corpus(data / "corpus")
    assert read.regions == {"effects": [(0, 8000)], "music": [(8000, 24000)]}
    assert read.audio.dtype == np.int16
    with (data / "corpus" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["licence"] for row in rows] == ["CC0-1.0", "CC-BY-3.0", "CC-BY-3.0"]
    for row in rows:
        begin = int(row["offset"])
        samples = read.audio[begin : begin + int(row["n_samples"])].tobytes()
        assert hashlib.sha256(samples).hexdigest() == row["sha256"]
    summary = before["summary.md"].decode()
    for name in names[:2]:
        assert hashlib.sha256(before[name]).hexdigest() in summary
    assert "1 equal to an earlier one, 1 shorter than 0.3 s, 1 silent, 1 not" in summary

    again = invoke(data, tasks)
    shutil.rmtree(data / "decoded")
    anew = invoke(data, tasks)
    assert again.exit_code == anew.exit_code == 0
    assert {name: (data / "corpus" / name).read_bytes() for name in names} == before


@needs_dpkg
def test_another_package_than_the_tables_is_refused(data: Path, tasks: Path) -> None:
    result = invoke(data, tasks, sha256="1" * 64)
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    right = hashlib.sha256(next((data / "debs").glob("*.deb")).read_bytes()).hexdigest()
    assert line.startswith("Error: bells: the SHA-256 of ")
    assert f"is {right}, expected {'1' * 64}; delete" in line
    assert not (data / "corpus").exists()


def test_what_apt_does_not_have_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CorpusError, match="bells=1:1-1: not downloaded: there is no apt-get"):
        packages.fetch(SOURCE, tmp_path / "debs")
    assert not list((tmp_path / "debs").iterdir())


def test_a_table_with_an_unknown_key_is_one_line(tmp_path: Path) -> None:
    table = tmp_path / "sources.toml"
    table.write_text(TABLE.format(sha256="0" * 64) + 'colour = "red"\n')
    with pytest.raises(CorpusError, match=r"not a table of sources: .*colour"):
        read_sources(table)


SOURCES = read_sources(command.HERE / "sources.toml")


@pytest.mark.parametrize("source", SOURCES, ids=[source.package for source in SOURCES])
def test_an_entry_is_whole_and_its_licences_allow_to_ship_weights(source: Source) -> None:
    assert re.fullmatch("[0-9a-f]{64}", source.sha256)
    assert source.version
    assert source.origin
    assert source.root.endswith("/")
    assert not source.root.startswith("/")
    assert source.take
    for take in source.take:
        assert LICENCE.fullmatch(take.licence)
        assert take.files
    for folder in ("digits", "letters"):
        assert source.match(f"{source.root}en/{folder}/a.g722") is None
        if source.package.startswith("asterisk-prompt"):
            assert source.match(f"{source.root}fr/{folder}/a.gsm") is None


def test_the_table_has_every_package_once() -> None:
    names = [source.package for source in SOURCES]
    assert len(set(names)) == len(names)


def test_the_table_takes_no_recording_of_a_task() -> None:
    for path in read_held_out(command.TASKS):
        package, _, within = path.partition("/")
        for source in SOURCES:
            assert source.package != package or source.match(within) is None, path


def test_the_table_takes_no_recording_of_the_tests() -> None:
    by_package = {source.package: source for source in SOURCES}
    speech = "usr/share/pocketsphinx/test/data/"
    for recording in AUDIO.glob("*.flac"):
        name = recording.stem.removeprefix("speech_")
        if name == recording.stem:
            taken = by_package["sonic-pi-samples"].match(f"usr/share/sonic-pi/samples/{name}.flac")
        elif name.startswith("librivox_"):
            file = f"sense_and_sensibility_01_austen_64kb-{name.removeprefix('librivox_')}.wav"
            taken = by_package["pocketsphinx-testdata"].match(f"{speech}librivox/{file}")
        else:
            taken = by_package["pocketsphinx-testdata"].match(f"{speech}{name}.raw")
        assert taken is None, recording
