"""Label Studio's tasks on sound and video, as JSON and as JSON-MIN.

A region is a turn: its first label is the speaker, its text area the text; what else was said of it is kept
under the name of its control. Of several annotations of a task the one marked as truth is taken, else the
first; the others, and predictions, are counted. Regions of video that count frames need the frame rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from mmdia.release.importers.clock import round_ms
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import Segment, items, seconds_ms
from mmdia.release.importers.tables import document_of, first_of

_MEDIA = frozenset(".aac .avi .flac .m4a .m4v .mkv .mov .mp3 .mp4 .oga .ogg .opus .wav .webm .wma".split())
_LISTS = ("annotations", "completions", "predictions")


def accepts(files: Sequence[Path]) -> bool:
    """Whether the JSON files hold such tasks."""
    tables = [path for path in files if path.suffix.lower() == ".json"]
    return bool(tables) and all(_is_one(first_of(path)) for path in tables)


def _is_one(task: Mapping[str, Any]) -> bool:
    is_full = isinstance(task.get("data"), Mapping) and any(key in task for key in _LISTS)
    return is_full or isinstance(task.get("result"), list) or "annotation_id" in task


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each sound or video."""
    segments: list[Segment] = []
    for path in files:
        document = document_of(path, ledger)
        tasks = document if isinstance(document, list) else [] if document is None else [document]
        for number, task in enumerate(tasks, start=1):
            segments += _task(task, f"{path.name}:{number}", options, ledger)
    yield from items(segments, None, options, ledger, dataset="Label Studio")


def _task(task: Any, where: str, options: ImportOptions, ledger: Ledger) -> list[Segment]:
    if not isinstance(task, Mapping):
        ledger.read()
        ledger.lose("broken_row", where=where, what="no task")
        return []
    inner = task.get("task")
    if isinstance(task.get("result"), list) and isinstance(inner, Mapping):
        task = {**inner, "annotations": [task]}  # as cloud storage keeps it: an annotation with its task
    data = task.get("data") if isinstance(task.get("data"), Mapping) else task
    rows = _results(task, where, ledger)
    ledger.read(max(1, len(rows)))
    title = _media(data)
    if title is None or not rows:
        what = "a sound or video" if title is None else "an annotation"
        ledger.lose("missing_field", max(1, len(rows)), where=where, what=what)
        return []
    regions: dict[object, Segment] = {}
    for row in rows:
        _take(row, title, regions, where, options.fps, ledger)
    found = list(regions.values())
    if found and data is task:
        # Of JSON-MIN nothing tells what else was asked from what the task brought along.
        more = {k: v for k, v in task.items() if k not in {row["from_name"] for row in rows}}
        found[0].extra |= {"task": more}
    return found


def _results(task: Mapping[str, Any], where: str, ledger: Ledger) -> list[Any]:
    """Results of the annotation that is taken; JSON-MIN has them by control."""
    if "data" in task:
        found = [part for key in _LISTS for part in task.get(key) or () if isinstance(part, Mapping)]
        ours = [part for part in found if part not in (task.get("predictions") or [])]
        wanted = [part for part in ours if not part.get("was_cancelled")]
        wanted.sort(key=lambda part: not part.get("ground_truth"))
        for other in [part for part in found if not wanted or part is not wanted[0]]:
            n = len(other.get("result") or ())
            ledger.read(n)
            ledger.lose("other_annotation", n, where=where, what=other.get("id"))
        return list(wanted[0].get("result") or ()) if wanted else []
    rows = []
    for name, values in task.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, Mapping) and ("start" in value or "ranges" in value):
                rows.append({"from_name": name, "value": value})
            elif name in ("transcription", "text", "transcript") and isinstance(value, str):
                rows.append({"from_name": name, "value": {"text": value}})
    return rows


def _media(data: Any) -> str | None:
    """The title: the name of the sound or video, without its folder, upload prefix aside."""
    for value in data.values():
        if isinstance(value, str):
            name = PurePosixPath(unquote(value.split("?d=")[-1].split("?")[0]))
            if name.suffix.lower() in _MEDIA:
                return name.stem
    return None


def _take(
    row: Any, title: str, regions: dict[object, Segment], where: str, fps: Fraction | None, ledger: Ledger
) -> None:
    """Add a result to its region."""
    value = row.get("value") if isinstance(row, Mapping) else None
    if not isinstance(value, Mapping) or "startOffset" in value:
        ledger.lose("other_row", where=where, what=row.get("type") if isinstance(row, Mapping) else row)
        return
    span = _span(value, fps)
    if span is None:
        ledger.lose(
            "bad_time",
            where=where,
            what=value.get("ranges") or f"{value.get('start')} to {value.get('end')}",
        )
        return
    text = value.get("text")
    if span[0] is None and text is None:
        ledger.lose("other_row", where=where, what=row.get("type"))
        return
    new = Segment(title, "", *span, None, where, 0)
    region = regions.setdefault(str(row["id"]) if span[0] is not None and row.get("id") else span, new)
    region.n_rows += 1
    for key, found in value.items():
        if key == "text":
            region.text = " ".join(map(str, found)) if isinstance(found, list) else str(found)
        elif key.endswith("labels") and isinstance(found, list) and found and not region.speaker:
            region.speaker = str(found[0])
            region.extra |= {"labels": found[1:]}
        elif key not in ("start", "end", "ranges") and (key, found) != ("channel", 0):
            region.extra[key if key == "channel" else str(row.get("from_name") or key)] = found


def _span(value: Mapping[str, Any], fps: Fraction | None) -> tuple[int | None, int | None] | None:
    """Start and end; two nothings where the result is of the whole task; None where they cannot be read."""
    if "start" not in value and "ranges" not in value:
        return None, None
    if "start" in value:
        start, end = seconds_ms(str(value["start"])), seconds_ms(str(value.get("end")))
        return None if start is None or end is None else (start, end)
    ranges = value["ranges"]
    frames = (
        [ranges[0].get(key) for key in ("start", "end")]
        if isinstance(ranges, list) and len(ranges) == 1
        else []
    )
    if fps is None or not frames or not all(type(frame) is int for frame in frames):
        return None
    # Frames count from 1, and the last one is part of the region.
    return round_ms(Fraction(frames[0] - 1) / fps), round_ms(Fraction(frames[1]) / fps)


IMPORTER = Importer(
    "labelstudio", "Label Studio's tasks on sound and video (JSON)", (".json",), accepts, read
)
