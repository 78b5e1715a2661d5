"""The candidate files of a title: time maps, verdicts, and which of them clips are cut from.

All copies of a title are looked at, and the one whose time map is best is taken; the others are told
with why not. What the name promised decides only among equals. Two rules save work that could not
change the choice: a file whose content was looked at under another name is not aligned again, and
once `ENOUGH` copies were looked at and one is accepted, or one is the annotated copy itself with
every line, the rest is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from mmdia.errors import MediaError
from mmdia.media.probe import MediaInfo, media_hash, probe
from mmdia.media.refusal import is_cut_off
from mmdia.rebuild.candidate import Candidate
from mmdia.rebuild.config import TitleJob
from mmdia.rebuild.length import LengthFit, judge_length
from mmdia.rebuild.sound_track import choose_stream
from mmdia.rebuild.source import MediaSource
from mmdia.schema.receipt import TitleFile
from mmdia.schema.time import TimeMap
from mmdia.schema.timemap import TimeMapFile
from mmdia.schema.title import Title
from mmdia.store.digest import params_hash
from mmdia.sync.annotation import AnnotationTrack
from mmdia.sync.evidence import Wanted, collect
from mmdia.sync.timemap import AlignParams, identity_map, read_timemap, solve, write_timemap

#: Whole copies that are looked at before an accepted one ends the search.
ENOUGH = 5

#: How far the clock of a part may be from the end of the one before it, seconds.
_JOINT_S = 2.0

_VERDICTS = ("wrong_film", "segments", "speed", "translation", "identity")


class NoTimeMap(MediaError):
    """The folder of time maps that the user named has none for this title."""

    code = "no_timemap"


@dataclass(frozen=True)
class Copy:
    """One candidate file with its time map.

    Attributes:
        candidate: The file.
        path: Its full path.
        map_file: The time map, accepted or not.
        map_path: Where the map is written, relative to the output folder.
        time_map: The map as a value, cut to the candidate's range; empty when refused.
        chosen: Whether clips are cut from it.
        why_not: Why another file was preferred, or this one refused.
        duration_s: Length of the file, seconds.
        start_s: Where its clock starts, seconds.
        height: Height of its picture, pixels; 0 without one.
        sound: Whether it has the sound that is wanted.
        length: What its length says.
    """

    candidate: Candidate
    path: Path
    map_file: TimeMapFile
    map_path: str
    time_map: TimeMap
    chosen: bool = False
    why_not: str | None = None
    duration_s: float | None = None
    start_s: float = 0.0
    height: int = 0
    sound: bool = True
    length: LengthFit = field(default_factory=LengthFit)

    @property
    def present(self) -> int:
        """Lines of the annotation that the copy has: those that also lie within the file."""
        if not self.map_file.accepted:
            return 0
        low, high = _range(self.candidate, self.duration_s)
        inside = (x for x in self.map_file.lines if x.present and x.end > low and x.start < high)
        return sum(1 for _ in inside)


@dataclass
class Findings:
    """What was learned about the candidates."""

    copies: list[Copy]
    reasons: list[str]
    messages: list[str]


def _map_name(job: TitleJob, candidate: Candidate, *, rivals: bool = False) -> str:
    """Where a copy's map is kept; copies that compete for one place have a file each."""
    part = "" if candidate.part is None else f".p{candidate.part}"
    own = f".c{params_hash([candidate.path, candidate.start_ms, candidate.end_ms])[:10]}" if rivals else ""
    return f"timemaps/{job.title_name}{part}{own}.json"


def _range(candidate: Candidate, duration_s: float | None) -> tuple[float, float]:
    """The part of the file that counts, seconds: subtitles may go on where the file has ended."""
    low = 0.0 if candidate.start_ms is None else candidate.start_ms / 1000
    high = 1e7 if duration_s is None else duration_s
    return low, high if candidate.end_ms is None else min(high, candidate.end_ms / 1000)


def _clip_to_range(time_map: TimeMap, candidate: Candidate, duration_s: float | None) -> TimeMap:
    """The map of what the candidate holds; a map goes on past both ends of its evidence.

    For a whole copy nothing is clipped at its ends: there the cutter says `outside_media`. The next
    part holds what lies past the end of one.
    """
    if candidate.part is None and candidate.start_ms is None and candidate.end_ms is None:
        return time_map
    return time_map.invert().clip(*_range(candidate, duration_s)).invert()


def _given_map(job: TitleJob, candidate: Candidate) -> TimeMapFile:
    """A map made before, judged by this run's rules whatever it says of itself."""
    path = Path(job.timemap) / Path(_map_name(job, candidate)).name
    found = read_timemap(path)
    if found is None:
        raise NoTimeMap("no usable time map for this title", path=path)
    good = found.verdict != "wrong_film" and found.confidence >= job.min_confidence
    if job.policy == "paper":
        good = good and found.verdict in ("identity", "translation")
    refused = "accepted" in found.model_fields_set and not found.accepted
    reasons = found.reasons if good or found.reasons else ("wrong_film",)
    return found.model_copy(update={"accepted": good and not refused, "reasons": reasons})


def _offset(candidate: Candidate, start_s: float, before: list[Copy]) -> float:
    """Second of the file at which the annotated copy's clock would be 0: parts follow each other."""
    if candidate.part is None:
        return 0.0
    low, parts = _range(candidate, None)[0], {c.candidate.part: c for c in reversed(before)}
    earlier = [p for n in range(1, candidate.part) if (p := parts.get(n)) and p.duration_s is not None]
    if len(earlier) < candidate.part - 1:
        raise NoTimeMap("an earlier part is missing or cannot be read", path=candidate.path)
    begun = sum(b - a for a, b in (_range(p.candidate, p.duration_s) for p in earlier))
    # A DVD's film is cut between any two packets, and its clock goes on: that says it to the frame.
    by_clock = start_s - parts[1].start_s if begun else 0.0
    if abs(by_clock) > _JOINT_S < abs(by_clock - begun):
        raise NoTimeMap("the clock of the parts does not say where this one begins", path=candidate.path)
    return low - (by_clock if abs(by_clock - begun) < _JOINT_S else begun)


def _map_of(
    job: TitleJob,
    track: AnnotationTrack,
    candidate: Candidate,
    path: Path,
    wanted: Wanted,
    cached: Path,
    offset_s: float,
) -> TimeMapFile:
    if job.timemap == "identity":
        made = identity_map(track, candidate.path, offset_s=offset_s)
    elif job.timemap != "align":
        made = _given_map(job, candidate)
    else:
        params = AlignParams(policy=job.policy, min_confidence=job.min_confidence)
        found = collect(path, wanted)
        part = tuple(e.within(candidate.start_ms, candidate.end_ms) for e in found.evidences)
        usable = tuple(e for e in part if e.tells)
        return solve(
            track, usable, media=candidate.path, params=params, cached=cached, missing=found.missing
        )
    write_timemap(cached, made)
    return made


def examine(job: TitleJob, track: AnnotationTrack, title: Title, source: MediaSource) -> Findings:
    """Make time maps of the candidates, and mark those that clips are cut from.

    Args:
        job: The title's job.
        track: The annotation side.
        title: The title.
        source: Where the files come from; those that lose are released.

    Raises:
        StoreError: A map cannot be written.
    """
    found = Findings([], [], [])
    taken: dict[str, Copy] = {}
    for k, candidate in enumerate(job.candidates):
        if _settled(found.copies, candidate):
            found.messages.append(f"{len(job.candidates) - k} more files were not looked at")
            break
        try:
            copy = _look(job, track, title, candidate, source, taken, found.copies)
        except MediaError as error:
            found.reasons.append(error.code or "invalid_media")
            found.messages.append(str(error))
            continue
        found.copies.append(copy)
    _mark(found)
    _finish(job, found, source)
    return found


def _look(
    job: TitleJob,
    track: AnnotationTrack,
    title: Title,
    candidate: Candidate,
    source: MediaSource,
    taken: dict[str, Copy],
    found: list[Copy],
) -> Copy:
    """One candidate with its time map."""
    path = source.local(candidate.path)
    # Whatever the route: what is no film is told apart before anything is believed.
    info = probe(path)
    rivals = _rivals(job, candidate) > 1
    map_path = _map_name(job, candidate, rivals=rivals)
    length = _length(info, candidate, title)
    if length.says:
        candidate = replace(candidate, evidence=(*candidate.evidence, length.says))
    same = f"{media_hash(path)} {candidate.start_ms} {candidate.end_ms} {candidate.part}" if rivals else ""
    twin = taken.get(same)
    choice = choose_stream(info.audio, title, job.clip.audio_track)
    wanted = Wanted(
        language=title.language,
        cache=Path(job.cache).parent / "heard",
        asr=job.asr,
        track=choice.number if len(info.audio) > 1 else None,
    )
    cached = Path(job.out) / map_path
    offset = _offset(candidate, float(info.start_s), found) if job.timemap == "identity" else 0.0
    made = _map_of(job, track, candidate, path, wanted, cached, offset) if twin is None else twin.map_file
    if not made.accepted and is_cut_off(path, info.container):
        # What is left of a film may not be enough to know it by.
        others = (code for code in made.reasons if code != "wrong_film")
        made = made.model_copy(update={"reasons": tuple(sorted({"truncated_media", *others}))})
    time_map = _clip_to_range(made.time_map(), candidate, info.duration_s) if made.accepted else TimeMap()
    copy = Copy(
        candidate,
        path,
        made,
        map_path if twin is None else twin.map_path,
        time_map,
        why_not=None if twin is None else f"the same content as {twin.candidate.path}",
        duration_s=info.duration_s,
        start_s=float(info.start_s),
        height=max((v.height for v in info.video), default=0),
        sound=choice.refusal is None or not job.clip.wants_audio,
        length=length,
    )
    if same:
        taken.setdefault(same, copy)
    return copy


def _rivals(job: TitleJob, candidate: Candidate) -> int:
    """Candidates for the same place: the whole, or the same part."""
    return sum(c.part == candidate.part for c in job.candidates)


def _length(info: MediaInfo, candidate: Candidate, title: Title) -> LengthFit:
    partly = candidate.part is not None or candidate.start_ms is not None or candidate.end_ms is not None
    return LengthFit() if partly else judge_length(info.duration_s, title.duration_ms)


def _settled(copies: list[Copy], candidate: Candidate) -> bool:
    """Whether one more copy could not change the choice, or enough were looked at."""
    if candidate.part is not None:
        return False
    whole = [c for c in copies if c.candidate.part is None]
    good = [c for c in whole if c.map_file.accepted]
    return any(_is_the_copy(c) for c in good) or (bool(good) and len(whole) >= ENOUGH)


def _is_the_copy(copy: Copy) -> bool:
    """Whether this is the annotated copy itself, as far as can be told: nothing can be better."""
    document = copy.map_file
    sure = document.verdict == "identity" and document.confidence >= 0.99
    aligned = document.evidence.get("kind") not in ("identity", "given")
    return sure and aligned and copy.sound and copy.present == len(document.lines)


def _worth(copy: Copy) -> tuple[float, ...]:
    """What a copy is worth; small differences in lines and confidence are noise of the subtitles."""
    lines = max(1, len(copy.map_file.lines))
    verdict = copy.map_file.verdict
    return (
        copy.map_file.accepted,
        copy.sound,
        round(copy.present / lines * 50),
        copy.length.fit,
        round(copy.map_file.confidence * 20),
        _VERDICTS.index(verdict) if verdict in _VERDICTS else 0,
        copy.height,
        copy.candidate.rank,
    )


def _mark(found: Findings) -> None:
    """Mark the copies to cut from, and say why the others are not."""
    copies = found.copies
    places: dict[int | None, int] = {}
    for k, copy in enumerate(copies):
        if copy.map_file.accepted:
            rival = places.get(copy.candidate.part)
            if rival is None or _worth(copy) > _worth(copies[rival]):
                places[copy.candidate.part] = k
    whole = places.pop(None, None)
    parts = list(places.values())
    if whole is not None and parts:
        # One whole copy, and a set of parts: whichever holds more of the lines.
        together = sum(copies[k].present for k in parts)
        if together > copies[whole].present:
            whole = None
        else:
            parts = []
    chosen = set(parts if whole is None else [whole])
    best = copies[min(chosen)] if chosen else None
    for k, copy in enumerate(copies):
        why = None if k in chosen else copy.why_not or _why_not(copy, best)
        copies[k] = replace(copy, chosen=k in chosen, why_not=why)


def _why_not(copy: Copy, best: Copy | None) -> str:
    document = copy.map_file
    if not document.accepted:
        return f"refused: {', '.join(document.reasons) or document.verdict}"
    if best is None:
        return "refused"
    total = len(document.lines)
    if copy.candidate.part != best.candidate.part:
        return "the whole copy is better" if best.candidate.part is None else "the parts are better"
    if copy.sound != best.sound:
        return "it lacks the sound that is wanted"
    if _worth(copy)[2] != _worth(best)[2]:
        return f"{copy.present} of {total} lines are in it, {best.present} in the other"
    if copy.length.fit != best.length.fit:
        return f"the other's length fits better ({best.length.says})"
    if _worth(copy)[4] != _worth(best)[4]:
        return f"its map is less certain ({document.confidence:.2f}, {best.map_file.confidence:.2f})"
    if document.verdict != best.map_file.verdict:
        return f"its map is {document.verdict}, the other's {best.map_file.verdict}"
    if copy.height != best.height:
        return f"its picture is smaller ({copy.height}, {best.height} lines)"
    return "it is as good; the other came first"


def _finish(job: TitleJob, found: Findings, source: MediaSource) -> None:
    """Put the chosen map (or the best refusal) where the contract has it; let losers go."""
    keep = {k for k, c in enumerate(found.copies) if c.chosen}
    if not keep and found.copies:
        keep = {max(range(len(found.copies)), key=lambda k: found.copies[k].map_file.confidence)}
    for k, copy in enumerate(found.copies):
        final = _map_name(job, copy.candidate)
        if k in keep and copy.map_path != final:
            write_timemap(Path(job.out) / final, copy.map_file)
            found.copies[k] = replace(copy, map_path=final)
    used = {c.candidate.path for c in found.copies if c.chosen}
    for candidate in job.candidates:
        if candidate.path not in used:
            source.release(candidate.path)


def choose(found: Findings) -> list[Copy]:
    """The copies to cut from: the best whole copy, or the parts in order."""
    return sorted((c for c in found.copies if c.chosen), key=lambda c: c.candidate.part or 0)


def title_files(found: Findings) -> tuple[TitleFile, ...]:
    """All files that were looked at, as the title's receipt has them."""
    return tuple(
        TitleFile(
            path=c.candidate.path,
            part=c.candidate.part,
            timemap=c.map_path,
            verdict=c.map_file.verdict,
            confidence=c.map_file.confidence,
            how=c.candidate.how,
            matched_by=c.candidate.evidence,
            chosen=c.chosen,
            why_not=c.why_not,
            duration_s=None if c.duration_s is None else round(c.duration_s, 3),
        )
        for c in found.copies
    )
