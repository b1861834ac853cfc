"""Fills the memory at import."""

OPTIONS = {"memory_limit_gb": 0.6}
HOARD = [bytearray(b"x" * 10_000_000) for _ in range(2000)]
