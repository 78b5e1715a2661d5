"""What a receipt's rows add up to, for the report: clips and bytes, the sound's quality, speech."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from mmdia.corpus.locate import ReleaseHandle
from mmdia.rebuild.availability import available
from mmdia.rebuild.estimate import kept_estimate

Row = Mapping[str, Any]

#: Clips that the report links.
MOST_LINKS = 500


def _facts(row: Row) -> Iterable[tuple[str, Row]]:
    """Kind and fact of every file of a row."""
    for name in ("audio", "video"):
        if row.get(name):
            yield name, row[name]
    for fact in row.get("keyframes") or ():
        yield "still", fact
    for clip in row.get("turn_clips") or ():
        for name in ("audio", "video"):
            if clip.get(name):
                yield f"turn {name}", clip[name]


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        "n": len(ordered),
        "low": round(ordered[round(0.05 * last)], 4),
        "median": round(median(ordered), 4),
        "high": round(ordered[round(0.95 * last)], 4),
    }


def clip_facts(rows: Iterable[Row]) -> dict[str, Any]:
    """Sums over built rows.

    Returns:
        ``files``: number and bytes of every kind of file; ``seconds`` of clips; ``shards``;
        ``links``: paths of the first `MOST_LINKS` clips that are files, by dialogue; and
        ``quality``, ``speech``: the 5th, 50th and 95th percentile of what was measured;
        ``lead_in_s``: of the clips' first frames before the lines; ``interlaced``, ``edit_list``,
        ``restored``: clips of which that is true.
    """
    files: dict[str, dict[str, int]] = {}
    shards: set[str] = set()
    measured: dict[str, list[float]] = {}
    speech: list[float] = []
    lead_in: list[float] = []
    seconds = 0.0
    there: dict[str, str] = {}
    marks = dict.fromkeys(("interlaced", "edit_list", "restored"), 0)
    for row in rows:
        if row.get("status") != "built":
            continue
        for kind, fact in _facts(row):
            sums = files.setdefault(kind, {"n": 0, "bytes": 0})
            sums["n"] += 1
            sums["bytes"] += fact.get("bytes") or 0
            if fact.get("shard"):
                shards.add(str(fact["shard"]))
            elif fact.get("path") and kind in ("audio", "video"):
                there[row["dialogue_id"]] = fact["path"]  # the picture, where there is one
        clip, video = row.get("clip") or {}, row.get("video") or {}
        if clip:
            seconds += clip["media_end"] - clip["media_start"]
            lead_in.append(clip["lead_in"])
        marks["interlaced"] += bool(video.get("interlaced"))
        marks["edit_list"] += bool(video.get("edit_list"))
        marks["restored"] += clip.get("restored") is not None
        for name, value in (row.get("quality") or {}).items():
            measured.setdefault(name, []).append(float(value))
        if row.get("speech"):
            speech.append(float(row["speech"]["score"]))
    return {
        "files": dict(sorted(files.items())),
        "seconds": round(seconds, 3),
        "shards": len(shards),
        "links": dict(islice(there.items(), MOST_LINKS)),
        "quality": {name: _spread(values) for name, values in sorted(measured.items())},
        "speech": _spread(speech) if speech else None,
        "lead_in_s": _spread(lead_in) if lead_in else None,
        **marks,
    }


def overview(handle: ReleaseHandle, rows: Mapping[str, Row], out: Path | None) -> dict[str, Any]:
    """What the report adds to a summary: ``availability``, ``clips`` and ``estimate``.

    Args:
        handle: The release.
        rows: Receipt rows by dialogue.
        out: The output folder; None when its files lie elsewhere.
    """
    return {
        "estimate": None if out is None else kept_estimate(out),
        "availability": available(handle, rows, out, on_broken=lambda error: None).to_row(),
        "clips": {
            **clip_facts(rows.values()),
            "gallery": out is not None and (out / "gallery.html").is_file(),
        },
    }
