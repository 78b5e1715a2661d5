"""What a rebuild adds to dialogues: columns of paths and times, taken from its receipt."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from mmdia.corpus.receipts import read_receipts, receipt_content_id
from mmdia.errors import ReleaseError
from mmdia.schema.receipt import Receipt, Stored, TurnClip
from mmdia.schema.release import Release
from mmdia.store.shards import reference

#: Arrow type of a media file in `datasets`: content, or the path of the file.
MEDIA_TYPE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
CLIP_TYPE = pa.struct(
    [
        pa.field("status", pa.string()),
        pa.field("reasons", pa.list_(pa.field("item", pa.string()))),
        *(
            pa.field(name, pa.float64())
            for name in ("media_start", "media_end", "lead_in", "scale", "confidence")
        ),
    ]
)
TURN_CLIP_TYPE = pa.struct(
    [
        pa.field("turns", pa.list_(pa.field("item", pa.int64()))),
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
TURN_TYPE = pa.struct([pa.field(name, pa.float64()) for name in ("start", "end", "end_extended")])

_SPEECH = set(SPEECH_TYPE.names)
_STORED = set(Stored.model_fields)

CLIP_SCHEMA = pa.schema(
    [
        pa.field("audio", MEDIA_TYPE),
        pa.field("video", MEDIA_TYPE),
        pa.field("keyframes", pa.list_(pa.field("item", MEDIA_TYPE))),
        pa.field("clip", CLIP_TYPE),
        pa.field("clip_turns", pa.list_(pa.field("item", TURN_TYPE))),
        pa.field("turn_clips", pa.list_(pa.field("item", TURN_CLIP_TYPE))),
        pa.field("quality", pa.list_(pa.field("item", QUALITY_TYPE))),
        pa.field("speech", SPEECH_TYPE),
    ]
)


@dataclass(frozen=True, slots=True)
class Clips:
    """The receipt of a rebuild as columns.

    Attributes:
        rows: Row number by dialogue.
        batch: The columns (`CLIP_SCHEMA`); the last row is for dialogues without a receipt.
        origins: Releases that the clips were rebuilt from, name and version.
    """

    rows: dict[str, int]
    batch: pa.RecordBatch
    origins: frozenset[str]

    def of(self, dialogue_ids: list[str]) -> pa.RecordBatch:
        """The columns for these dialogues, in this order."""
        none = self.batch.num_rows - 1
        return self.batch.take(pa.array([self.rows.get(d, none) for d in dialogue_ids], pa.int64()))


def check_origin(folder: str | Path, head: Release) -> None:
    """Make sure that a rebuild's clips belong to the release whose rows they are joined to.

    Args:
        folder: The output folder of the rebuild.
        head: The release.

    Raises:
        ReleaseError: The clips were rebuilt from a release of another name.

    Warns:
        UserWarning: They were rebuilt from another version of it.
    """
    place = Path(folder).expanduser().absolute()
    origins = load_clips(str(place), receipt_content_id(place)).origins
    wanted = f"{head.name} {head.version}"
    if not origins or wanted in origins:
        return
    if head.name not in {origin.rsplit(" ", 1)[0] for origin in origins}:
        raise ReleaseError(
            "these clips were rebuilt from another release",
            path=folder,
            expected=wanted,
            got=", ".join(sorted(origins)),
            hint="Name the release that they belong to: annotations=...",
        )
    text = f"the clips in {folder} were rebuilt from {', '.join(sorted(origins))}, not from {wanted}"
    warnings.warn(f"{text}; run mmdia rebuild again", UserWarning, stacklevel=4)


@lru_cache(maxsize=2)
def load_clips(folder: str, content: str) -> Clips:
    """Read the receipt of a rebuild's output folder.

    Args:
        folder: The output folder, absolute.
        content: Identity of the receipt's content, so that a new rebuild is read anew.

    Raises:
        BrokenRow: A row of the receipt cannot be read.
    """
    rows: dict[str, int] = {}
    values: list[dict[str, Any]] = []
    origins: set[str] = set()
    for dialogue_id, receipt in read_receipts(folder).items():
        rows[dialogue_id] = len(values)
        values.append(_columns(receipt, Path(folder)))
        if receipt.status == "built" and receipt.annotation_version:
            origins.add(receipt.annotation_version)
    values.append(dict.fromkeys(CLIP_SCHEMA.names) | {"clip": {"status": None, "reasons": ["no_receipt"]}})
    return Clips(rows, pa.RecordBatch.from_pylist(values, schema=CLIP_SCHEMA), frozenset(origins))


def _columns(receipt: Receipt, folder: Path) -> dict[str, Any]:
    built = receipt.status == "built"
    clip: dict[str, Any] = {"status": receipt.status, "reasons": list(receipt.reasons)}
    if receipt.clip is not None:
        fact = receipt.clip.model_dump()
        clip |= {
            name: fact[name] for name in ("media_start", "media_end", "lead_in", "scale", "confidence")
        }
    if not built:
        return dict.fromkeys(CLIP_SCHEMA.names) | {"clip": clip}
    return {
        "audio": _media(folder, receipt.audio),
        "video": _media(folder, receipt.video),
        "keyframes": _keyframes(receipt, folder),
        "clip": clip,
        "clip_turns": [turn.model_dump() for turn in receipt.turns],
        "turn_clips": [_turn_clip(part, folder) for part in receipt.turn_clips] or None,
        "quality": _quality(receipt.quality),
        "speech": None if receipt.speech is None else receipt.speech.model_dump(include=_SPEECH),
    }


def _media(folder: Path, fact: Stored | None) -> dict[str, Any] | None:
    """A file as `datasets` has it: never its bytes, which would double the rebuild in its cache."""
    if fact is None:
        return None
    return {"bytes": None, "path": reference(folder, fact.model_dump(include=_STORED))}


def _turn_clip(part: TurnClip, folder: Path) -> dict[str, Any]:
    return {
        "turns": list(part.turns),
        "start": part.start,
        "end": part.end,
        "audio": _media(folder, part.audio),
        "video": _media(folder, part.video),
    }


def _quality(values: dict[str, float] | None) -> list[dict[str, Any]] | None:
    if values is None:
        return None
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def _keyframes(receipt: Receipt, folder: Path) -> list[dict[str, Any] | None] | None:
    """One picture for each turn, null where there is none; null when the rebuild made no pictures."""
    if not receipt.keyframes:
        return None
    facts = {fact.turn: fact for fact in receipt.keyframes}
    count = max(len(receipt.turns), max(facts) + 1)
    return [_media(folder, facts.get(turn)) for turn in range(count)]
