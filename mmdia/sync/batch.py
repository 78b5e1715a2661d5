"""Many alignments, one after the other; one that fails does not stop the rest, a second run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from mmdia.errors import (
    AlignmentError,
    MediaError,
    MediaNotFound,
    MissingDependency,
    MmdiaError,
    StoreError,
    SubtitleError,
)
from mmdia.pages.alignment import alignment_page
from mmdia.schema.ranking import Batch, BatchRow
from mmdia.schema.timemap import TimeMapFile
from mmdia.store.atomic import write_text
from mmdia.sync.annotation import AnnotationTrack
from mmdia.sync.evidence import Wanted, collect
from mmdia.sync.retime import retimed_srt
from mmdia.sync.timemap import AlignParams, read_timemap, solve, write_timemap

#: Name of the page that links the reports, and of the document of the whole batch.
INDEX_PAGE, INDEX_DOCUMENT = "index.html", "batch.index.json"


@dataclass(frozen=True, slots=True)
class MediaPart:
    """A file that may be the copy, or a part of one.

    Attributes:
        path: The file.
        subs: Its subtitles, when the user names them.
        start_ms: Start of the part that counts, on the file.
        end_ms: Its end.
    """

    path: Path
    subs: Path | None = None
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One annotation and the files that may be its copy.

    Attributes:
        name: File-safe name; outputs begin with it.
        annotation: What is aligned, for people.
        read: Reads it.
        media: Files to try in turn until one is accepted; none at all is a row of its own.
    """

    name: str
    annotation: str
    read: Callable[[], AnnotationTrack]
    media: tuple[MediaPart, ...]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Folders to write into; None writes nothing of that kind."""

    json: Path | None = None
    srt: Path | None = None
    report: Path | None = None


def run_batch(
    items: Iterable[BatchItem],
    outputs: Outputs,
    *,
    wanted: Wanted | None = None,
    params: AlignParams | None = None,
    unpaired: tuple[str, ...] = (),
    on_row: Callable[[BatchRow], None] | None = None,
) -> Batch:
    """Align every item.

    Maps that an earlier run wrote into the same folder are kept when nothing changed.

    Args:
        items: What to align.
        outputs: Where to write.
        wanted: Which evidence to look for; subtitles of an item overrule its.
        params: How to align.
        unpaired: Media files that belong to no annotation, for the record.
        on_row: Told of each row as it is done.

    Raises:
        StoreError: An output cannot be written.
        MissingDependency: A tool or extra is missing, which would stop every item.
        UsageError: Two items would write the same files.
    """
    rows = []
    for item in items:
        row = _guarded(item, outputs, wanted or Wanted(), params or AlignParams())
        rows.append(row)
        if on_row is not None:
            on_row(row)
    return Batch(tuple(rows), unpaired)


def _guarded(item: BatchItem, outputs: Outputs, wanted: Wanted, params: AlignParams) -> BatchRow:
    """One row, whatever happens."""
    if not item.media:
        return BatchRow(item.name, item.annotation, None, "missing_media", reasons=("missing_media",))
    try:
        return _align(item, outputs, wanted, params)
    except (StoreError, MissingDependency):
        raise  # the next item would meet the same
    except MmdiaError as error:
        code, message = _code_of(error), str(error)
    except Exception as error:  # a bug must cost one row, not the run
        code, message = "worker_error", f"{type(error).__name__}: {error}"
    media = str(item.media[0].path)
    return BatchRow(item.name, item.annotation, media, "failed", reasons=(code,), message=message)


def _code_of(error: MmdiaError) -> str:
    if isinstance(error, MediaNotFound):
        return "missing_media"
    if isinstance(error, MediaError):
        return "invalid_media"
    if isinstance(error, SubtitleError):
        return "unreadable_subtitle"
    return "no_lines" if isinstance(error, AlignmentError) else "worker_error"


def _align(item: BatchItem, outputs: Outputs, wanted: Wanted, params: AlignParams) -> BatchRow:
    track = item.read()
    cached = None if outputs.json is None else outputs.json / f"{item.name}.json"
    before = read_timemap(cached) if cached is not None and cached.is_file() else None
    best: tuple[TimeMapFile, MediaPart] | None = None
    for part in item.media:
        here = replace(wanted, subs=part.subs or wanted.subs, language=track.language)
        collected = collect(part.path, here)
        evidences = tuple(e.within(part.start_ms, part.end_ms) for e in collected.evidences)
        usable = tuple(e for e in evidences if e.tells)
        made = solve(
            track,
            usable,
            media=str(part.path),
            params=params,
            cached=cached,
            missing=collected.missing,
            keep=False,  # the next file may be the better one
        )
        if best is None or (made.accepted, made.confidence) > (best[0].accepted, best[0].confidence):
            best = (made, part)
        if made.accepted:
            break
    if best is None:
        raise AlignmentError("there is no media to align with", path=item.annotation)
    document, part = best
    kept = before == document
    if cached is not None and not kept:
        write_timemap(cached, document)
    report = _write(item.name, track, document, outputs, kept=kept)
    return _row(item, part, document, kept=kept, report=report)


def _write(
    name: str, track: AnnotationTrack, document: TimeMapFile, outputs: Outputs, *, kept: bool
) -> str | None:
    """Write the retimed subtitle and the page; what an unchanged map has already is left alone."""
    if outputs.srt is not None:
        path = outputs.srt / f"{name}.srt"
        if not (kept and path.is_file()):
            write_text(path, retimed_srt(track, document)[0])
    if outputs.report is None:
        return None
    page = page_name(name)
    path = outputs.report / page
    if not (kept and path.is_file()):
        write_text(path, alignment_page(document, texts=[line.text for line in track.lines]))
    return page


def page_name(name: str) -> str:
    """File name of an item's page: never that of the page that links them."""
    return f"{name}_.html" if f"{name}.html".casefold() == INDEX_PAGE else f"{name}.html"


def _row(
    item: BatchItem, part: MediaPart, document: TimeMapFile, *, kept: bool, report: str | None
) -> BatchRow:
    first = document.segments[0] if document.segments else None
    return BatchRow(
        name=item.name,
        annotation=item.annotation,
        media=str(part.path),
        status="accepted" if document.accepted else "refused",
        verdict=document.verdict,
        confidence=document.confidence,
        offset_s=None if first is None else first.offset,
        scale=document.scale,
        pieces=len(document.segments),
        lines=len(document.lines),
        present=sum(line.present for line in document.lines),
        review=len(document.needs_review),
        evidence=str(document.evidence.get("kind")),
        reasons=document.reasons,
        kept=kept,
        report=report,
    )
