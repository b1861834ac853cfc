"""What is built and installed holds the weights and finds them."""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from hearbaseline._checkpoint import bundled

NEEDS = ("build", "hatchling")

CHECKOUT = Path(__file__).parent.parent
WEIGHTS = "hearbaseline/weights/mel.safetensors"


def build(source: Path, out: Path, *kinds: str) -> dict[str, Path]:
    """Build distributions without network: paths by suffix."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), *kinds]
    done = subprocess.run([*command, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.suffix: path for path in out.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An sdist (.gz) and a wheel (.whl), both built from the checkout."""
    return build(CHECKOUT, tmp_path_factory.mktemp("checkout"), "--sdist", "--wheel")


@pytest.fixture(scope="module")
def unpacked(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the sdist holds."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(built[".gz"]) as archive:
        archive.extractall(folder, filter="data")
    (root,) = folder.iterdir()
    return root


@pytest.fixture(scope="module", params=["checkout", "sdist"])
def wheel(
    request: pytest.FixtureRequest,
    built: dict[str, Path],
    unpacked: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A wheel built from the checkout, and one built from the sdist."""
    if request.param == "checkout":
        return built[".whl"]
    return build(unpacked, tmp_path_factory.mktemp("from_sdist"), "--wheel")[".whl"]


def test_a_checkout_finds_its_weights() -> None:
    assert bundled("mel.safetensors").resolve() == (CHECKOUT / "weights/mel.safetensors").resolve()


def test_an_sdist_holds_the_weights_and_the_tests(unpacked: Path) -> None:
    assert (unpacked / "weights/mel.safetensors").read_bytes() == (
        CHECKOUT / "weights/mel.safetensors"
    ).read_bytes()
    assert (unpacked / "tests/test_packaging.py").is_file()


def test_a_wheel_holds_the_same_weights_and_finds_them(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    assert (tmp_path / WEIGHTS).read_bytes() == (CHECKOUT / "weights/mel.safetensors").read_bytes()
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import hearbaseline
from hearbaseline._checkpoint import bundled
hearbaseline.load_model()
print(bundled("mel.safetensors"))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(tmp_path / WEIGHTS)


def test_a_wheel_holds_the_packages_their_types_and_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    folders = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert folders == {"hearbaseline", "hearkit", "validator"}
    assert {f"{folder}/py.typed" for folder in folders} <= set(names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def files_of(*folders: str) -> set[str]:
    """The files of a checkout's folders, caches aside."""
    return {
        path.relative_to(CHECKOUT).as_posix()
        for folder in folders
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", ".pytest_cache"} & set(path.parts)
    }


def test_a_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    # What .gitignore names anywhere, the build leaves out: once a package called `embeddings`.
    files = files_of("hearbaseline", "hearkit", "validator")
    assert {
        "hearkit/evaluation/embeddings/store.py",
        "hearkit/evaluation/board/leaderboard.csv",
        "validator/template/.gitignore.jinja",
    } < files
    assert files <= set(zipfile.ZipFile(wheel).namelist())


def test_an_sdist_holds_every_file_of_its_folders(unpacked: Path) -> None:
    folders = ("hearbaseline", "hearkit", "validator", "tests", "benchmarks", "training", "docs")
    files = files_of(*folders)
    assert {name for name in files if not (unpacked / name).is_file()} == set()


def test_the_model_card_names_the_weights_it_describes() -> None:
    digest = hashlib.sha256((CHECKOUT / "weights/mel.safetensors").read_bytes()).hexdigest()
    assert digest in (CHECKOUT / "weights/README.md").read_text("utf-8")
