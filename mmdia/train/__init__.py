"""From dataset rows to batches for training. The names open lazily; torch stays out until asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmdia.train.audio import pad_clips, read_clip, read_media, unpad_clips
    from mmdia.train.collate import DialogueCollator
    from mmdia.train.sampler import ResumableLoader, ResumableSampler
    from mmdia.train.sound_filter import SoundFilter, quality_of
    from mmdia.train.stream import ShardStream
    from mmdia.train.tar_samples import row_of_sample, shard_files

__all__ = [
    "DialogueCollator",
    "ResumableLoader",
    "ResumableSampler",
    "ShardStream",
    "SoundFilter",
    "pad_clips",
    "quality_of",
    "read_clip",
    "read_media",
    "row_of_sample",
    "shard_files",
    "unpad_clips",
]

_HOMES = {
    "DialogueCollator": "mmdia.train.collate",
    "ResumableLoader": "mmdia.train.sampler",
    "ResumableSampler": "mmdia.train.sampler",
    "ShardStream": "mmdia.train.stream",
    "SoundFilter": "mmdia.train.sound_filter",
    "pad_clips": "mmdia.train.audio",
    "quality_of": "mmdia.train.sound_filter",
    "read_clip": "mmdia.train.audio",
    "read_media": "mmdia.train.audio",
    "row_of_sample": "mmdia.train.tar_samples",
    "shard_files": "mmdia.train.tar_samples",
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
