"""The numbers of the HEAR common API, each with its unit and where it comes from.

Sources: the challenge's public API page and rules, and the behaviour of its evaluation kit
(HEAR 2021, NeurIPS competition track). "Section" names the function or heading of the API.
"""

from __future__ import annotations

from typing import Final

SAMPLE_RATES: Final = (16000, 22050, 32000, 44100, 48000)
"""Hz; the benchmark's audio exists at these rates, and a submission does not resample."""

TIMESTAMP: Final = "get_timestamp_embeddings"
SCENE: Final = "get_scene_embeddings"

FUNCTIONS: Final = ("load_model", TIMESTAMP, SCENE)
"""Functions that a submission's module must have."""

ATTRIBUTES: Final = ("sample_rate", "scene_embedding_size", "timestamp_embedding_size")
"""Attributes that a model must have: Hz, and the sizes of the last axes of the embeddings."""

PARAMETERS: Final = {
    "load_model": ("model_file_path",),
    "get_timestamp_embeddings": ("audio", "model"),
    "get_scene_embeddings": ("audio", "model"),
}
"""The parameters' names in the API; calls are positional."""

MAX_HOP_MS: Final = 50.0
"""Event and transcription tasks are scored with a tolerance of 50 ms."""

SPACING_TOLERANCE_MS: Final = 1.0
"""The organisers accept this deviation of an interval from the mean interval."""

SHORTEST_CLIP_S: Final = 0.81
"""The shortest clip of the benchmark's tasks."""

LONGEST_CLIP_S: Final = 20 * 60.0
"""The rules promise that no audio longer than 20 minutes is embedded in a call."""

MEMORY_LIMIT_GB: Final = 16.0
"""GB of GPU memory that 20 minutes of audio must fit into, weights and embeddings included."""
