"""Copy what lies beside the tables of a release: subtitles, fingerprints, README, licence."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import load_titles, withdrawals
from mmdia.corpus.withdrawn import TakenBack, taken_back
from mmdia.schema.names import safe_names

#: Folders with one or more files a title, named by the title's file-safe name.
TITLE_FOLDERS = ("subtitles", "fingerprints")
#: Documents, by how their names begin.
PAPERS = ("README", "LICENSE", "NOTICE", "CITATION")


def copy_side_files(
    handle: ReleaseHandle,
    folder: str | Path,
    titles: Collection[str] | None = None,
    *,
    gone: TakenBack | None = None,
) -> list[Path]:
    """Copy subtitles, fingerprints and documents of a release to another folder.

    Files of withdrawn titles stay behind, and so do links that lead out of the release. Tracks lose the
    cues of withdrawn dialogues; a file that holds their words and cannot be cut stays behind. Where titles
    are left out, files get the names that they have among the titles that stay.

    Args:
        handle: The release to copy from.
        folder: Folder of another release.
        titles: Only files of these titles; None takes those of all, and files of no title.
        gone: Words that are withdrawn; None takes what the release says itself.

    Returns:
        The files written, sorted.

    Raises:
        BrokenRow: A table of the release cannot be read.
        StoreError: A file cannot be written.
    """
    target = Path(folder).expanduser()
    if target.exists() and handle.path.exists() and target.samefile(handle.path):
        return []
    everyone = list(load_titles(handle, keep_withdrawn=True, on_broken=lambda _: None))
    words = taken_back(handle) if gone is None else gone
    left = withdrawals(handle).titles
    stays = [t for t in everyone if t not in left and (titles is None or t in titles)]
    old, new = safe_names(t for t in everyone if t), safe_names(t for t in stays if t)
    renamed = {old[title]: name for title, name in new.items()}
    # An identifier whose row is broken or missing, yet named by the caller, keeps its own name.
    for title in () if titles is None else sorted(set(titles) - set(everyone) - left - {""}):
        renamed.setdefault(*(list(safe_names([title]).values()) * 2))
    lost = {old[t] for t in everyone if t and t not in stays} | set(
        safe_names(t for t in left if t).values()
    )
    title_of = {name.lower(): title for title, name in safe_names([*words.windows, *everyone]).items()}
    written = []
    for path in _regular(handle.path, [f"{name}/*" for name in TITLE_FOLDERS]):
        stem, dot, ending = path.name.partition(".")
        if stem not in renamed and (titles is not None or stem in lost):
            continue
        place = target / path.parent.name / f"{renamed.get(stem, stem)}{dot}{ending}"
        if words.copy(path, place, title_of.get(stem.lower(), "")):
            written.append(place)
    papers = [p for p in _regular(handle.path, ["*"]) if p.name.upper().startswith(PAPERS)]
    return sorted([*written, *(target / p.name for p in papers if words.copy(p, target / p.name))])


def _regular(folder: Path, patterns: list[str]) -> list[Path]:
    """Files that match, without links that lead out of the folder."""
    root = folder.resolve()
    found = sorted(path for pattern in patterns for path in folder.glob(pattern))
    return [
        p for p in found if p.is_file() and not p.name.startswith(".") and p.resolve().is_relative_to(root)
    ]
