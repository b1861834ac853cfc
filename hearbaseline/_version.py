"""The version of the distribution, as CHANGELOG.md names it."""

__version__ = "2026.11.0"
