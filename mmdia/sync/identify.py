"""Which title of a release a copy is: a cheap look at all of them, then a full alignment of a few.

Screenings in order of what they cost: words (a same-language subtitle), fingerprints (the same
soundtrack), pattern of speech (anything). The next one is asked only while none of the titles that
the last one proposed is accepted; when all are asked in vain, the copy is none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmdia.align.identify import (
    PatternScreen,
    WordIndex,
    best_of,
    media_patterns,
    pattern_of,
    words_of,
)
from mmdia.errors import AlignmentError, SubtitleError
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fingerprint import Fingerprint
from mmdia.schema.names import safe_names
from mmdia.schema.ranking import Identification, TitleMatch
from mmdia.schema.timemap import TimeMapFile
from mmdia.schema.title import Title
from mmdia.sync.annotation import AnnotationTrack, track_of_title
from mmdia.sync.evidence import Collected, Evidence
from mmdia.sync.timemap import AlignParams, solve

#: Fewer words than this name no title.
_FEW_WORDS = 20

#: Once a title is this sure, only those that scored at least this share of it are aligned, too.
_SURE, _RIVAL = 0.95, 0.5

#: (position in the catalogue, score) of titles worth aligning, best first.
Proposals = list[tuple[int, float]]
Screening = tuple[str, Callable[[], Proposals]]


@dataclass(frozen=True, slots=True)
class CatalogueTitle:
    """A title that a copy may be."""

    title_id: str
    name: str | None
    track: AnnotationTrack


class Catalogue:
    """Titles with what screenings need of them, made when first asked for.

    Attributes:
        titles: The titles.
        skipped: Titles that have no lines to compare.
    """

    def __init__(self, titles: Sequence[CatalogueTitle], skipped: Sequence[str] = ()) -> None:
        self.titles, self.skipped = tuple(titles), tuple(skipped)
        self._words: WordIndex | None = None

    @classmethod
    def of(cls, release: Path, titles: Mapping[str, Title], dialogues: Iterable[Dialogue]) -> Catalogue:
        """The titles of a release as tracks.

        Args:
            release: Its folder.
            titles: Its titles.
            dialogues: Its dialogues, in disk order.
        """
        own: dict[str | None, list[Dialogue]] = {}
        for dialogue in dialogues:
            own.setdefault(dialogue.title_id, []).append(dialogue)
        names, found, skipped = safe_names(titles), [], []
        for title_id, title in titles.items():
            try:
                track = track_of_title(release, title, own.get(title_id, []), file_name=names[title_id])
            except (AlignmentError, SubtitleError):
                skipped.append(title_id)
            else:
                found.append(CatalogueTitle(title_id, title.name, track))
        return cls(found, skipped)

    def by_words(self, evidence: Evidence, top: int) -> Proposals:
        """Titles that share rare runs of words with the copy's lines."""
        words = words_of(evidence.cues)
        if len(words) < _FEW_WORDS:
            return []
        if self._words is None:
            self._words = WordIndex([words_of(t.track.cues) for t in self.titles])
        scores = self._words.scores(words)
        return [(k, float(scores[k])) for k in best_of(scores, top)]

    def by_pattern(self, evidence: Evidence, top: int) -> Proposals:
        """Titles whose rhythm of speech is that of the copy's lines, or of its sound."""
        activity = None if evidence.cues or evidence.sound is None else evidence.sound.activity()
        media = media_patterns(evidence.cues, activity)
        patterns = [pattern_of(t.track.cues) for t in self.titles]
        longest = max((len(p) for p in patterns if p is not None), default=0)
        if not media or not longest:
            return []
        screen = PatternScreen(media, longest)
        scores = [(screen.score(p), -k) for k, p in enumerate(patterns)]
        return [(-k, s) for s, k in sorted(scores, reverse=True)[:top] if s > 0]

    def by_fingerprint(self, evidence: Evidence, top: int) -> Proposals:
        """Titles whose sound the copy has."""
        from mmdia.align.fp_identify import identify as listen_for

        printed: dict[str, Fingerprint] = {
            str(k): t.track.fingerprint
            for k, t in enumerate(self.titles)
            if t.track.fingerprint is not None
        }
        if not printed or evidence.sound is None:
            return []
        found = listen_for(evidence.sound.bands(), printed)
        return [(int(f.title), float(f.score)) for f in found[:top]]


def identify(
    media: str,
    collected: Collected,
    catalogue: Catalogue,
    *,
    params: AlignParams | None = None,
    top: int = 5,
) -> tuple[Identification, dict[str, TimeMapFile]]:
    """Find the title that a copy is.

    Args:
        media: Name of the copy.
        collected: Its evidence.
        catalogue: The titles.
        params: How to align.
        top: Titles to align for each screening.

    Returns:
        What was found, and the time maps of the titles that were aligned.

    Raises:
        MediaUnreadable: The sound is needed and cannot be decoded.
    """
    params = params or AlignParams()
    matches: dict[str, TitleMatch] = {}
    maps: dict[str, TimeMapFile] = {}
    used: Evidence | None = None
    for evidence in collected.evidences:
        used = evidence
        _ask(catalogue, evidence, media, params, top, matches, maps)
        if any(m.accepted for m in matches.values()):
            break
    ordered = sorted(matches.values(), key=lambda m: (not m.accepted, -m.confidence, -m.screening))
    detector = next((str(d.evidence["detector"]) for d in maps.values() if "detector" in d.evidence), None)
    facts = {
        "kind": "none" if used is None else used.kind,
        "name": None if used is None else used.name,
        "detector": detector,
    }
    found = Identification(
        media, facts, len(catalogue.titles), tuple(ordered), catalogue.skipped, collected.missing
    )
    return found, maps


def _ask(
    catalogue: Catalogue,
    evidence: Evidence,
    media: str,
    params: AlignParams,
    top: int,
    matches: dict[str, TitleMatch],
    maps: dict[str, TimeMapFile],
) -> None:
    """Screen with one evidence, and align what is proposed, until a title is accepted."""
    tried: set[int] = set()
    for name, screening in _screenings(catalogue, evidence, params, top):
        enough = 0.0
        for k, score in screening():
            if k in tried or score < enough:
                continue
            tried.add(k)
            title = catalogue.titles[k]
            made = solve(title.track, (evidence,), media=media, params=params)
            before = matches.get(title.title_id)
            if before is None or (made.accepted, made.confidence) > (before.accepted, before.confidence):
                maps[title.title_id] = made
                matches[title.title_id] = TitleMatch(
                    title.title_id, title.name, name, round(score, 3), made.verdict, made.confidence,
                    made.accepted, made.reasons,
                )  # fmt: skip
            if made.accepted and made.confidence >= _SURE:
                enough = max(enough, _RIVAL * score)
        if any(m.accepted for m in matches.values()):
            return


def _screenings(
    catalogue: Catalogue, evidence: Evidence, params: AlignParams, top: int
) -> Iterator[Screening]:
    if evidence.cues and params.mode in ("auto", "text"):
        yield "words", lambda: catalogue.by_words(evidence, top)
    if evidence.sound is not None and params.mode in ("auto", "fingerprint"):
        yield "fingerprint", lambda: catalogue.by_fingerprint(evidence, top)
    if params.mode in ("auto", "timing", "audio") and (evidence.cues or evidence.sound is not None):
        yield "pattern", lambda: catalogue.by_pattern(evidence, top)
