"""Interchangeable readers of frames: one small interface, one adapter per library.

A lazy door: `open_reader`, `available_backends`, `FrameReader` and `Picture` open on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmdia.media.backends.port import FrameReader, Picture
    from mmdia.media.backends.reader import available_backends, open_reader

__all__ = ["FrameReader", "Picture", "available_backends", "open_reader"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from mmdia.media.backends import port, reader

        return getattr(port if name in ("FrameReader", "Picture") else reader, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
