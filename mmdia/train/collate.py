"""From a list of dataset rows to one padded batch.

Keys of the batch (B rows, S samples of the longest clip, T turns of the longest dialogue, K
speakers of the largest cast; arrays are torch tensors or numpy arrays):

====================== ================= ==========================================================
key                    type, shape       meaning
====================== ================= ==========================================================
``audio``              float32 (B, S)    samples, -1..1, mono; zeros after the clip's end
``audio_lengths``      int64 (B,)        samples of each clip; 0 where there is none
``audio_mask``         bool (B, S)       True on samples of the clip
``turn_spans``         float32 (B, T, 2) start and end, seconds from the clip's start
``turn_samples``       int64 (B, T, 2)   the same in samples, within 0..audio_lengths
``turn_mask``          bool (B, T)       True where there is a turn (see `overlaps`)
``turn_timed``         bool (B, T)       True where the turn has a place; else its spans are 0
``speaker_ids``        int64 (B, T)      first speaker of the turn, numbered from 0 in order of
                                         first appearance in the dialogue; -1 for nobody
``speaker_mask``       bool (B, T, K)    True for each speaker who speaks in the turn
``overlap``            bool (B, T)       several speak in the turn, or it shares time with another
``relationship``       int64 (B,)        category in the vocabulary's order, or `ignore_index`
``interaction``        int64 (B,)        the same for the interaction type
``emotion_intensity``  float32 (B,)      1..10, nan where unknown
``emotion_volatility`` float32 (B,)      1..10, nan where unknown
``dialogue_id``        list[str]         identifiers
``text``               list[list[str]]   what is said, a string (or None) for each turn
``description``        list[str]         free-text style, or None
``speaker_names``      list[list[str]]   speaker identifiers by number
``sample_rate``        int               hertz
``left_out``           dict[str, int]    rows that are not in the batch, by reason: ``no_clip``,
                                         ``speech``, ``unmeasured``, or the name of a measurement
====================== ================= ==========================================================

With ``load_audio=False`` the three ``audio`` keys are absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from mmdia.errors import MediaError, MediaNotFound, MissingExtra, UsageError
from mmdia.schema.vocab import vocabulary
from mmdia.train.audio import Samples, pad_clips, read_clip
from mmdia.train.sound_filter import SoundFilter
from mmdia.train.turns import TurnTable, turn_table

Row = Mapping[str, Any]
Batch = dict[str, Any]

_CHOICES = {
    "missing": ("raise", "zeros", "drop"),
    "overlaps": ("keep", "mask"),
    "return_tensors": ("auto", "pt", "np"),
}


@dataclass(frozen=True)
class _Item:
    """One row, ready to be laid beside others."""

    row: Row
    table: TurnTable
    clip: Samples


@dataclass(frozen=True, kw_only=True)
class DialogueCollator:
    """Makes a padded batch of dataset rows; a plain value, so it pickles into any worker.

    Rows are those of ``load_dataset("mmdia", data_dir=...)`` in python format (no `set_format`,
    audio not decoded). Files are read here, in the worker, not before. The keys and shapes of
    the batch are listed at the head of this module.

    Attributes:
        sample_rate: Rate that the clips must have, hertz (24000 is the rebuild's default).
        missing: What to do with a row without a clip: ``raise``, ``zeros`` (length 0), or
            ``drop`` the row. A clip that the rebuild made and that is gone always raises.
        max_seconds: Longest clip. A dialogue that is longer keeps its first turns that end
            within this time, and its audio ends with them.
        extended: Let turns run to the film's next line (paper A.2).
        overlaps: ``mask`` takes turns with `overlap` out of ``turn_mask``.
        load_audio: False reads no file, for text-only use.
        ignore_index: Label of an unknown category (-100 is what torch losses skip).
        vocab: Vocabulary of categories that come as words instead of numbers.
        return_tensors: ``pt``, ``np``, or ``auto``: torch where it is installed, else numpy.
        min_quality: Leave out rows whose sound measures less (see `mmdia.train.SoundFilter`).
        max_quality: Leave out rows whose sound measures more.
        min_speech: Leave out rows whose sound says less of the text.
        unmeasured: What to do with a clip that was not measured: ``raise``, ``keep`` or ``drop``.

    Raises:
        UsageError: An option has no such value.
    """

    sample_rate: int = 24_000
    missing: Literal["raise", "zeros", "drop"] = "raise"
    max_seconds: float | None = None
    extended: bool = False
    overlaps: Literal["keep", "mask"] = "keep"
    load_audio: bool = True
    ignore_index: int = -100
    vocab: str | None = None
    return_tensors: Literal["auto", "pt", "np"] = "auto"
    min_quality: Mapping[str, float] = field(default_factory=dict, hash=False)
    max_quality: Mapping[str, float] = field(default_factory=dict, hash=False)
    min_speech: float | None = None
    unmeasured: Literal["raise", "keep", "drop"] = "raise"

    def __post_init__(self) -> None:
        for option, choices in _CHOICES.items():
            if getattr(self, option) not in choices:
                got = repr(getattr(self, option))
                raise UsageError(f"{option} has no such value", expected=" | ".join(choices), got=got)
        if self.sample_rate <= 0 or (self.max_seconds is not None and self.max_seconds <= 0):
            got = f"sample_rate={self.sample_rate}, max_seconds={self.max_seconds}"
            raise UsageError("rate and length must be greater than 0", got=got)
        vocabulary(self.vocab)
        _ = self.sound  # refuses what cannot be used

    @property
    def sound(self) -> SoundFilter:
        """Which rows sound well enough."""
        return SoundFilter(
            min_quality=self.min_quality,
            max_quality=self.max_quality,
            min_speech=self.min_speech,
            unmeasured=self.unmeasured,
        )

    def __call__(self, rows: Sequence[Row]) -> Batch:
        """Collate rows.

        Raises:
            MediaNotFound: A row has no clip (with ``missing="raise"``), or its file is gone.
            MediaError: A clip has another sample rate, or is no audio.
            UsageError: No rows, or none that is left has a clip.
            MissingExtra: ``return_tensors="pt"`` without torch.
        """
        items: list[_Item] = []
        left_out: Counter[str] = Counter()
        why_not = self.sound.why_not
        for row in rows:
            if code := why_not(row):
                left_out[code] += 1
            elif (item := self._item(row)) is None:
                left_out["no_clip"] += 1
            else:
                items.append(item)
        if not items:
            reasons = ", ".join(f"{code} {count}" for code, count in sorted(left_out.items()))
            raise UsageError(
                "the batch is empty",
                got=f"{len(rows)} rows, all left out ({reasons or 'none given'})",
                hint='Take such rows out first: ds.filter(lambda row: row["audio"] is not None), '
                "or ds.filter(mmdia.train.SoundFilter(...)).",
            )
        batch = self._turns(items) | self._labels(items)
        if self.load_audio:
            keys = ("audio", "audio_lengths", "audio_mask")
            batch |= zip(keys, pad_clips([item.clip for item in items]), strict=True)
        tensors = _as_tensors(batch, self.return_tensors)
        return tensors | {
            "dialogue_id": [item.row["dialogue_id"] for item in items],
            "text": [list(item.table.texts) for item in items],
            "description": [item.row.get("description") for item in items],
            "speaker_names": [list(item.table.names) for item in items],
            "sample_rate": self.sample_rate,
            "left_out": dict(sorted(left_out.items())),
        }

    def _item(self, row: Row) -> _Item | None:
        table, stop_s = _fit(turn_table(row, extended=self.extended), self.max_seconds)
        if not self.load_audio:
            return _Item(row, table, np.zeros(0, dtype=np.float32))
        read = read_clip(row.get("audio"), max_seconds=stop_s)
        if read is None:
            if self.missing == "raise":
                raise _no_clip(row)
            empty: Samples = np.zeros(0, dtype=np.float32)
            return _Item(row, table, empty) if self.missing == "zeros" else None
        clip, rate = read
        if rate != self.sample_rate:
            raise MediaError(
                f"the clip of {row['dialogue_id']} has another sample rate",
                path=row["audio"]["path"],
                expected=f"{self.sample_rate} Hz",
                got=f"{rate} Hz",
                hint=f"Rebuild with --sample-rate {self.sample_rate}, "
                f"or use DialogueCollator(sample_rate={rate}).",
            )
        return _Item(row, table, clip)

    def _turns(self, items: Sequence[_Item]) -> Batch:
        most = max(len(item.table) for item in items)
        cast = max(len(item.table.names) for item in items)
        shape = (len(items), most)
        out: Batch = {
            "turn_spans": np.zeros((*shape, 2), dtype=np.float32),
            "turn_samples": np.zeros((*shape, 2), dtype=np.int64),
            "turn_mask": np.zeros(shape, dtype=np.bool_),
            "turn_timed": np.zeros(shape, dtype=np.bool_),
            "speaker_ids": np.full(shape, -1, dtype=np.int64),
            "speaker_mask": np.zeros((*shape, cast), dtype=np.bool_),
            "overlap": np.zeros(shape, dtype=np.bool_),
        }
        for b, item in enumerate(items):
            table, count = item.table, len(item.table)
            end_s = len(item.clip) / self.sample_rate if len(item.clip) else np.inf
            timed = table.spans_s[:, 0] <= table.spans_s[:, 1]
            spans_s = np.where(timed[:, None], np.clip(table.spans_s, 0.0, end_s), 0.0)
            overlap = table.overlapping()
            out["turn_spans"][b, :count] = spans_s
            out["turn_samples"][b, :count] = np.rint(spans_s * self.sample_rate)
            out["turn_mask"][b, :count] = ~overlap if self.overlaps == "mask" else True
            out["turn_timed"][b, :count] = timed
            out["overlap"][b, :count] = overlap
            for t, who in enumerate(table.speakers):
                out["speaker_ids"][b, t] = who[0] if who else -1
                out["speaker_mask"][b, t, list(who)] = True
        return out

    def _labels(self, items: Sequence[_Item]) -> Batch:
        out: Batch = {
            axis: np.asarray([self._label(item.row, axis) for item in items], dtype=np.int64)
            for axis in ("relationship", "interaction")
        }
        for key in ("emotion_intensity", "emotion_volatility"):
            values = [item.row.get(key) for item in items]
            out[key] = np.asarray([np.nan if v is None else v for v in values], dtype=np.float32)
        return out

    def _label(self, row: Row, axis: str) -> int:
        category = (row.get(axis) or {}).get("category")
        if isinstance(category, str):
            names = vocabulary(self.vocab).names(axis)
            return names.index(category) if category in names else self.ignore_index
        return self.ignore_index if category is None or category < 0 else int(category)


def _fit(table: TurnTable, max_seconds: float | None) -> tuple[TurnTable, float | None]:
    """The turns that fit, and where the audio ends (None: where the clip ends)."""
    if max_seconds is None:
        return table, None
    # A millisecond of grace: times on disk are rounded to it.
    late = np.flatnonzero(table.spans_s[:, 1] > max_seconds + 1e-3)
    if not late.size:
        return table, max_seconds
    count = int(late[0])
    kept = table.first(count)
    if count == 0:
        return kept, max_seconds
    last_end = float(np.nanmax(kept.spans_s[:, 1], initial=0.0))
    return kept, min(max_seconds, max(last_end, float(table.spans_s[count, 0])))


def _no_clip(row: Row) -> MediaNotFound:
    clip = row.get("clip")
    if clip is None:
        got, hint = None, "Load the dataset with data_dir=<output of mmdia rebuild>."
    else:
        got = f"{clip['status']} ({', '.join(clip['reasons'] or ()) or 'no reason given'})"
        hint = 'Use DialogueCollator(missing="drop") or missing="zeros".'
    return MediaNotFound(f"dialogue {row['dialogue_id']} has no clip", got=got, hint=hint)


def _as_tensors(batch: Batch, kind: Literal["auto", "pt", "np"]) -> Batch:
    if kind == "np":
        return batch
    try:
        import torch
    except ImportError as error:
        if kind == "pt":
            raise MissingExtra.of("torch", "torch") from error
        return batch
    return {key: torch.from_numpy(value) for key, value in batch.items()}
