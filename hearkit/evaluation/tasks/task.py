"""What a task is: plain data, read from its folder by `folder.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Event:
    """A labelled stretch of a recording.

    Attributes:
        label: Label of the vocabulary.
        start: Onset in ms.
        end: Offset in ms.
    """

    label: str
    start: float
    end: float


@dataclass(frozen=True)
class Metadata:
    """The keys of `task_metadata.json` that the evaluation reads.

    Attributes:
        task_name: Name, such as `spoken_digit`.
        version: Version, such as `hear2021`.
        mode: Size, such as `full`, `5h` or `small`.
        embedding_type: Whether a label is of a whole recording or of a stretch of it.
        prediction_type: Whether one label is true at a time or several may be.
        split_mode: How the splits are named and used.
        splits: Names of the splits, such as `train`, `valid`, `test` or `fold00`, `fold01`.
        sample_duration: Seconds of every recording; None where they differ.
        evaluation: Names of the scores; the first is primary.
        use_scoring_for_early_stopping: Whether the primary score is monitored, or the loss.
        postprocessing_grid: Values to try for `median_filter_ms` and `min_duration`, by name;
            None for scenes.
        param_grid: Values that override the default grid's, by name.
        raw: The whole file.
    """

    task_name: str
    version: str
    mode: str
    embedding_type: Literal["scene", "event"]
    prediction_type: Literal["multiclass", "multilabel"]
    split_mode: Literal["trainvaltest", "new_split_kfold", "presplit_kfold"]
    splits: tuple[str, ...]
    sample_duration: float | None
    evaluation: tuple[str, ...]
    use_scoring_for_early_stopping: bool = True
    postprocessing_grid: Mapping[str, tuple[float, ...]] | None = None
    param_grid: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)
