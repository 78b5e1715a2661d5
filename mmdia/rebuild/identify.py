"""Files whose names say nothing, or something false: which title each of them is (``--identify``).

Every file is compared with all titles of the release, by words, by sound and by the rhythm of
speech, and the few titles that fit are aligned in full (`mmdia.sync.identify`). Answers are kept by
content, so that a second run asks only about what is new. A doubt is listed, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mmdia.errors import MediaError, SubtitleError
from mmdia.media.probe import media_hash
from mmdia.rebuild.candidate import Candidate, Matches
from mmdia.rebuild.names import RANK_GUESS
from mmdia.rebuild.source import MediaSource
from mmdia.schema.ranking import Identification, TitleMatch
from mmdia.schema.timemap import TimeMapFile
from mmdia.store.atomic import write_text
from mmdia.store.digest import params_hash
from mmdia.subtitles.identify import find_sidecars
from mmdia.sync.evidence import WORDS_SUFFIX, Wanted, collect
from mmdia.sync.identify import Catalogue, identify
from mmdia.sync.timemap import SOLVER_VERSION, AlignParams

#: Raise when answers would change.
_VERSION = 1

#: Titles of one file may share this much of the shorter one's place: a teaser before the credits.
_SHARED = 0.1

#: A second title that fits nearly as well makes the answer a doubt.
_MARGIN = 0.2

_SCREENED = {
    "words": "its subtitles share runs of words",
    "fingerprint": "its sound has the title's fingerprint",
    "pattern": "its speech has the title's rhythm",
}

#: Told before each file: how many are done, how many there are, and its path.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one file is.

    Attributes:
        path: The file, relative to the media folder.
        titles: The title; none when none fits, or a doubt is left; several for a file that holds
            one after the other (double episodes).
        confidence: Probability that it is this title.
        says: The evidence in words.
        rivals: Titles between which the evidence leaves a doubt.
        error: Why the file could not be looked at, in words.
    """

    path: str
    titles: tuple[str, ...] = ()
    confidence: float = 0.0
    says: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Identified:
    """What the files are.

    Attributes:
        found: The best file of each title that was found.
        copies: Further files of these titles.
        unsure: Files with the titles between which a doubt is left.
        unknown: Files that are no title of the release.
        errors: Files that could not be looked at, with the reason.
    """

    found: dict[str, Candidate] = field(default_factory=dict)
    copies: dict[str, tuple[Candidate, ...]] = field(default_factory=dict)
    unsure: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)


def identify_files(
    files: Sequence[str],
    source: MediaSource,
    catalogue: Catalogue,
    *,
    cache: Path | None = None,
    params: AlignParams | None = None,
    wanted: Wanted | None = None,
    on_file: Progress | None = None,
) -> Identified:
    """Find out which titles files are.

    Args:
        files: Paths relative to the media folder.
        source: The media folder.
        catalogue: The titles.
        cache: Folder for answers and for what was heard; None keeps nothing.
        params: How to align.
        wanted: Which evidence to look for.
        on_file: Told before each file.

    Raises:
        StoreError: An answer cannot be kept.
        MissingExtra: A recogniser or detector that was asked for is not installed.
    """
    asker = _Asker(source, catalogue, cache, params or AlignParams(), wanted or Wanted())
    answers = []
    for k, path in enumerate(files):
        if on_file is not None:
            on_file(k, len(files), path)
        answers.append(asker.ask(path))
    return _sorted(answers)


def refused_files(out: Path) -> tuple[str, ...]:
    """Files that an earlier run refused as the wrong film: they may be another title.

    Args:
        out: Output folder of that run; nothing is found where there was none.
    """
    found: dict[str, None] = {}
    taken: set[str] = set()
    try:
        lines = (out / "titles.jsonl").read_text("utf-8").splitlines()
    except OSError:
        return ()
    for line in lines:
        for file in _files_of(line):
            if file.get("chosen"):
                taken.add(str(file["path"]))
            elif file.get("verdict") == "wrong_film":
                found[str(file["path"])] = None
    return tuple(path for path in found if path not in taken)


def _files_of(line: str) -> list[dict[str, Any]]:
    """Files of one row of ``titles.jsonl``; none of a line that does not read as one."""
    try:
        files = json.loads(line).get("files") or []
        return [f for f in files if isinstance(f, dict) and "path" in f]
    except (ValueError, AttributeError):
        return []


def with_identified(matches: Matches, identified: Identified) -> Matches:
    """Matches with what identification found, after the candidates that names gave.

    A title with a map of the user's keeps it alone.
    """
    by_title = dict(matches.by_title)
    placed: set[str] = set()
    for title_id, best in identified.found.items():
        named = by_title.get(title_id, ())
        placed |= {best.path, *(c.path for c in identified.copies.get(title_id, ()))}
        if any(c.how == "map" for c in named):
            continue
        known = {c.path for c in named}
        new = tuple(c for c in (best, *identified.copies.get(title_id, ())) if c.path not in known)
        by_title[title_id] = (*named, *new)
    doubts = {f: t for f, t in matches.ambiguous.items() if f not in placed} | identified.unsure
    rest = tuple(f for f in matches.unmatched if f not in placed and f not in identified.unsure)
    return replace(matches, by_title=by_title, unmatched=rest, ambiguous=doubts)


class _Asker:
    """Asks about one file after the other, and remembers the answers."""

    def __init__(
        self,
        source: MediaSource,
        catalogue: Catalogue,
        cache: Path | None,
        params: AlignParams,
        wanted: Wanted,
    ) -> None:
        self.source = source
        self.catalogue = catalogue
        self.cache = cache
        self.params = params
        self.wanted = replace(wanted, cache=wanted.cache or (None if cache is None else cache / "heard"))
        tracks = [[t.title_id, t.track.digest] for t in catalogue.titles]
        self.key = params_hash(
            [_VERSION, SOLVER_VERSION, tracks, params.mode, params.policy, params.min_confidence,
             wanted.mode, wanted.asr, wanted.vad]
        )  # fmt: skip

    def ask(self, path: str) -> Answer:
        try:
            local = self.source.local(path)
            kept = self._place(local)
            known = None if kept is None else _read(kept)
            if known is not None:
                return replace(known, path=path)
            answer = self._identify(path, local)
        except (MediaError, SubtitleError) as error:
            return Answer(path, error=str(error))
        finally:
            self.source.release(path)
        if kept is not None:
            write_text(kept, json.dumps(asdict(answer), ensure_ascii=False, indent=1) + "\n")
        return answer

    def _identify(self, path: str, local: Path) -> Answer:
        found, maps = identify(path, collect(local, self.wanted), self.catalogue, params=self.params)
        return _answer(path, found, maps)

    def _place(self, local: Path) -> Path | None:
        """Where the answer on this content is kept: the film, and the lines beside it."""
        if self.cache is None:
            return None
        words = local.with_name(f"{local.stem}{WORDS_SUFFIX}")
        beside = [*find_sidecars(local), *([words] if words.is_file() else [])]
        contents = sorted(params_hash([p.name[len(local.stem) :], media_hash(p)]) for p in beside)
        key = params_hash([self.key, media_hash(local), contents])
        return self.cache / "identified" / f"{key}.json"


def _read(path: Path) -> Answer | None:
    """An answer kept before; None when there is none, or it cannot be read."""
    try:
        row: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return Answer(
            row["path"],
            tuple(row["titles"]),
            row["confidence"],
            tuple(row["says"]),
            tuple(row["rivals"]),
            row["error"],
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _answer(path: str, found: Identification, maps: Mapping[str, TimeMapFile]) -> Answer:
    """The title that is accepted, unless another one is, too, in the same place and nearly as sure."""
    accepted = [m for m in found.matches if m.accepted]
    if not accepted:
        return Answer(path)
    best = accepted[0]
    near = [m for m in accepted[1:] if m.confidence > best.confidence - _MARGIN]
    spans = [_span(maps[m.title_id]) for m in (best, *near)]
    ids = tuple(m.title_id for m in (best, *near))
    if any(_overlap(a, b) for k, a in enumerate(spans) for b in spans[:k]):
        return Answer(path, rivals=ids)
    more = ("the file holds several titles, one after the other",) if near else ()
    return Answer(path, ids, min(m.confidence for m in (best, *near)), (*_says(best, found), *more))


def _span(document: TimeMapFile) -> tuple[float, float]:
    """From the first to the last line that the file has, seconds on the file."""
    there = [line for line in document.lines if line.present]
    return min((x.start for x in there), default=0.0), max((x.end for x in there), default=0.0)


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared > _SHARED * min(one[1] - one[0], other[1] - other[0])


def _says(match: TitleMatch, found: Identification) -> tuple[str, ...]:
    return (
        f"{_SCREENED.get(match.screened_by, match.screened_by)}: the best of {found.titles} titles",
        f"its time map is {match.verdict} with confidence {match.confidence:.2f}",
    )


def _sorted(answers: Sequence[Answer]) -> Identified:
    """One title a file, and of each title the best file first."""
    by_title: dict[str, list[Answer]] = {}
    for a in answers:
        for title_id in a.titles:
            by_title.setdefault(title_id, []).append(a)
    out = Identified(
        unsure={a.path: a.rivals for a in answers if a.rivals},
        unknown=tuple(a.path for a in answers if not (a.titles or a.rivals or a.error)),
        errors={a.path: a.error for a in answers if a.error is not None},
    )
    for title_id, group in by_title.items():
        group.sort(key=lambda a: (-round(a.confidence, 2), a.path))
        ordered = [Candidate(a.path, "identify", evidence=a.says, rank=RANK_GUESS) for a in group]
        out.found[title_id] = ordered[0]
        if len(ordered) > 1:
            out.copies[title_id] = tuple(ordered[1:])
    return out
