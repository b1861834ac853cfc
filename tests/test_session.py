"""The session's memory, its second chances and its snippets, on connections without a process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearkit.api.submission import Effect, Reply, Submission, SubmissionFault, Value
from validator.asking.session import SCENE, TIMESTAMP, Session
from validator.stimuli import Stimulus, noise

Answer = Callable[["Fake", dict[str, Any]], Reply]

ATTRIBUTES = {
    "sample_rate": {"number": 16000.0},
    "scene_embedding_size": {"number": 3.0},
    "timestamp_embedding_size": {"number": 3.0},
}
SOUND = noise(2, 100)


def value(array: np.ndarray[Any, Any]) -> Value:
    return Value("torch.Tensor", "torch", str(array.dtype), array.shape, "cpu", False, array)


def scene(n_sounds: int = 2, offset: float = 0.0) -> Reply:
    return Reply("single", (value(np.full((n_sounds, 3), offset, np.float32)),))


class Fake:
    """Loads like a PyTorch submission; calls are answered by a function."""

    def __init__(self, answer: Answer) -> None:
        self.starts = 0
        self.alive = False
        self.asked: list[str] = []
        self.loads = 0
        self._answer = answer

    def request(self, op: str, *, step: str, audio: Any = None, **parameters: Any) -> Reply:
        if not self.alive:
            self.alive, self.starts = True, self.starts + 1
        self.asked.append(op)
        if op == "load":
            self.loads += 1
            return Reply(facts={"framework": "torch", "attributes": ATTRIBUTES})
        if op == "call":
            return self._answer(self, {"audio": audio, "step": step, **parameters})
        return Reply(facts={"functions": {}})

    def die(self) -> None:
        self.alive = False

    def close(self) -> None:
        self.alive = False


class Connections(list[Fake]):
    """Every connection that a session opened."""


def session_of(answer: Answer, weights: Path | None = None) -> tuple[Session, Connections]:
    opened = Connections()

    def connect(_: Submission) -> Fake:
        opened.append(Fake(answer))
        return opened[-1]

    session = Session(Submission("my_module", weights), connect)
    session.imported()
    session.loaded()
    return session, opened


def answering(_: Fake, request: dict[str, Any]) -> Reply:
    return scene(len(request["audio"]))


def raised() -> SubmissionFault:
    return SubmissionFault("exception", "raised ValueError", "a call")


def test_a_question_asked_twice_is_answered_once() -> None:
    session, opened = session_of(answering)
    first, then = session.scene(SOUND), session.scene(SOUND)
    assert first is then
    assert opened[0].asked == ["import", "load", "call"]


@pytest.mark.parametrize(
    "options", [{"again": 1}, {"layout": "sliced"}, {"seed": 1}, {"slot": "other"}]
)
def test_another_question_is_asked(options: dict[str, Any]) -> None:
    session, opened = session_of(answering)
    session.scene(SOUND)
    session.scene(SOUND, **options)
    assert opened[0].asked.count("call") == 2


def test_an_answer_need_not_be_kept() -> None:
    session, opened = session_of(answering)
    session.call(SCENE, SOUND, keep=False)
    session.call(SCENE, SOUND, keep=False)
    assert opened[0].asked.count("call") == 2


def test_a_fault_is_remembered_too() -> None:
    def answer(_: Fake, __: dict[str, Any]) -> Reply:
        raise SubmissionFault("timeout", "did not answer", "a call")

    session, opened = session_of(answer)
    faults = []
    for _ in range(2):
        with pytest.raises(SubmissionFault) as caught:
            session.scene(SOUND)
        faults.append(caught.value)
    assert faults[0] is faults[1]
    assert opened[0].asked.count("call") == 1
    assert "get_scene_embeddings(audio, model)" in faults[0].snippet


def test_effects_are_collected_from_answers_and_faults() -> None:
    def answer(_: Fake, request: dict[str, Any]) -> Reply:
        effect = (Effect("write", "file", request["step"]),)
        if request["function"] == SCENE:
            return Reply("single", scene().values, effects=effect)
        raise SubmissionFault("exception", "raised", request["step"], effects=effect)

    session, _ = session_of(answer)
    session.scene(SOUND)
    with pytest.raises(SubmissionFault):
        session.timestamps(SOUND)
    assert [e.step.partition("(")[0] for e in session.effects] == [SCENE, TIMESTAMP]


def test_a_call_that_earlier_ones_broke_is_cured_by_a_fresh_model_and_told_of() -> None:
    def answer(fake: Fake, request: dict[str, Any]) -> Reply:
        # The model of each load bears one call.
        if fake.asked[-2] == "call":
            raise raised()
        return scene(len(request["audio"]))

    session, opened = session_of(answer)
    session.scene(SOUND)
    assert session.cured == []
    assert session.scene(SOUND, again=1).shape == (2, 3)
    assert len(session.cured) == 1
    assert opened[0].loads == 2


def test_a_call_that_fails_with_a_fresh_model_too_fails() -> None:
    def answer(_: Fake, request: dict[str, Any]) -> Reply:
        if len(request["audio"]) == 1:
            raise raised()
        return scene()

    session, opened = session_of(answer)
    session.scene(SOUND)
    for n in range(6):
        session.scene(SOUND, again=1 + n)
        with pytest.raises(SubmissionFault):
            session.scene(SOUND.pick(0), again=n)
    assert session.cured == []
    # After a few it is not tried any more: some models take long to load.
    assert opened[0].loads == 4


def test_only_the_main_model_gets_a_second_chance() -> None:
    def answer(fake: Fake, _: dict[str, Any]) -> Reply:
        if fake.asked[-2] == "call":
            raise raised()
        return scene()

    session, _ = session_of(answer)
    session.scene(SOUND, slot="other")
    with pytest.raises(SubmissionFault):
        session.scene(SOUND, slot="other", again=1)
    assert session.cured == []


def test_after_a_worker_died_the_next_question_imports_and_loads_again() -> None:
    session, opened = session_of(answering)
    session.scene(SOUND)
    opened[0].die()
    session.scene(SOUND, again=1)
    assert opened[0].asked == ["import", "load", "call"] * 2


def test_a_dropped_model_is_loaded_anew() -> None:
    session, opened = session_of(answering)
    session.scene(SOUND, slot="other")
    session.drop("other")
    session.scene(SOUND, slot="other", again=1)
    assert opened[0].asked == ["import", "load", "load", "call", "drop", "load", "call"]


def test_elsewhere_is_another_process_that_is_started_once() -> None:
    session, opened = session_of(answering)
    session.elsewhere(SCENE, SOUND)
    session.elsewhere(SCENE, SOUND)
    session.elsewhere(SCENE, SOUND.pick(0))
    assert len(opened) == 2
    assert opened[1].asked == ["import", "load", "call", "call"]
    session.close()
    assert not any(fake.alive for fake in opened)


def test_the_simulation_uses_the_other_process_and_ends_it() -> None:
    def connect(_: Submission) -> Fake:
        fakes.append(Simulating(answering))
        return fakes[-1]

    class Simulating(Fake):
        def request(self, op: str, **options: Any) -> Reply:
            reply = super().request(op, **options)
            modes = {"gpu": {"outcome": "conforms"}, "cpu": {"outcome": "violates"}}
            return Reply(facts=modes) if op == "simulate" else reply

    fakes: list[Fake] = []
    session = Session(Submission("my_module"), connect)
    session.imported()
    session.loaded()
    session.elsewhere(SCENE, SOUND)
    assert session.simulated("gpu")["outcome"] == "conforms"
    assert session.simulated("cpu")["outcome"] == "violates"
    assert len(fakes) == 2
    assert fakes[1].asked.count("simulate") == 1
    assert not fakes[1].alive


@pytest.mark.parametrize(
    "reply",
    [
        scene(1),
        Reply("tuple", scene().values * 2),
        Reply("single", (Value("builtins.dict", ""),)),
        Reply("single", (value(np.zeros((2, 4, 3), np.float32)),)),
        Reply("NoneType"),
    ],
)
def test_scenes_of_another_form_are_a_fault(reply: Reply) -> None:
    session, _ = session_of(lambda _, __: reply)
    with pytest.raises(SubmissionFault, match=r"instead of \(2, size\)") as caught:
        session.scene(SOUND)
    assert caught.value.kind == "answer"


@pytest.mark.parametrize(
    ("embeddings", "times"), [((2, 4, 3), (1, 4)), ((2, 0, 3), (2, 0)), ((2, 3), (2, 4))]
)
def test_timestamps_of_another_form_are_a_fault(
    embeddings: tuple[int, ...], times: tuple[int, ...]
) -> None:
    values = value(np.zeros(embeddings, np.float32)), value(np.zeros(times, np.float32))
    session, _ = session_of(lambda _, __: Reply("tuple", values))
    with pytest.raises(SubmissionFault, match="n_timestamps"):
        session.timestamps(SOUND)


def test_a_snippet_is_python_that_makes_its_own_audio(tmp_path: Path) -> None:
    session, _ = session_of(answering, tmp_path / "weights.pt")
    snippet = session.snippet("print(scene(audio, model).shape)", audio=SOUND.pick(1))
    compile(snippet, "snippet", "exec")
    assert snippet.splitlines()[1] == "import my_module as submission"
    assert f"load_model({str(tmp_path / 'weights.pt')!r})" in snippet
    assert snippet.endswith("print(submission.get_scene_embeddings(audio, model).shape)")
    made: dict[str, Any] = {"np": np}
    line = next(text for text in snippet.splitlines() if text.startswith("audio"))
    exec(line.replace("torch.from_numpy", ""), made)
    np.testing.assert_array_equal(made["audio"], SOUND.audio[[1]])


@pytest.mark.parametrize(
    "stimulus",
    [
        SOUND.shifted(7),
        SOUND.cut(50),
        SOUND.beside(SOUND.pick(0)),
        SOUND.plus(SOUND.shifted(1)),
    ],
)
def test_what_is_made_of_stimuli_can_be_made_outside(stimulus: Stimulus) -> None:
    np.testing.assert_array_equal(eval(stimulus.code, {"np": np}), stimulus.audio)
