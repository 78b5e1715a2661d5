"""From dataset rows to batches for training. The names open lazily; torch stays out until asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmdia.train.audio import pad_clips, read_clip, unpad_clips
    from mmdia.train.collate import DialogueCollator

__all__ = ["DialogueCollator", "pad_clips", "read_clip", "unpad_clips"]

_HOMES = {
    "DialogueCollator": "mmdia.train.collate",
    "pad_clips": "mmdia.train.audio",
    "read_clip": "mmdia.train.audio",
    "unpad_clips": "mmdia.train.audio",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
