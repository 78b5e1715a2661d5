"""The candidate files of a title: time maps, verdicts, and which of them clips are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmdia.errors import MediaError, MediaNotFound, MmdiaError
from mmdia.media.probe import probe
from mmdia.rebuild.config import TitleJob
from mmdia.rebuild.match import Candidate
from mmdia.schema.time import TimeMap
from mmdia.schema.timemap import TimeMapFile
from mmdia.schema.title import Title
from mmdia.sync.annotation import AnnotationTrack
from mmdia.sync.evidence import Wanted, collect
from mmdia.sync.timemap import AlignParams, identity_map, read_timemap, solve, write_timemap


class NoTimeMap(MediaError):
    """The folder of time maps that the user named has none for this title."""


@dataclass(frozen=True)
class Copy:
    """One candidate file with its time map.

    Attributes:
        candidate: The file.
        path: Its full path.
        map_file: The time map, accepted or not.
        map_path: Where the map is written, relative to the output folder.
        time_map: The map as a value, cut to the candidate's range; empty when refused.
    """

    candidate: Candidate
    path: Path
    map_file: TimeMapFile
    map_path: str
    time_map: TimeMap


@dataclass
class Findings:
    """What was learned about the candidates."""

    copies: list[Copy]
    reasons: list[str]
    messages: list[str]


def _media_reason(error: MmdiaError) -> str:
    text = str(error).lower()
    if isinstance(error, MediaNotFound):
        return "missing_media"
    if isinstance(error, NoTimeMap):
        return "no_timemap"
    if "git lfs" in text or "git-lfs" in text:
        return "lfs_pointer"
    return "truncated_media" if "truncated" in text or "incomplete" in text else "invalid_media"


def _map_name(job: TitleJob, candidate: Candidate) -> str:
    part = "" if candidate.part is None else f".p{candidate.part}"
    return f"timemaps/{job.title_name}{part}.json"


def _clip_to_range(time_map: TimeMap, candidate: Candidate) -> TimeMap:
    if candidate.start_ms is None and candidate.end_ms is None:
        return time_map
    low = -1e7 if candidate.start_ms is None else candidate.start_ms / 1000
    high = 1e7 if candidate.end_ms is None else candidate.end_ms / 1000
    return time_map.invert().clip(low, high).invert()


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


def _map_of(
    job: TitleJob, track: AnnotationTrack, candidate: Candidate, path: Path, title: Title
) -> TimeMapFile:
    cached = Path(job.out) / _map_name(job, candidate)
    probe(path)  # whatever the route: what is no film is told apart before anything is believed
    if job.timemap == "identity":
        made = identity_map(track, candidate.path)
    elif job.timemap != "align":
        made = _given_map(job, candidate)
    else:
        params = AlignParams(policy=job.policy, min_confidence=job.min_confidence)
        found = collect(path, Wanted(language=title.language, cache=Path(job.cache).parent / "heard"))
        part = tuple(e.within(candidate.start_ms, candidate.end_ms) for e in found.evidences)
        usable = tuple(e for e in part if e.tells)
        return solve(
            track, usable, media=candidate.path, params=params, cached=cached, missing=found.missing
        )
    write_timemap(cached, made)
    return made


def examine(job: TitleJob, track: AnnotationTrack, title: Title) -> Findings:
    """Make time maps of the candidates: parts all, alternatives until one is accepted."""
    found = Findings([], [], [])
    for candidate in job.candidates:
        path = Path(job.media_dir) / candidate.path
        try:
            made = _map_of(job, track, candidate, path, title)
        except MediaError as error:
            found.reasons.append(_media_reason(error))
            found.messages.append(str(error))
            continue
        time_map = _clip_to_range(made.time_map(), candidate) if made.accepted else TimeMap()
        found.copies.append(Copy(candidate, path, made, _map_name(job, candidate), time_map))
        if made.accepted and candidate.part is None:
            break
    return found


def choose(found: Findings) -> list[Copy]:
    """The copies to cut from: every accepted part, or the first accepted file."""
    accepted = [c for c in found.copies if c.map_file.accepted]
    parts = [c for c in accepted if c.candidate.part is not None]
    return parts or accepted[:1]
