"""A pretended GPU against what a real one does, operation by operation."""

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from hearkit.api.wire import typed
from validator.simulation import Trial, Trials
from validator.simulation.devices import Pretence, UnseenError, mark, place
from validator.simulation.machine import pretended_gpu, simulate

Operation = Callable[[torch.Tensor], Any]

REAL = torch.ones(2, 1)
TABLE = nn.Linear(10, 3)
LENGTHS = torch.tensor([50, 40])


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # deprecated, and in many a submission

    @torch.jit.script
    def scripted(x: torch.Tensor) -> torch.Tensor:
        return x * 2 + 1


def sequences(audio: torch.Tensor) -> torch.Tensor:
    return audio[:, :500].reshape(2, 50, 10)


def packed(audio: torch.Tensor) -> torch.Tensor:
    packed = nn.utils.rnn.pack_padded_sequence(sequences(audio), LENGTHS, batch_first=True)
    layer = nn.LSTM(10, 5, batch_first=True, bidirectional=True).to(audio.device)
    padded: torch.Tensor = nn.utils.rnn.pad_packed_sequence(layer(packed)[0], batch_first=True)[0]
    return padded


def in_context(audio: torch.Tensor) -> torch.Tensor:
    with torch.device(audio.device):
        return torch.zeros(3) + audio[0, :3]


def by_default(audio: torch.Tensor) -> torch.Tensor:
    torch.set_default_device(audio.device)
    try:
        return torch.zeros(3) + audio[0, :3]
    finally:
        torch.set_default_device(None)


def in_threads(audio: torch.Tensor) -> torch.Tensor:
    with ThreadPoolExecutor(2) as pool:
        return torch.stack(list(pool.map(lambda row: row * 2, audio)))


def with_autocast(audio: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cuda", torch.float16):
        result: torch.Tensor = nn.Linear(10, 3).to(audio.device)(audio[:, :10])
    return result


def attended(audio: torch.Tensor) -> torch.Tensor:
    layer = nn.MultiheadAttention(10, 2, batch_first=True).to(audio.device)
    attended: torch.Tensor = layer(*[sequences(audio)] * 3)[0]
    return attended


def written(audio: torch.Tensor) -> torch.Tensor:
    target = audio.new_zeros(2, 4)
    target[:, 1:3] = audio[:, :2]
    return target


STAYS: dict[str, Operation] = {
    "arithmetic": lambda a: a * 2 + 1,
    "with a number on the CPU": lambda a: a * torch.tensor(2.0),
    "slices": lambda a: a[:, 5:10],
    "index on the CPU": lambda a: a[:, torch.arange(5)],
    "written into": written,
    "like": torch.zeros_like,
    "new": lambda a: a.new_zeros(3),
    "new tensor": lambda a: a.new_tensor([1.0]),
    "device named": lambda a: torch.arange(3, device=a.device) + a[0, :3],
    "device as text": lambda a: torch.zeros(3, device=str(a.device)) + a[0, :3],
    "device as context": in_context,
    "device as default": by_default,
    "from NumPy, moved": lambda a: torch.from_numpy(np.zeros(3, "f4")).to(a.device) + a[0, :3],
    "to another tensor": lambda a: torch.zeros(3).to(a) + a[0, :3],
    "type as another": lambda a: torch.zeros(3).type_as(a) + a[0, :3],
    "double": lambda a: a.to(torch.float64),
    "parameter": lambda a: nn.Parameter(a) + a,
    "Fourier": lambda a: torch.fft.rfft(a).abs(),
    "spectrogram": lambda a: torch.stft(
        a, 400, window=torch.hann_window(400, device=a.device), return_complex=True
    ),
    "padding": lambda a: functional.pad(a[:, None], (5, 5), mode="reflect"),
    "frames": lambda a: a.unfold(1, 400, 160).contiguous(),
    "einsum": lambda a: torch.einsum("ab,cb->ac", a, a),
    "maximum": lambda a: a.max(1).values,
    "split": lambda a: torch.cat(torch.split(a, 100, 1), 1),
    "iteration": lambda a: torch.stack(list(a)),
    "convolution": lambda a: nn.Conv1d(1, 4, 3).to(a.device)(a[:, None]),
    "weight norm": lambda a: nn.utils.parametrizations.weight_norm(nn.Conv1d(1, 4, 3)).to(a.device)(
        a[:, None]
    ),
    "batch norm": lambda a: nn.BatchNorm1d(2).to(a.device).eval()(a[None]),
    "embedding": lambda a: nn.Embedding(5, 3).to(a.device)(
        torch.zeros(2, dtype=torch.long, device=a.device)
    ),
    "half precision": lambda a: nn.Linear(10, 3).to(a.device).half().float()(a[:, :10]),
    "recurrent": lambda a: nn.GRU(10, 5, batch_first=True).to(a.device)(sequences(a))[0],
    "packed recurrent": packed,
    "attention": attended,
    "threads": in_threads,
    "autocast": with_autocast,
}

REFUSED: dict[str, Operation] = {
    "made without a device": lambda a: a + torch.zeros(2, 1),
    "a constant of the module": lambda a: a + REAL,
    "concatenated": lambda a: torch.cat([a, torch.zeros(2, 5)], 1),
    "from NumPy": lambda a: a + torch.from_numpy(np.zeros(16000, "f4")),
    "a layer left behind": lambda a: TABLE(a[:, :10]),
    "a new layer": lambda a: nn.Conv1d(1, 4, 3)(a[:, None]),
    "recurrent left behind": lambda a: nn.LSTM(10, 5, batch_first=True)(sequences(a)),
    "first state": lambda a: nn.GRU(10, 5, batch_first=True).to(a.device)(
        sequences(a), torch.zeros(1, 2, 5)
    ),
    "window": lambda a: torch.stft(a, 400, window=torch.hann_window(400), return_complex=True),
    "NumPy": lambda a: a.numpy(),
    "NumPy by asarray": lambda a: np.asarray(a),
    "the other GPU": lambda a: a + a.to("cuda:1" if a.device.index == 0 else "cuda:0"),
    "CPU indexed by GPU": lambda a: torch.zeros(10)[a[0, :3].long().clamp(0, 9)],
}

TO_CPU: dict[str, Operation] = {
    "cpu": lambda a: a.cpu() * 2,
    "to": lambda a: a.to("cpu"),
    "to by keyword": lambda a: a.to(device="cpu", dtype=torch.float64),
    "NumPy": lambda a: torch.from_numpy(np.abs(a.cpu().numpy())),
    "numbers": lambda a: torch.tensor(a[0, :3].tolist()),
    "copied into": lambda a: torch.zeros(2, 16000).copy_(a),
    "without a device": lambda a: torch.arange(a.shape[1]),
}

TO_GPU: dict[str, Operation] = {
    "cuda()": lambda a: a.cuda(),
    "cuda(0)": lambda a: a.cuda(0),
    "to": lambda a: a.to("cuda"),
    "to cuda:0": lambda a: a.to(torch.device("cuda", 0)),
    "made there": lambda _: torch.zeros(3, device="cuda"),
    "layer": lambda a: nn.Linear(10, 3).cuda()(a.cuda()[:, :10]),
    "if there is one": lambda a: a.to("cuda" if torch.cuda.is_available() else "cpu"),
}


@pytest.fixture
def pretence() -> Iterator[Pretence]:
    with pretended_gpu() as pretence:
        yield pretence


def audio_on(device: str) -> torch.Tensor:
    return mark(torch.randn(2, 16000, generator=torch.Generator().manual_seed(0)), device)


@pytest.mark.parametrize("device", ["cpu", "cuda:0", "cuda:1"])
@pytest.mark.parametrize("name", STAYS)
def test_results_are_where_the_audio_is(name: str, device: str, pretence: Pretence) -> None:
    result = STAYS[name](audio_on(device))
    assert str(place(result)) == device
    assert str(result.device) == device
    assert result.is_cuda == (device != "cpu")
    assert pretence.errors == []


@pytest.mark.parametrize("device", ["cuda:0", "cuda:1"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_a_gpu_refuses_is_refused(name: str, device: str, pretence: Pretence) -> None:
    with pytest.raises((RuntimeError, TypeError)) as caught:
        REFUSED[name](audio_on(device))
    assert not isinstance(caught.value, UnseenError)
    assert len(pretence.errors) == 1


@pytest.mark.parametrize("name", REFUSED)
def test_on_the_cpu_nothing_is_refused_but_the_other_gpu(name: str, pretence: Pretence) -> None:
    if name == "the other GPU":
        with pytest.raises(RuntimeError, match="same device"):
            REFUSED[name](audio_on("cpu"))
    else:
        REFUSED[name](audio_on("cpu"))
        assert pretence.errors == []


@pytest.mark.usefixtures("pretence")
@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
@pytest.mark.parametrize("name", TO_CPU)
def test_what_goes_to_the_cpu(name: str, device: str) -> None:
    assert str(TO_CPU[name](audio_on(device)).device) == "cpu"


@pytest.mark.usefixtures("pretence")
@pytest.mark.parametrize("device", ["cpu", "cuda:0", "cuda:1"])
@pytest.mark.parametrize("name", TO_GPU)
def test_what_goes_to_the_first_gpu(name: str, device: str) -> None:
    assert str(TO_GPU[name](audio_on(device)).device) == "cuda:0"


@pytest.mark.usefixtures("pretence")
def test_what_compiled_code_makes_is_neither_accused_nor_believed() -> None:
    audio = audio_on("cuda:0")
    made = scripted(audio)
    assert place(made) is None
    with pytest.raises(UnseenError):
        made + audio
    assert place(scripted(audio_on("cpu")) + 1) is None


@pytest.mark.usefixtures("pretence")
def test_numbers_are_real() -> None:
    audio = audio_on("cuda:0")
    assert audio.sum().item() == pytest.approx(float(audio.cpu().numpy().sum()), rel=1e-4)
    assert bool(audio.isfinite().all())


def test_everything_is_as_before_when_the_pretence_ends() -> None:
    before = torch.cuda.is_available(), torch.nn.Module.to, torch.load, torch.from_numpy
    with pretended_gpu():
        torch.set_default_device("cuda")
    assert (torch.cuda.is_available(), torch.nn.Module.to, torch.load, torch.from_numpy) == before
    assert str(torch.zeros(3).device) == "cpu"


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("gain", torch.ones(16000))
        self.plain = torch.ones(16000)


def submission(scene: Operation, timestamps: Operation | None = None) -> ModuleType:
    module = ModuleType("simulated_submission")
    answer = timestamps or (lambda a: (a[:, None], a[:, :1]))
    vars(module).update(
        load_model=Model,
        get_scene_embeddings=lambda audio, model: scene((audio, model)),  # type: ignore[arg-type]
        get_timestamp_embeddings=lambda audio, _: answer(audio),
    )
    return module


def simulated(module: ModuleType) -> Trials:
    """The trials as they arrive on the other side of the line."""
    trials: Trials = typed(Trials, json.loads(json.dumps(simulate(module, [], 16000))))
    return trials


def outcome(trial: Trial) -> str:
    if trial.refused:
        return "violates"
    return "inconclusive" if trial.unclear else "conforms"


@pytest.mark.parametrize(
    ("scene", "outcomes"),
    [
        (lambda x: x[0] * x[1].gain, ("conforms", "conforms", "conforms")),
        (lambda x: x[0] * x[1].plain, ("violates", "violates", "conforms")),
        (lambda x: x[0].cuda() * x[1].gain, ("conforms", "violates", "violates")),
        (lambda x: scripted(x[0]) * x[1].gain, ("inconclusive", "inconclusive", "conforms")),
        (lambda x: x[0].cpu(), ("conforms", "conforms", "conforms")),
    ],
    ids=["follows", "plain attribute", "first GPU", "compiled", "results on the CPU"],
)
def test_outcomes_on_the_first_gpu_the_second_and_the_cpu(
    scene: Operation, outcomes: tuple[str, ...]
) -> None:
    found = simulated(submission(scene))
    assert tuple(map(outcome, (found.gpu, found.second, found.cpu))) == outcomes


def test_the_devices_of_results_are_told() -> None:
    found = simulated(submission(lambda x: x[0].cpu())).gpu
    assert found.devices == {
        "embeddings of get_timestamp_embeddings": "cuda:0",
        "timestamps of get_timestamp_embeddings": "cuda:0",
        "embeddings of get_scene_embeddings": "cpu",
    }


def test_another_way_of_computing_on_the_gpu_shows_in_the_numbers() -> None:
    same = simulated(submission(lambda x: x[0] * 2)).gpu.error
    other = simulated(submission(lambda x: x[0].round() if x[0].is_cuda else x[0])).gpu.error
    assert same == 0
    assert other is not None
    assert other > 0.1


def test_an_error_of_the_submissions_own_is_no_violation_of_devices() -> None:
    def scene(_: Any) -> Any:
        raise ValueError("odd")

    found = simulated(submission(scene)).gpu
    assert outcome(found) == "inconclusive"
    assert "ValueError: odd" in found.unclear


def test_code_in_a_sibling_package_is_followed(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model lies next to the module; it has asked for GPUs, and taken names, at its import."""
    (tmp_path / "its_model").mkdir()
    (tmp_path / "its_model" / "__init__.py").write_text("from .network import Model\n")
    (tmp_path / "its_model" / "network.py").write_text(
        "import torch\n"
        "from torch.cuda import device, is_available\n"
        "DEVICE = 'cuda' if is_available() else 'cpu'\n"
        "class Model(torch.nn.Module):\n"
        "    def forward(self, audio):\n"
        "        with device(0): assert not isinstance(audio, torch.cuda.device)\n"
        "        return audio.to(DEVICE)\n"
    )
    (tmp_path / "its_functions.py").write_text(
        "from its_model import Model\n"
        "def load_model(): return Model()\n"
        "def get_scene_embeddings(audio, model): return model(audio)\n"
        "def get_timestamp_embeddings(audio, model): return audio[:, None], audio[:, :1]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import its_functions  # type: ignore[import-not-found]

    try:
        found = simulated(its_functions)
    finally:
        for name in ("its_functions", "its_model", "its_model.network"):
            del sys.modules[name]
    assert not found.cpu.unclear
    assert found.cpu.devices["embeddings of get_scene_embeddings"] == "cuda:0"
    assert outcome(found.gpu) == "conforms"


def test_a_device_chosen_at_import_is_chosen_anew(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chooses_at_import.py").write_text(
        "import torch\n"
        "DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'\n"
        "class Model(torch.nn.Module): pass\n"
        "def load_model(): return Model()\n"
        "def get_scene_embeddings(audio, model): return audio.to(DEVICE)\n"
        "def get_timestamp_embeddings(audio, model): return audio[:, None], audio[:, :1]\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import chooses_at_import  # type: ignore[import-not-found]

    try:
        found = simulated(chooses_at_import).cpu
    finally:
        del sys.modules["chooses_at_import"]
    assert found.devices["embeddings of get_scene_embeddings"] == "cuda:0"
