"""``media.csv``: the user's own word on which file is which, and a proposal of it to correct."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path, PurePath

from mmdia.corpus.spelling import words
from mmdia.errors import UsageError
from mmdia.rebuild.candidate import Candidate, Matches
from mmdia.rebuild.names import RANK_MAP
from mmdia.schema.names import nearest
from mmdia.schema.title import Title

MAP_NAME = "media.csv"
_COLUMNS = ("title_id", "path", "part", "start_ms", "end_ms")

#: Titles named as guesses for a file that belongs to none, and how like they must be.
_GUESSES, _LIKE = 3, 0.45

MediaMap = dict[str, tuple[Candidate, ...]]


def read_media_map(
    path: Path, titles: Iterable[str], find: Callable[[str], str | None] = str
) -> tuple[MediaMap, dict[str, str]]:
    """Read the user's word on which file is which: ``title_id,path[,part,start_ms,end_ms]``.

    Empty lines and lines that begin with ``#`` are comments.

    Args:
        path: The map.
        titles: Titles of the release.
        find: Gives a file as the media folder writes it; None when it is not there.

    Returns:
        Candidates by title (none where its files are not there), and the file of each row that
        cannot be used, by what is to be said of it.

    Raises:
        UsageError: Not UTF-8, a column is missing, a row names no file, or a number is none.
    """
    try:
        return _read_media_map(path, set(titles), find)
    except UnicodeDecodeError:
        raise UsageError("a media map must be UTF-8", path=path, hint="Save it as UTF-8.") from None


def _read_media_map(
    path: Path, known: set[str], find: Callable[[str], str | None]
) -> tuple[MediaMap, dict[str, str]]:
    out: dict[str, list[Candidate]] = {}
    strangers: dict[str, str] = {}
    with open(path, encoding="utf-8-sig", newline="") as stream:
        kept = [
            (n, row)
            for n, row in enumerate(stream, 1)
            if row.strip(" \t\r\n,;") and not row.lstrip(' \t"').startswith("#")
        ]
    numbers = [n for n, _ in kept]
    # Spreadsheets of many countries write semicolons.
    mark = ";" if kept and kept[0][1].count(";") > kept[0][1].count(",") else ","
    reader = csv.DictReader((row for _, row in kept), delimiter=mark)
    columns = [c.strip() for c in reader.fieldnames or []]
    if not {"title_id", "path"} <= set(columns):
        raise UsageError("not a media map", path=path, expected="columns title_id,path", got=columns)
    reader.fieldnames = columns
    for row in reader:
        where = f"{path}:{numbers[min(reader.line_num, len(numbers)) - 1]}"
        title_id = (row.get("title_id") or "").strip()
        media = (row.get("path") or "").strip()
        if title_id not in known:
            strangers[f"{where}: {title_id} is no title of this release{nearest(title_id, known)}"] = media
            continue
        if not media:
            raise UsageError("a row names no file", path=where)
        there, rows = find(media), out.setdefault(title_id, [])
        if there is None:
            strangers[f"{where}: {media}: no such file"] = media
            continue
        start, end = _number(row, "start_ms", where), _number(row, "end_ms", where)
        part = _number(row, "part", where)
        candidate = Candidate(there, "map", part, start, end, ("the user's media map",), RANK_MAP)
        rows.append(candidate)
    found = {t: tuple(sorted(c, key=lambda x: x.part or 0)) for t, c in out.items()}
    return found, strangers


def _number(row: dict[str, str], key: str, where: str) -> int | None:
    text = (row.get(key) or "").strip()
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{key} must be a whole number", path=where, got=repr(text)) from None


def propose_map(matches: Matches, titles: Mapping[str, Title]) -> str:
    """A media map of what was matched, for the user to correct.

    Every row stands below a comment with its evidence. Files that belong to no title are comments
    with the titles they are most like; titles without a file come last. Read back unchanged, it
    gives the same files.

    Args:
        matches: What matching the folder gave.
        titles: The catalogue.
    """
    out = io.StringIO()
    out.write(
        "# Which file is which title. Correct it, save it as media.csv in the media folder (or name it\n"
        "# with --media-map), and run again. Lines that begin with # are comments. Several rows of one\n"
        "# title are copies to choose from; with numbers in `part` they are its parts in order.\n"
    )
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for title_id, candidates in matches.by_title.items():
        out.write(f"# {_describe(title_id, titles)}\n")
        for c in candidates:
            if c.evidence:
                out.write(f"#   {c.how}: {_one_line('; '.join(c.evidence))}\n")
            writer.writerow(
                [title_id, c.path, *("" if v is None else v for v in (c.part, c.start_ms, c.end_ms))]
            )
    _write_open(
        out,
        "Files that fit several titles; take away the # before the right one.",
        matches.ambiguous,
        titles,
    )
    _write_open(out, "Images of discs: mount or rip them first.", matches.images, titles)
    likeness = _Likeness(titles)
    guesses = {file: likeness.best(file) for file in matches.unmatched}
    _write_open(out, "Files that belong to no title, with those they are most like.", guesses, titles)
    missing = [t for t in titles if t not in matches.by_title]
    if missing:
        out.write(f"# {len(missing)} titles have no file:\n")
        out.writelines(f"#   {_describe(t, titles)}\n" for t in missing)
    return out.getvalue()


def _write_open(
    out: io.StringIO, heading: str, files: Mapping[str, Sequence[str]], titles: Mapping[str, Title]
) -> None:
    """Rows that are still comments."""
    if not files:
        return
    out.write(f"# {heading}\n")
    for file, guesses in files.items():
        if not guesses:
            out.write(f"#   like none:\n# {_row(['', file])}\n")
        for title_id in guesses:
            out.write(f"#   {_describe(title_id, titles)}:\n# {_row([title_id, file])}\n")


def _row(cells: Sequence[str]) -> str:
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow([*cells, *("",) * (len(_COLUMNS) - len(cells))])
    return _one_line(row.getvalue())


def _describe(title_id: str, titles: Mapping[str, Title]) -> str:
    title = titles.get(title_id)
    if title is None:
        return _one_line(title_id)
    numbers = "" if title.season is None else f" S{title.season:02d}E{title.episode or 0:02d}"
    series = f"{title.series}{numbers}: " if title.series else ""
    year = f" ({title.year})" if title.year else ""
    return _one_line(f"{title_id}  {series}{title.name or ''}{year}")


def _one_line(text: str) -> str:
    """What a file is called may hold line breaks; a comment must not."""
    return " ".join(text.splitlines())


class _Likeness:
    """Finds the titles whose names are most like a file's."""

    def __init__(self, titles: Mapping[str, Title]) -> None:
        self._letters: dict[str, str] = {}
        self._by_word: dict[str, set[str]] = {}
        for title_id, title in titles.items():
            found = words(" ".join(filter(None, (title.series, title.name))))
            self._letters[title_id] = "".join(found)
            for word in found:
                self._by_word.setdefault(word, set()).add(title_id)

    def best(self, file: str) -> tuple[str, ...]:
        """Best first; none when none is like it."""
        found = words(PurePath(file).stem)
        letters = "".join(found)[:80]
        sharing = {t for word in found if len(word) > 2 for t in self._by_word.get(word, ())}
        scored = []
        for title_id in sorted(sharing):
            name = self._letters[title_id]
            blocks = SequenceMatcher(None, name, letters, autojunk=False).get_matching_blocks()
            # How much of the title the name holds: file names say more than the title.
            scored.append((sum(b.size for b in blocks if b.size > 2) / len(name), title_id))
        scored.sort(key=lambda s: (-s[0], s[1]))
        return tuple(t for score, t in scored[:_GUESSES] if score >= _LIKE)
