"""`hear-embed`: from audio files to embeddings on disk, with any HEAR module."""

from .store import read

__all__ = ["read"]
