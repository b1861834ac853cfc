"""The numbers of the HEAR common API, each with its unit and where it comes from.

Sources: the challenge's public API page and rules, and the behaviour of its evaluation kit
(HEAR 2021, NeurIPS competition track). "Section" names the function or heading of the API.
"""

from __future__ import annotations

from typing import Final

SAMPLE_RATES: Final = (16000, 22050, 32000, 44100, 48000)
"""Hz; the benchmark's audio exists in these and a submission does not resample."""

FUNCTIONS: Final = ("load_model", "get_timestamp_embeddings", "get_scene_embeddings")
"""What a submission's module must hold."""

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
"""The rules promise that nothing longer than 20 minutes is embedded at once."""

MEMORY_LIMIT_GB: Final = 16.0
"""GB of GPU memory that 20 minutes of audio must fit into, weights and embeddings included."""

REPEAT_TOLERANCE: Final = 1e-5
"""Relative error between two answers to the same question: atomics on a GPU reorder float32
sums (eps 1.2e-7, over thousands of terms), and nothing else may differ."""

BATCH_TOLERANCE: Final = 1e-4
"""Relative error between a sound alone and in a batch: kernels chosen for other shapes sum
float32 in another order; deep networks amplify that to about 1e-5, logarithms near silence
a little further."""

BATCH_TOLERANCE_GPU: Final = 2e-3
"""The same on a GPU, where PyTorch lets convolutions keep 10 bits of mantissa (TF32), rounded
otherwise by the kernel that each shape gets."""

DEVICE_TOLERANCE: Final = 1e-2
"""Relative error between CPU and GPU: TF32 convolutions keep 10 bits of mantissa (1e-3)."""
