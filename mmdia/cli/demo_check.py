"""Reading the marks back: does every clip of a demo copy hold the annotated frames and samples?"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from mmdia.cli.demo_copies import DemoCopySpec
from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.errors import StoreError
from mmdia.media.readers import every_frame
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.run import Summary
from mmdia.schema.dialogue import Dialogue, nominal_span_ms
from mmdia.testing.pilot import FILM_RATE, locate_pilot
from mmdia.testing.stamps import read_frame_stamp
from mmdia.train.audio import read_clip

FPS = Fraction(24000, 1001)

#: Largest error of a clip's first sample that still counts as exact: one sample at 24 kHz.
SOUND_TOLERANCE_MS = 1000 / 24_000


@dataclass(frozen=True)
class ClipCheck:
    """What one clip showed when it was read back; None where there is nothing to read."""

    dialogue_id: str
    frames_ok: bool | None = None
    first_frame_ok: bool | None = None
    last_frame_ok: bool | None = None
    sound_error_ms: float | None = None


@dataclass(frozen=True)
class CopyResult:
    """What became of one copy."""

    copy: DemoCopySpec
    verdict: str
    confidence: float
    offset_s: float | None
    scale: float | None
    built: int
    total: int
    refused: dict[str, int]
    rows: dict[str, dict[str, Any]]
    dialogues: tuple[Dialogue, ...]
    clips: dict[str, ClipCheck] = field(default_factory=dict)

    @property
    def frames_checked(self) -> int:
        """Clips with a picture."""
        return sum(c.frames_ok is not None for c in self.clips.values())

    @property
    def frames_exact(self) -> int:
        """Clips whose every frame is the annotated one."""
        return sum(c.frames_ok is True for c in self.clips.values())

    @property
    def sound_error_ms(self) -> float | None:
        """Largest error of a clip's first sample, milliseconds."""
        errors = [c.sound_error_ms for c in self.clips.values() if c.sound_error_ms is not None]
        return max(errors, default=None)

    @property
    def should_build(self) -> set[str]:
        """Dialogues that this copy holds whole."""
        if self.copy.expects == "wrong_film":
            return set()
        gone = self.copy.cut_out
        keep = set()
        for d in self.dialogues:
            span = nominal_span_ms(d)
            if span and (gone is None or span[1] / 1000 <= gone[0] or span[0] / 1000 >= gone[1]):
                keep.add(d.dialogue_id)
        return keep

    @property
    def as_meant(self) -> bool:
        """Whether the verdict, the clips and their content are what the demo film says they must be."""
        built = {i for i, row in self.rows.items() if row["status"] == "built"}
        exact = all(c.frames_ok is not False for c in self.clips.values())
        error = self.sound_error_ms
        in_time = error is None or error <= SOUND_TOLERANCE_MS
        return self.verdict == self.copy.expects and built == self.should_build and exact and in_time

    def to_row(self) -> dict[str, Any]:
        """The copy's part of ``--json``."""
        return {
            "copy": self.copy.name,
            "verdict": self.verdict,
            "confidence": self.confidence,
            "offset_s": self.offset_s,
            "scale": self.scale,
            "built": self.built,
            "total": self.total,
            "refused": self.refused,
            "frames_exact": self.frames_exact,
            "frames_checked": self.frames_checked,
            "sound_error_ms": self.sound_error_ms,
            "as_meant": self.as_meant,
        }


def frames_of(start_ms: int, end_ms: int) -> range:
    """Frames of the annotated film that a window shows, by the snap rule and nothing else."""
    first = (Fraction(start_ms, 1000) + Fraction(1, 1000)) * FPS // 1
    last = (Fraction(end_ms, 1000) - Fraction(2, 1000)) * FPS // 1
    return range(int(first), int(last) + 1)


def _stamps(path: Path) -> list[int | None]:
    # The stamp is grey, so any one channel is its luma.
    return [read_frame_stamp(rgb[:, :, 1]) for rgb in every_frame(path)]


def _no_sound(out: Path) -> Any:
    raise StoreError("a receipt names sound that has no file", path=out)


def _check_clip(copy: DemoCopySpec, dialogue: Dialogue, row: dict[str, Any], out: Path) -> ClipCheck:
    span = nominal_span_ms(dialogue)
    if span is None:
        return ClipCheck(dialogue.dialogue_id)
    frames = frames_of(*span)
    whole = first = last = None
    if row["video"] is not None:
        found = _stamps(out / row["video"]["path"])
        whole = found == list(frames)
        first, last = found[:1] == [frames[0]], found[-1:] == [frames[-1]]
    error = None
    if row["audio"] is not None:
        samples, rate = read_clip({"path": str(out / row["audio"]["path"]), "bytes": None}) or _no_sound(
            out
        )
        start = float(frames.start / FPS)
        near = (max(0.0, start - 0.5), start + 0.5)
        fix = locate_pilot(samples, rate, search=near, speed=copy.speed)
        error = abs(fix.sample / FILM_RATE - start) * 1000
    return ClipCheck(dialogue.dialogue_id, whole, first, last, error)


def check_copy(copy: DemoCopySpec, summary: Summary, out: Path) -> CopyResult:
    """Read every clip of a copy back."""
    handle = open_release(demo_release())
    dialogues = tuple(d for d in iter_dialogues(handle) if d.has_media)
    rows = {i: r for i, r in Ledger(out).rows().items() if r["title_id"] is not None}
    title = summary.titles[0]
    accepted = any(r["status"] == "built" for r in rows.values())
    clips = {
        d.dialogue_id: _check_clip(copy, d, rows[d.dialogue_id], out)
        for d in dialogues
        if rows[d.dialogue_id]["status"] == "built"
    }
    refused: dict[str, int] = {}
    for row in rows.values():
        if row["status"] != "built":
            # The first reason is the telling one; the others qualify it.
            code = "wrong_film" if "wrong_film" in row["reasons"] else row["reasons"][0]
            refused[code] = refused.get(code, 0) + 1
    return CopyResult(
        copy=copy,
        verdict=title["verdict"] or "none",
        confidence=title["confidence"] or 0.0,
        offset_s=title["offset"] if accepted else None,
        scale=title["scale"] if accepted else None,
        built=sum(r["status"] == "built" for r in rows.values()),
        total=len(dialogues),
        refused=refused,
        rows=rows,
        dialogues=dialogues,
        clips=clips,
    )
