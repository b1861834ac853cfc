"""The session's memory, its second chances and its snippets, on connections without a process."""

import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hearkit.api.facts import CallFacts
from hearkit.api.requests import Call, Request
from hearkit.api.submission import Reply, Submission, Value
from hearkit.effect import Effect
from hearkit.errors import Fault
from validator.asking.answers import reproduction_of
from validator.asking.session import SCENE, TIMESTAMP, Session
from validator.asking.snippets import program, reproduce
from validator.stimuli import Stimulus, noise

from ..fakes import Answer, Fake, returned, value

Audio = NDArray[np.float32]

SOUND = noise(2, 100)


def scene(n_sounds: int = 2, offset: float = 0.0) -> Reply[CallFacts]:
    return returned(value(np.full((n_sounds, 3), offset, np.float32)))


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


def answering(_: Fake, __: Call, audio: Audio) -> Reply[CallFacts]:
    return scene(len(audio))


def raised() -> Fault:
    return Fault("exception", "raised ValueError", "a call")


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
    def answer(_: Fake, __: Call, ___: Audio) -> Reply[CallFacts]:
        raise Fault("timeout", "did not answer", "a call")

    session, opened = session_of(answer)
    faults = []
    for _ in range(2):
        with pytest.raises(Fault) as caught:
            session.scene(SOUND)
        faults.append(caught.value)
    assert faults[0] is faults[1]
    assert opened[0].asked.count("call") == 1
    reproduction = reproduction_of(faults[0])
    assert reproduction is not None
    assert reproduction.lines == ("scene(audio, model)",)
    assert reproduction.stimuli == {"audio": SOUND}


def test_effects_are_collected_from_answers_and_faults() -> None:
    def answer(_: Fake, request: Call, audio: Audio) -> Reply[CallFacts]:
        effect = (Effect("write", "file", f"{request.function}({len(audio)})"),)
        if request.function == SCENE:
            return returned(*scene().values, effects=effect)
        raise Fault("exception", "raised", request.function, effects=effect)

    session, _ = session_of(answer)
    session.scene(SOUND)
    with pytest.raises(Fault):
        session.timestamps(SOUND)
    assert [e.step.partition("(")[0] for e in session.effects] == [SCENE, TIMESTAMP]


def test_a_call_that_earlier_ones_broke_is_cured_by_a_fresh_model_and_told_of() -> None:
    def answer(fake: Fake, _: Call, audio: Audio) -> Reply[CallFacts]:
        # The model of each load bears one call.
        if fake.asked[-2] == "call":
            raise raised()
        return scene(len(audio))

    session, opened = session_of(answer)
    session.scene(SOUND)
    assert session.cured == []
    assert session.scene(SOUND, again=1).shape == (2, 3)
    assert len(session.cured) == 1
    assert opened[0].loads == 2


def test_a_call_that_fails_with_a_fresh_model_too_fails() -> None:
    def answer(_: Fake, __: Call, audio: Audio) -> Reply[CallFacts]:
        if len(audio) == 1:
            raise raised()
        return scene()

    session, opened = session_of(answer)
    session.scene(SOUND)
    for n in range(6):
        session.scene(SOUND, again=1 + n)
        with pytest.raises(Fault):
            session.scene(SOUND.pick(0), again=n)
    assert session.cured == []
    # After a few it is not tried any more: some models take long to load.
    assert opened[0].loads == 4


def test_only_the_main_model_gets_a_second_chance() -> None:
    def answer(fake: Fake, _: Call, __: Audio) -> Reply[CallFacts]:
        if fake.asked[-2] == "call":
            raise raised()
        return scene()

    session, _ = session_of(answer)
    session.scene(SOUND, slot="other")
    with pytest.raises(Fault):
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


def test_an_extension_uses_the_other_process_and_ends_it() -> None:
    def connect(_: Submission) -> Fake:
        fakes.append(Fake(answering, extensions={"gpu": "conforms"}))
        return fakes[-1]

    fakes: list[Fake] = []
    session = Session(Submission("my_module"), connect)
    session.imported()
    session.loaded()
    session.elsewhere(SCENE, SOUND)
    for _ in range(2):
        assert session.extended("simulation:simulate", sample_rate=1) == {"gpu": "conforms"}
    assert len(fakes) == 2
    assert fakes[1].asked.count("extend") == 1
    assert not fakes[1].alive


@pytest.mark.parametrize("fault", [None, Fault("crash", "ended", "a simulated GPU")])
def test_an_extension_that_was_begun_is_answered_by_a_worker_of_its_own(
    fault: Fault | None,
) -> None:
    def connect(_: Submission) -> Fake:
        fakes.append(
            Fake(answering, fault=fault if fakes else None, extensions={"gpu": "conforms"})
        )
        return fakes[-1]

    fakes: list[Fake] = []
    session = Session(Submission("my_module"), connect, parallel=True)
    session.begin_extending("simulation:simulate", sample_rate=1)
    session.imported()
    session.scene(SOUND)
    with nullcontext() if fault is None else pytest.raises(Fault, match="ended"):
        assert session.extended("simulation:simulate", sample_rate=1) == {"gpu": "conforms"}
    assert fakes[1].asked == (["import"] if fault else ["import", "extend"])
    assert not fakes[1].alive
    assert len(fakes) == 2


def test_an_extension_that_was_begun_and_hangs_ends_with_the_session() -> None:
    class Hanging(Fake):
        ended = threading.Event()

        def ask(self, request: Request[Any], **_: Any) -> Reply[Any]:
            assert self.ended.wait(10)
            raise Fault("crash", "ended", type(request).__name__)

        def close(self) -> None:
            self.ended.set()

    fakes = iter([Fake(answering), Hanging()])
    session = Session(Submission("my_module"), lambda _: next(fakes), parallel=True)
    session.begin_extending("simulation:simulate")
    session.close()
    assert Hanging.ended.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name == "meanwhile"]


def test_with_one_core_nothing_is_begun_meanwhile() -> None:
    session, opened = session_of(answering)
    session.begin_extending("simulation:simulate")
    assert len(opened) == 1


@pytest.mark.parametrize(
    "reply",
    [
        scene(1),
        returned(Value("builtins.dict", "")),
        returned(value(np.zeros((2, 4, 3), np.float32))),
        returned(container="NoneType"),
    ],
)
def test_scenes_of_another_form_are_a_fault(reply: Reply[CallFacts]) -> None:
    session, _ = session_of(lambda *_: reply)
    with pytest.raises(Fault, match=r"instead of \(2, size\)") as caught:
        session.scene(SOUND)
    assert caught.value.kind == "answer"


@pytest.mark.parametrize(
    ("embeddings", "times"), [((2, 4, 3), (2, 5)), ((2, 0, 3), (2, 0)), ((2, 3), (2, 4))]
)
def test_timestamps_of_another_form_are_a_fault(
    embeddings: tuple[int, ...], times: tuple[int, ...]
) -> None:
    values = value(np.zeros(embeddings, np.float32)), value(np.zeros(times, np.float32))
    session, _ = session_of(lambda *_: returned(*values))
    with pytest.raises(Fault, match="n_timestamps"):
        session.timestamps(SOUND)


def test_a_snippet_is_python_that_makes_its_own_audio(tmp_path: Path) -> None:
    session, _ = session_of(answering, tmp_path / "weights.pt")
    reproduction = reproduce("print(scene(audio, model).shape)", audio=SOUND.pick(1))
    snippet = program(
        reproduction, session.submission, session.arguments(), session.known_framework()
    )
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
        SOUND.followed_by(SOUND.pick(0)),
        SOUND.plus(SOUND.shifted(1)),
    ],
)
def test_what_is_made_of_stimuli_can_be_made_outside(stimulus: Stimulus) -> None:
    np.testing.assert_array_equal(eval(stimulus.code, {"np": np}), stimulus.audio)
