"""`hear-embed`: audio files to embeddings on disk, with any module that speaks the HEAR API."""

from .store import read

__all__ = ["read"]
