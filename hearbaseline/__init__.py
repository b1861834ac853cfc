"""Reference baselines for the HEAR audio-embedding API.

`hearbaseline` itself is the mel baseline; `hearbaseline.mel`, `hearbaseline.crepe`,
`hearbaseline.wav2vec2`, `hearbaseline.general` and `hearbaseline.whisper` are the modules, each
with the three functions of the API.

Examples:
    >>> import torch, hearbaseline
    >>> audio = torch.zeros(2, 44100)  # two sounds of a second
    >>> hearbaseline.get_scene_embeddings(audio, hearbaseline.load_model()).shape
    torch.Size([2, 4096])
"""

from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .mel import get_scene_embeddings, get_timestamp_embeddings, load_model

__all__ = ["__version__", "get_scene_embeddings", "get_timestamp_embeddings", "load_model"]


def __getattr__(name: str) -> Any:
    # PyTorch takes seconds to import: `hear-embed --help` is to answer at once.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import mel

    return getattr(mel, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
