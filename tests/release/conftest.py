"""Fixtures of this room."""

from tests.corpus.folders import make_release

__all__ = ["make_release"]
