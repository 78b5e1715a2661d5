"""What the formats of speech evaluation have in common: recordings, regions (UEM), turns in order."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmdia.release.importers import clock
from mmdia.release.importers.clock import LONGEST_MS, exact
from mmdia.release.importers.grouping import groups, in_time
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.shape import bare_title, build, extras, speakers_of, split_option
from mmdia.release.importers.text import count_words, encoding_of
from mmdia.schema.dialogue import Source, Turn

#: Words that sources have for a speaker's gender, and ours.
GENDERS = {
    "adult_male": "male", "male": "male", "m": "male",
    "adult_female": "female", "female": "female", "f": "female",
}  # fmt: skip
#: Regions of each recording, milliseconds; None when no UEM file was given.
Regions = dict[str, list[tuple[int, int]]] | None


@dataclass(slots=True)
class Segment:
    """One stretch of speech.

    Attributes:
        recording: The recording that it is of.
        speaker: Who speaks; empty when nothing says.
        start_ms: Its start; None, as its end, where nothing says when it is.
        end_ms: Its end.
        text: What is said; None when the format has no text.
        where: ``file:line``.
        n_rows: How many rows of the source it is made of.
        confidence: How sure the source is, 0..1.
        extra: What has no place of its own; parts of the stretch (words, phones) among it.
    """

    recording: str
    speaker: str
    start_ms: int | None
    end_ms: int | None
    text: str | None
    where: str
    n_rows: int = 1
    confidence: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def take(self, key: str, part: dict[str, Any]) -> None:
        """Keep a further row of the source as a part of this stretch."""
        self.extra.setdefault(key, []).append({k: v for k, v in part.items() if v is not None})
        self.n_rows += 1


def host(segments: Sequence[Segment], t_ms: float) -> Segment | None:
    """The segment that holds a time, of segments with times, in their order, that do not overlap."""
    place = bisect_right(segments, t_ms, key=lambda segment: segment.start_ms or 0) - 1
    return segments[place] if place >= 0 and t_ms <= (segments[place].end_ms or 0) else None


def joined(words: Iterable[Segment], gap_s: float, *, keep: str | None = None) -> list[Segment]:
    """Words of one speaker -> stretches of speech: a pause longer than `gap_s` ends one.

    Args:
        words: The words, in any order; all have times.
        gap_s: Longest pause within a stretch.
        keep: Key of `extra` under which the words' own times are kept; None drops them.
    """
    out: list[Segment] = []
    end = 0
    for word in sorted(words, key=lambda word: word.start_ms or 0):
        if not out or (word.start_ms or 0) - end > gap_s * 1000:
            out.append(replace(word, n_rows=0, text=None, extra={}))
            end = word.end_ms or 0
        turn = out[-1]
        turn.end_ms = end = max(end, word.end_ms or 0)
        turn.text = word.text if turn.text is None else f"{turn.text} {word.text}"
        turn.n_rows += word.n_rows
        if keep is not None:
            part = {"text": word.text, "start_ms": word.start_ms, "end_ms": word.end_ms}
            turn.extra.setdefault(keep, []).append(part)
    return out


def fields_of(path: Path, options: ImportOptions, ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Place and text of every line that is no comment (``;;``) and not empty."""
    found = encoding_of(path, options.encoding, ledger)
    with path.open(encoding=found.encoding, errors=found.errors, newline=None) as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip() and not line.lstrip("\ufeff ").startswith(";;"):
                yield f"{path.name}:{number}", line.strip().lstrip("\ufeff")


def seconds_ms(text: str) -> int | None:
    """Seconds as decimal text -> milliseconds, or None."""
    number = exact(text)
    ms = None if number is None else clock.seconds_ms(number)
    return ms if ms is not None and abs(ms) <= LONGEST_MS else None


def end_ms(start: str, duration: str) -> int | None:
    """The end of a stretch, rounded once from the exact sum, or None."""
    left, right = exact(start), exact(duration)
    ms = None if left is None or right is None else clock.seconds_ms(left, right)
    return ms if ms is not None and abs(ms) <= LONGEST_MS else None


def split_uem(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> tuple[list[Path], Regions]:
    """The files that are no UEM, and the regions that the others name."""
    tables = [path for path in files if path.suffix.lower() == ".uem"]
    if not tables:
        return list(files), None
    regions: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for path in tables:
        for where, line in fields_of(path, options, ledger):
            cells = line.rsplit(maxsplit=3)
            start = seconds_ms(cells[2]) if len(cells) == 4 else None
            end = seconds_ms(cells[3]) if len(cells) == 4 else None
            if start is None or end is None:
                ledger.read()
                ledger.lose("broken_row", where=where, what=line)
            else:
                regions[" ".join(cells[0].split())].append((start, end))
    return [path for path in files if path not in tables], {k: sorted(v) for k, v in regions.items()}


def within(segment: Segment, regions: Regions, ledger: Ledger) -> Segment | None:
    """The part of a segment that lies in a region, or None when there is none (counted)."""
    start, end = segment.start_ms, segment.end_ms
    if regions is None or start is None or end is None:
        return segment
    pieces = [
        (max(start, first), min(end, last))
        for first, last in regions.get(segment.recording, ())
        if start < last and (end > first or start >= first)
    ]
    if not pieces:
        ledger.lose("outside_regions", segment.n_rows, where=segment.where)
        return None
    start, end = max(pieces, key=lambda piece: piece[1] - piece[0])
    if (start, end) == (segment.start_ms, segment.end_ms):
        return segment
    ledger.note("clipped", where=segment.where)
    return replace(segment, start_ms=start, end_ms=end)


def items(
    segments: Sequence[Segment],
    regions: Regions,
    options: ImportOptions,
    ledger: Ledger,
    *,
    dataset: str,
    facts: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None,
    languages: Mapping[str, str] | None = None,
) -> Iterator[Item]:
    """A title for each recording, and its dialogues; segments in order of time.

    Args:
        segments: All segments, in any order; each was counted as read.
        regions: Regions of the recordings.
        options: The user's options.
        ledger: Counts what is kept and lost.
        dataset: Name of the format, for ``source``.
        facts: What is known of speakers, by recording.
        languages: Language of each recording, where the source says it as a tag.
    """
    recordings: dict[str, list[Segment]] = {}
    seen: set[tuple[object, ...]] = set()
    for segment in segments:
        key = (
            segment.recording,
            segment.speaker,
            segment.start_ms,
            segment.end_ms,
            segment.text,
            extras(segment.extra),
        )
        if key in seen:
            ledger.lose("duplicate_row", segment.n_rows, where=segment.where)
            continue
        seen.add(key)
        kept = within(segment, regions, ledger)
        if kept is not None:
            recordings.setdefault(segment.recording, []).append(kept)
    for recording in sorted(recordings):
        by_end = sorted(recordings[recording], key=lambda s: (s.start_ms or 0, s.end_ms or 0, s.speaker))
        ordered = in_time(by_end if all(s.start_ms is not None for s in by_end) else recordings[recording])
        ledger.keep(sum(segment.n_rows for segment in ordered))
        yield bare_title(recording, language=options.language or (languages or {}).get(recording))
        turns = [turn_of(segment, ledger) for segment in ordered]
        for name, scene, group in groups(turns, recording, options):
            yield build(
                name,
                group,
                title_id=recording,
                scene_id=scene,
                split=split_option(options),
                speakers=speakers_of(group, (facts or {}).get(recording)),
                source=Source(dataset=dataset, id=recording),
            )


def turn_of(segment: Segment, ledger: Ledger) -> Turn:
    """The turn of a segment; what is missing is noted."""
    if segment.start_ms is None:
        ledger.note("no_times", where=segment.where)
    if not segment.speaker:
        ledger.note("no_speaker", where=segment.where)
    return Turn(
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        speakers=(segment.speaker,) if segment.speaker else (),
        text=segment.text,
        n_words=None if segment.text is None else count_words(segment.text),
        confidence=segment.confidence,
        extra=extras(segment.extra),
    )
