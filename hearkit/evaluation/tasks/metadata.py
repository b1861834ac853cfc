"""`task_metadata.json` as typed data, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .faults import Faults
from .task import Metadata

SCENE_SCORES = ("top1_acc", "pitch_acc", "chroma_acc", "mAP", "aucroc", "d_prime")
EVENT_SCORES = (
    "event_onset_200ms_fms",
    "event_onset_50ms_fms",
    "event_onset_offset_50ms_20perc_fms",
    "segment_1s_er",
)

LOWER_IS_BETTER = ("segment_1s_er",)
"""Scores that are errors."""

FOLDED = ("new_split_kfold", "presplit_kfold")
"""Split modes in which every split is a fold and is tested once."""

_CHOICES = {
    "embedding_type": ("scene", "event"),
    "prediction_type": ("multiclass", "multilabel"),
    "split_mode": ("trainvaltest", *FOLDED),
}

_POSTPROCESSING = ("median_filter_ms", "min_duration")

DEFAULT_POSTPROCESSING = {"median_filter_ms": (250.0,), "min_duration": (125.0, 250.0)}
"""Values, in ms, that the oracle tries where the task names none (HEAR_EVAL, section 4)."""

FILE = "task_metadata.json"


def parsed(raw: object, faults: Faults) -> Metadata | None:
    """The metadata, or None if something that is needed is wrong.

    Args:
        raw: What the file holds.
        faults: Takes what is wrong.
    """
    if not isinstance(raw, dict):
        faults.add(f"{FILE}: holds a {type(raw).__name__}, not an object of keys and values")
        return None
    before = len(faults.fatal)
    texts = {name: _text(raw, name, faults) for name in ("task_name", "version")}
    chosen = {name: _choice(raw, name, faults) for name in _CHOICES}
    splits = _splits(raw, chosen["split_mode"], faults)
    evaluation = _evaluation(raw, chosen["embedding_type"], faults)
    duration = _duration(raw, faults)
    early = raw.get("use_scoring_for_early_stopping", True)
    if not isinstance(early, bool):
        faults.add(f"{FILE}: use_scoring_for_early_stopping is {early!r}; write true or false")
    postprocessing, grid = _params(raw, chosen["embedding_type"], bool(early), faults)
    if len(faults.fatal) > before:
        return None
    return Metadata(
        texts["task_name"],
        texts["version"],
        str(raw.get("mode", "")),
        cast(Any, chosen["embedding_type"]),
        cast(Any, chosen["prediction_type"]),
        cast(Any, chosen["split_mode"]),
        splits,
        duration,
        evaluation,
        bool(early),
        postprocessing,
        grid,
        raw,
    )


def _text(raw: Mapping[str, Any], name: str, faults: Faults) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        faults.add(f"{FILE}: {name} is {_said(raw, name)}; write a text")
        return ""
    return value


def _said(raw: Mapping[str, Any], name: str) -> str:
    return repr(raw[name]) if name in raw else "missing"


def _choice(raw: Mapping[str, Any], name: str, faults: Faults) -> str:
    value = raw.get(name)
    if value not in _CHOICES[name]:
        faults.add(f"{FILE}: {name} is {_said(raw, name)}; known are {', '.join(_CHOICES[name])}")
        return ""
    return str(value)


def _names(raw: Mapping[str, Any], name: str, faults: Faults) -> tuple[str, ...]:
    """A list of different texts."""
    value = raw.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        faults.add(f"{FILE}: {name} is {_said(raw, name)}; write a list of texts")
        return ()
    if len(set(value)) < len(value):
        faults.add(f"{FILE}: {name} has one entry twice: {', '.join(value)}")
    return tuple(value)


def _splits(raw: Mapping[str, Any], mode: str, faults: Faults) -> tuple[str, ...]:
    splits = _names(raw, "splits", faults)
    bad = [name for name in splits if "/" in name or name.startswith(".") or "\x00" in name]
    if bad:
        faults.add(f"{FILE}: splits has {bad[0]!r}, which is no name of a file")
    if mode == "trainvaltest" and splits:
        missing = [name for name in ("train", "valid", "test") if name not in splits]
        if missing:
            faults.add(f"{FILE}: splits lacks {', '.join(missing)}, which trainvaltest needs")
    if mode in FOLDED and splits:
        if len(splits) < 3:
            faults.add(
                f"{FILE}: splits has {len(splits)} folds; three are needed, one each to train, "
                "to validate and to test"
            )
        n_folds = raw.get("nfolds")
        if n_folds is not None and n_folds != len(splits):
            faults.add(f"{FILE}: nfolds is {n_folds!r}, but splits has {len(splits)}", fatal=False)
    return splits


def _evaluation(raw: Mapping[str, Any], kind: str, faults: Faults) -> tuple[str, ...]:
    names = _names(raw, "evaluation", faults)
    known = {"scene": SCENE_SCORES, "event": EVENT_SCORES}.get(kind, SCENE_SCORES + EVENT_SCORES)
    for name in names:
        if name not in known:
            faults.add(
                f"{FILE}: evaluation names {name!r}; the scores of {kind or 'these'} tasks are "
                f"{', '.join(known)}"
            )
    return names


def _duration(raw: Mapping[str, Any], faults: Faults) -> float | None:
    value = raw.get("sample_duration")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        faults.add(f"{FILE}: sample_duration is {value!r}; write seconds above 0, or null")
        return None
    return float(value)


def _params(
    raw: Mapping[str, Any], kind: str, early: bool, faults: Faults
) -> tuple[Mapping[str, tuple[float, ...]] | None, Mapping[str, tuple[Any, ...]]]:
    """The post-processing to try, and the values that override the grid's."""
    params = raw.get("evaluation_params") or {}
    if not isinstance(params, dict):
        faults.add(f"{FILE}: evaluation_params is {params!r}; write an object")
        return None, {}
    grid = _grid(params, "task_specific_param_grid", faults)
    if kind != "event":
        return None, grid
    values = _grid(params, "event_postprocessing_grid", faults) or dict(DEFAULT_POSTPROCESSING)
    for name in _POSTPROCESSING:
        numbers = values.get(name, ())
        if not numbers or not all(_is_number(v) and v >= 0 for v in numbers):
            faults.add(
                f"{FILE}: event_postprocessing_grid needs {name}, a list of milliseconds, not "
                f"{list(numbers)}"
            )
    unknown = set(values) - set(_POSTPROCESSING)
    if unknown:
        faults.add(f"{FILE}: event_postprocessing_grid has the unknown {', '.join(unknown)}")
    n_kinds = len(values.get(_POSTPROCESSING[0], ())) * len(values.get(_POSTPROCESSING[1], ()))
    if not early and n_kinds > 1:
        faults.add(
            f"{FILE}: event_postprocessing_grid has {n_kinds} combinations, but without "
            "use_scoring_for_early_stopping nothing chooses one; leave one value of each"
        )
    return values, grid


def _grid(params: Mapping[str, Any], name: str, faults: Faults) -> dict[str, tuple[Any, ...]]:
    grid = params.get(name) or {}
    if not isinstance(grid, dict) or not all(isinstance(v, list) and v for v in grid.values()):
        faults.add(f"{FILE}: {name} is {grid!r}; write an object of lists")
        return {}
    return {str(key): tuple(value) for key, value in grid.items()}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
