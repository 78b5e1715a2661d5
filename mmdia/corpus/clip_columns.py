"""The columns that a rebuild adds to dialogues, as Arrow types."""

from __future__ import annotations

import pyarrow as pa

#: Arrow type of a media file in `datasets`: content, or the path of the file.
MEDIA_TYPE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
TIMES = ("media_start", "media_end", "lead_in", "scale", "confidence")


def floats(*names: str) -> pa.StructType:
    """A struct of seconds and other numbers."""
    return pa.struct([pa.field(name, pa.float64()) for name in names])


def list_of(kind: pa.DataType) -> pa.ListType:
    """A list; its item is named as Arrow names it."""
    return pa.list_(pa.field("item", kind))


CLIP_TYPE = pa.struct(
    [
        pa.field("status", pa.string()),
        pa.field("reasons", list_of(pa.string())),
        *(pa.field(name, pa.float64()) for name in TIMES),
    ]
)
TURN_CLIP_TYPE = pa.struct(
    [
        pa.field("turns", list_of(pa.int64())),
        pa.field("start", pa.float64()),
        pa.field("end", pa.float64()),
        pa.field("audio", MEDIA_TYPE),
        pa.field("video", MEDIA_TYPE),
    ]
)
#: Names differ by what was measured, so they are values, not columns.
QUALITY_TYPE = pa.struct([pa.field("name", pa.string()), pa.field("value", pa.float64())])
SPEECH_TYPE = pa.struct(
    [pa.field("score", pa.float64()), pa.field("n_words", pa.int64()), pa.field("engine", pa.string())]
)
TURN_TYPE = floats("start", "end", "end_extended")
CLIP_SCHEMA = pa.schema(
    [
        pa.field("audio", MEDIA_TYPE),
        pa.field("video", MEDIA_TYPE),
        pa.field("keyframes", list_of(MEDIA_TYPE)),
        pa.field("clip", CLIP_TYPE),
        pa.field("clip_turns", list_of(TURN_TYPE)),
        pa.field("turn_clips", list_of(TURN_CLIP_TYPE)),
        pa.field("quality", list_of(QUALITY_TYPE)),
        pa.field("speech", SPEECH_TYPE),
    ]
)
