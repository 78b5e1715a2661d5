"""What the words of ``mmdia align`` stand for: tracks, titles of releases, pairs of files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mmdia.cli.console import note

if TYPE_CHECKING:
    from mmdia.corpus.locate import ReleaseHandle
    from mmdia.errors import MmdiaError
    from mmdia.schema.dialogue import Dialogue
    from mmdia.schema.title import Title
    from mmdia.sync.annotation import AnnotationTrack
    from mmdia.sync.batch import BatchItem, MediaPart

#: Columns of a list of pairs.
PAIR_COLUMNS = ("annotation", "media")


def read_annotation(source: str, fingerprint: Path | None = None) -> AnnotationTrack:
    """Read ``FILE.srt``, ``RELEASE_DIR::title_id``, or ``::title_id`` of the release in use.

    Args:
        source: As typed.
        fingerprint: Fingerprint of the annotated copy, for a subtitle file.

    Raises:
        UsageError: The release has no such title, or a fingerprint is given beside one.
        ReleaseNotFound, SubtitleError, AlignmentError: It cannot be read, or has no lines.
    """
    from mmdia.corpus.locate import locate_release, open_release
    from mmdia.corpus.read import iter_dialogues, load_titles
    from mmdia.errors import UsageError
    from mmdia.schema.names import safe_names
    from mmdia.sync.annotation import TITLE_MARK, track_of_file, track_of_title

    folder, mark, title_id = source.rpartition(TITLE_MARK)
    if not mark:
        if Path(source).is_dir():
            hint = f"Name a title, {source}{TITLE_MARK}TITLE_ID, or align all of them with --batch"
            raise UsageError("this is a folder, not a track", path=source, hint=hint)
        return track_of_file(source, fingerprint=fingerprint)
    if fingerprint is not None:
        raise UsageError(
            "--fingerprint belongs to a subtitle file; a release brings its own", path=fingerprint
        )
    handle = open_release(Path(folder)) if folder else locate_release(None)[0]
    titles = load_titles(handle)
    title = titles.get(title_id)
    if title is None:
        some = ", ".join(list(titles)[:5])
        more = ", ..." if len(titles) > 5 else ""
        raise UsageError(
            f"no title {title_id!r} in this release", path=handle.path, hint=f"It has: {some}{more}"
        )
    dialogues = [d for d in iter_dialogues(handle) if d.title_id == title_id]
    return track_of_title(handle.path, title, dialogues, file_name=safe_names(titles)[title_id])


def pass_over(error: MmdiaError) -> None:
    """Tell of a row that cannot be read, and go on."""
    note(f"mmdia: passed over: {error}")


def dialogues_by_title(handle: ReleaseHandle) -> dict[str, list[Dialogue]]:
    """All dialogues of a release, by title, in disk order; rows that cannot be read are told."""
    from mmdia.corpus.read import iter_dialogues

    found: dict[str, list[Dialogue]] = {}
    for dialogue in iter_dialogues(handle, on_broken=pass_over):
        if dialogue.title_id is not None:
            found.setdefault(dialogue.title_id, []).append(dialogue)
    return found


def batch_items(annotations: Path, media: Path) -> tuple[list[BatchItem], tuple[str, ...]]:
    """What ``--batch`` aligns, and the media files that belong to nothing.

    ANNOTATIONS is a release (files are matched as `mmdia rebuild` matches them), a folder of
    subtitles (files of the same name belong together), or a list of pairs (CSV).

    Raises:
        UsageError: It is none of these, or names meet.
        MediaNotFound: There is no such folder.
    """
    from mmdia.errors import MediaNotFound, UsageError

    if annotations.suffix.lower() == ".csv" and annotations.is_file():
        return _pairs_of_list(annotations, media), ()
    if not annotations.is_dir():
        raise UsageError(
            "--batch needs a folder, a release or a list of pairs", path=annotations,
            expected=f"a folder, or CSV with the columns {','.join(PAIR_COLUMNS)}",
        )  # fmt: skip
    if not media.is_dir():
        raise MediaNotFound("--batch needs a folder of media", path=media)
    if (annotations / "release.json").is_file():
        return _pairs_of_release(annotations, media)
    return _pairs_of_folders(annotations, media)


def _pairs_of_list(path: Path, media: Path) -> list[BatchItem]:
    """Rows ``annotation,media[,subs]``; relative paths start at the list, media at the media folder."""
    from mmdia.errors import UsageError
    from mmdia.sync.batch import BatchItem, MediaPart

    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("the list of pairs cannot be read as UTF-8", path=path, got=str(error)) from None
    reader = csv.DictReader(row for row in text.splitlines() if row.strip() and not row.startswith("#"))
    columns = [(c or "").strip() for c in reader.fieldnames or []]
    if not set(PAIR_COLUMNS) <= set(columns):
        raise UsageError(
            "not a list of pairs", path=path, expected=f"columns {','.join(PAIR_COLUMNS)}", got=columns
        )
    reader.fieldnames = columns
    items: list[BatchItem] = []
    for row in reader:
        source, file = (row.get("annotation") or "").strip(), (row.get("media") or "").strip()
        if not source or not file:
            raise UsageError("a row names no file", path=f"{path}:{reader.line_num}")
        where = source if "::" in source else str(path.parent / source)
        subs = (row.get("subs") or "").strip()
        part = MediaPart(media / file, path.parent / subs if subs else None)
        name = _free_name(Path(file).stem, {i.name for i in items})
        items.append(BatchItem(name, where, partial(read_annotation, where), (part,)))
    return items


def _free_name(stem: str, taken: set[str]) -> str:
    """A name that no other item has, on any file system."""
    folded = {name.casefold() for name in taken}
    name, k = stem, 2
    while name.casefold() in folded:
        name, k = f"{stem}_{k}", k + 1
    return name


def _pairs_of_folders(annotations: Path, media: Path) -> tuple[list[BatchItem], tuple[str, ...]]:
    """Every subtitle of one folder with the media file of the same name in the other."""
    from mmdia.errors import UsageError
    from mmdia.sync.batch import BatchItem, MediaPart

    tracks = sorted(_subtitles(annotations))
    if not tracks:
        raise UsageError("no subtitle files in this folder", path=annotations)
    films = list(_media(media))
    taken: set[Path] = set()
    items: list[BatchItem] = []
    for track in tracks:
        fit = [f for f in films if _same_name(track, f)]
        # The film itself before a subtitle that stands for it.
        fit.sort(key=lambda f: (f.suffix.lower() in _SUBTITLES, len(f.stem), f.name))
        taken.update(fit)
        name = _free_name(track.stem, {i.name for i in items})
        parts = (MediaPart(fit[0]),) if fit else ()
        items.append(BatchItem(name, str(track), partial(read_annotation, str(track)), parts))
    rest = tuple(str(f.relative_to(media)) for f in films if f not in taken)
    return items, rest


_SUBTITLES = frozenset({".srt", ".vtt", ".ass", ".ssa"})


def _subtitles(folder: Path) -> Iterator[Path]:
    yield from (p for p in folder.iterdir() if p.suffix.lower() in _SUBTITLES and p.is_file())


def _media(folder: Path) -> Iterator[Path]:
    from mmdia.media.probe import is_media_name

    for path in sorted(folder.iterdir()):
        if path.is_file() and (is_media_name(path) or path.suffix.lower() in _SUBTITLES):
            yield path


def _same_name(track: Path, film: Path) -> bool:
    """``a.srt`` belongs to ``a.mkv`` and ``a.de.srt``; ``a.en.srt`` to ``a.mkv``."""
    from mmdia.subtitles.identify import is_sidecar_of

    left, right = track.stem.casefold(), film.stem.casefold()
    if left == right or right.startswith(f"{left}."):
        return True
    return film.suffix.lower() not in _SUBTITLES and is_sidecar_of(film.parent / track.name, film)


def _pairs_of_release(release: Path, media: Path) -> tuple[list[BatchItem], tuple[str, ...]]:
    """Every title with the files that `mmdia rebuild` would take for it."""
    from mmdia.corpus.locate import open_release
    from mmdia.corpus.read import load_titles
    from mmdia.rebuild.match import match_media
    from mmdia.schema.names import real_path, safe_names
    from mmdia.sync.annotation import TITLE_MARK
    from mmdia.sync.batch import BatchItem, MediaPart

    handle = open_release(release)
    titles = load_titles(handle, on_broken=pass_over)
    matches = match_media(media, titles)
    dialogues = dialogues_by_title(handle)
    names = safe_names(titles)
    items: list[BatchItem] = []
    for title_id, title in titles.items():
        read = partial(_read_title, handle, title, dialogues.get(title_id, []), names[title_id])
        groups: dict[int | None, list[MediaPart]] = {}
        for c in matches.by_title.get(title_id, ()):
            found = MediaPart(media / real_path(c.path), start_ms=c.start_ms, end_ms=c.end_ms)
            groups.setdefault(c.part, []).append(found)
        for number, parts in (groups or {None: []}).items():
            name = names[title_id] + ("" if number is None else f".p{number}")
            items.append(BatchItem(name, f"{release}{TITLE_MARK}{title_id}", read, tuple(parts)))
    return items, (*matches.unmatched, *matches.ambiguous)


def _read_title(
    handle: ReleaseHandle, title: Title, dialogues: list[Dialogue], name: str
) -> AnnotationTrack:
    from mmdia.sync.annotation import track_of_title

    return track_of_title(handle.path, title, dialogues, file_name=name)
