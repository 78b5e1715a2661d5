"""Which file is which title: the user's map, identifiers, names and episodes, each with its evidence.

A match by name is a proposal; the time map has the last word (a wrong film is refused even when
its name fits).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from mmdia.corpus.spelling import words
from mmdia.corpus.tags import editions_of, in_extras, is_extra, part_folder
from mmdia.errors import MediaNotFound
from mmdia.rebuild.candidate import Candidate, Matches
from mmdia.rebuild.discs import Disc, find_discs, is_image, is_of_disc
from mmdia.rebuild.guess import by_guess
from mmdia.rebuild.media_map import MAP_NAME, read_media_map
from mmdia.rebuild.names import RANK_NEAR, RANK_ONLY, Hits, NameIndex, NameMatch
from mmdia.rebuild.nfo import ReadText, by_nfo, text_reader
from mmdia.rebuild.source import FolderSource, MediaSource, open_source
from mmdia.schema.title import Title

__all__ = ["Candidate", "Matches", "match_media"]

#: A copy smaller than this share of a title's largest one is a sample of it, whatever its name.
_SAMPLE_SHARE = 0.05

Fit = tuple[NameMatch, PurePath]


@dataclass
class _Sorted:
    """Files by what was found about them; a disc's folder is one, by the path that stands for it."""

    discs: dict[PurePath, Disc] = field(default_factory=dict)
    fits: dict[str, list[Fit]] = field(default_factory=dict)
    unmatched: list[PurePath] = field(default_factory=list)
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    images: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def paths(self, *files: PurePath) -> list[str]:
        """The files themselves, those of a disc in order."""
        return [str(p) for f in files for p in (self.discs[f].files if f in self.discs else [f])]


def match_media(
    media_dir: str | Path,
    titles: dict[str, Title],
    *,
    media_map: Path | None = None,
    skip: frozenset[Path] = frozenset(),
    source: MediaSource | None = None,
) -> Matches:
    """Match the files of a folder to the titles of a release.

    Args:
        media_dir: The user's media folder, or the URL of one.
        titles: The catalogue by title id.
        media_map: The user's map; default ``media.csv`` in the folder, when it is there.
        skip: Folders to leave out, resolved.
        source: The same folder, when it is open already.

    Raises:
        MediaNotFound: No such folder, or no such map.
        UsageError: The map cannot be used.
    """
    opened = source or open_source(media_dir)
    try:
        return _match(opened, titles, media_map, skip)
    finally:
        if source is None:
            opened.close()


def _match(
    source: MediaSource, titles: dict[str, Title], media_map: Path | None, skip: frozenset[Path]
) -> Matches:
    listed = list(source.files(skip))
    if media_map is not None and not media_map.is_file():
        raise MediaNotFound("no such media map", path=media_map)
    chosen = media_map or source.small(MAP_NAME)
    mapped, strangers = (
        ({}, {}) if chosen is None else read_media_map(chosen, titles, _finder(source, listed))
    )
    named = [*strangers.values(), *(c.path for rows in mapped.values() for c in rows)]
    taken = {_identity(source, path) for path in named}
    free = [f for f in listed if not taken or _identity(source, str(f)) not in taken]
    found = _sort_files(free, titles, source)
    by_title = {}
    for title_id, fits in found.fits.items():
        if title_id not in mapped and (rows := _candidates(fits, source, found)):
            by_title[title_id] = rows
    by_title.update({title_id: rows for title_id, rows in mapped.items() if rows})
    if not by_title and len(titles) == 1 and len(found.unmatched) == 1 and not found.ambiguous:
        # One film, one title: the name may say nothing, the time map will tell.
        only = NameMatch("only", RANK_ONLY, says="the only file, and the only title")
        by_title = {next(iter(titles)): _candidates([(only, found.unmatched.pop())], source, found)}
    unmatched = tuple(found.paths(*found.unmatched))
    return Matches(
        by_title, unmatched, found.ambiguous, tuple(strangers), tuple(found.passed), found.images
    )


def _plain(path: str) -> str:
    return unicodedata.normalize("NFC", path.replace("\\", "/")).removeprefix("./")


def _finder(source: MediaSource, listed: list[PurePath]) -> Callable[[str], str | None]:
    """Finds paths of the map as the folder writes them: editors compose letters, Windows turns slashes."""
    known = {str(f) for f in listed}
    by_plain = {_plain(str(f)): str(f) for f in listed}

    def find(path: str) -> str | None:
        right = path if path in known else by_plain.get(_plain(path), path)
        # What was not listed may still be there: a file with another ending, or outside the folder.
        return right if right in known or source.size(right) is not None else None

    return find


def _identity(source: MediaSource, path: str) -> str:
    """One name for a file, however it is written: links followed, composed letters."""
    here = source.place(path) if isinstance(source, FolderSource) else None
    return unicodedata.normalize("NFC", str(here.resolve()) if here is not None else path)


def _sort_files(listed: list[PurePath], titles: dict[str, Title], source: MediaSource) -> _Sorted:
    index, read = NameIndex(titles), text_reader(source.small)
    discs = find_discs(listed, source.size, source.small)
    out = _Sorted({disc.place / "VIDEO_TS.VOB": disc for disc in discs if disc.files})
    out.passed += [str(file) for disc in discs for file in disc.inside if file not in disc.files]
    of_discs = {file for disc in discs for file in disc.inside}
    files = [f for f in listed if f not in of_discs and (is_image(f) or not is_of_disc(f.name))]
    files += out.discs
    extras = {f for f in files if in_extras(f, known=index.knows)}
    in_folder = Counter(f.parent for f in files if f not in extras and not is_extra(f.stem, words(f.stem)))
    for file in files:
        if file in extras:
            out.passed += out.paths(file)
            continue
        alone = in_folder[file.parent] == 1
        hits = _fits(index, file, read, alone=alone)
        if is_extra(file.stem, _after_title(hits, file)):
            out.passed.append(str(file))
            continue
        winners = _best(hits, titles)
        if is_image(file):
            out.images[str(file)] = tuple(winners)
        elif not winners:
            out.unmatched.append(file)
        elif len(winners) > 1 and not all(m.several for m in winners.values()):
            out.ambiguous |= dict.fromkeys(out.paths(file), tuple(winners))
        else:
            for title_id, match in winners.items():
                out.fits.setdefault(title_id, []).append((match, file))
    return out


def _fits(index: NameIndex, file: PurePath, read: ReadText, *, alone: bool) -> Hits:
    """What is known of one file; the dearer sources are asked only where the cheap ones are not sure."""
    said = _legible(file)
    hits = index.find(said, alone=alone)
    if any(m.how == "id" for m in hits.values()):
        return hits
    told = index.dressed(by_nfo(index, file, read, alone=alone), said)
    if told:
        return told
    winners = _best(hits, index.titles)
    if len(winners) == 1 or (winners and all(hits[t].several for t in winners)):
        return hits
    guessed = by_guess(said, {t: index.titles[t] for t in winners} if winners else index.titles)
    return guessed if len(guessed) == 1 or not hits else hits


def _legible(file: PurePath) -> PurePath:
    """A path with bytes that are no UTF-8 as letters of the code page that most such names are in."""
    text = str(file)
    return PurePath(
        re.sub(r"\\x([89a-f][0-9a-f])", lambda m: bytes.fromhex(m[1]).decode("cp1252", "ignore"), text)
    )


def _best(hits: Hits, titles: Mapping[str, Title]) -> Hits:
    """The titles that fit a file best; of two editions of one film the one that the name tells."""
    best = max((m.strength for m in hits.values()), default=None)
    winners = {t: m for t, m in hits.items() if m.strength == best}
    told = max((m.edition for m in winners.values()), default=0)
    if len(winners) < 2 or told < 0:
        return winners  # another edition than those of the catalogue
    # A name that tells no edition means the title that has none.
    one = {t: m for t, m in winners.items() if m.edition == told and (told or not editions_of(titles[t]))}
    return one if len(one) == 1 else winners


def _after_title(hits: Hits, file: PurePath) -> tuple[str, ...]:
    """The words of a name that are not the title's: all of them when it is no title's."""
    if not hits:
        return words(file.stem)
    best = max(hits.values(), key=lambda m: m.strength)
    if best.how == "episode":
        return words(file.stem.split(" - ")[-1])[-1:]
    return best.rest


def _candidates(fits: list[Fit], source: MediaSource, found: _Sorted) -> tuple[Candidate, ...]:
    """The files of one title, best first; parts in order, after the whole copies."""
    sizes = {f: sum(source.size(p) or 0 for p in found.paths(f)) for _, f in fits} if len(fits) > 1 else {}
    largest = max(sizes.values(), default=0)
    small = [f for _, f in fits if sizes.get(f, 0) < _SAMPLE_SHARE * largest]
    found.passed += found.paths(*small)
    kept = [fit for fit in fits if fit[1] not in small]
    parts = _parts(kept)
    # A disc in several files is parts, too: those of one disc, or of several in order.
    cut = [f for _, f in sorted(kept, key=lambda k: -sizes.get(k[1], 0)) if len(found.paths(f)) > 1]
    line = found.paths(*(sorted(parts, key=parts.__getitem__) or cut[:1]))
    numbers = {path: n for n, path in enumerate(line, 1)}
    rows = []
    for match, file in kept:
        paths = found.paths(file)
        part = numbers.get(paths[0])
        if part is None and file in cut:
            found.passed += paths  # a second set of parts must not be mixed in
            continue
        if part is None and (match.part or 0) > 1 and match.rank < RANK_NEAR and match.how == "name":
            found.unmatched.append(file)
            continue
        evidence = [match.says] if match.says else []
        if match.edition:
            evidence.append("the edition agrees" if match.edition > 0 else "another edition is named")
        if match.several:
            evidence.append("the file holds several episodes")
        if file in found.discs:
            evidence.append(found.discs[file].says)
        for path in paths:
            n = numbers.get(path)
            told = (*evidence, f"part {n} of {len(line)}") if n is not None else tuple(evidence)
            rows.append((match, Candidate(path, match.how, n, evidence=told, rank=match.rank)))
    rows.sort(key=lambda r: (r[1].part or 0, -r[0].rank, -r[0].edition, -r[0].length, r[1].path))
    return tuple(c for _, c in rows)


def _parts(fits: list[Fit]) -> dict[PurePath, int]:
    """Part numbers of the files of one title, where they make a set: two or more, from one up."""
    sets: dict[tuple[PurePath, tuple[str, ...] | None], dict[int, PurePath]] = {}
    for match, file in fits:
        if match.part is None:
            continue
        where = file.parent if part_folder(file) is None else file.parent.parent
        said = tuple(w for w in match.rest if not any(c.isdigit() for c in w))
        for alike in (said, None):
            sets.setdefault((where, alike), {}).setdefault(match.part, file)
    whole = {k: s for k, s in sets.items() if len(s) > 1 and sorted(s) == list(range(1, len(s) + 1))}
    # Parts that are named alike belong together before those that only lie together. One set of parts:
    # a second one is another copy, and stays out rather than be mixed in.
    best = max(whole, key=lambda k: (k[1] is not None, len(whole[k]), -len(str(whole[k][1]))), default=None)
    return {} if best is None else {file: number for number, file in whole[best].items()}
