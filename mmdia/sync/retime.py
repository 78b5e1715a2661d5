"""A retimed subtitle file from a time map: every annotation cue, none dropped, none clipped."""

from __future__ import annotations

from dataclasses import replace

from mmdia.schema.time import s_to_ms
from mmdia.schema.timemap import TimeMapFile
from mmdia.subtitles.write import write_srt
from mmdia.sync.annotation import AnnotationTrack


def retimed_srt(track: AnnotationTrack, document: TimeMapFile) -> tuple[str, int]:
    """The annotation's cues on the media timeline, as SRT text.

    Absent lines are written where the map extrapolates them. Where there is no map (the wrong
    film), cues keep their own times. SRT has no negative times: cues that would start before 0 are
    written at 0 and counted.

    Args:
        track: What was aligned.
        document: Its time map.

    Returns:
        The text, and how many cues were moved to 0.
    """
    time_map = document.time_map()
    cues, clamped = [], 0
    for i, cue in enumerate(track.cues):
        if not time_map.segments:
            start, end = cue.start_s, cue.end_s
        elif track.lines_are_cues:
            start, end = document.lines[i].start, document.lines[i].end
        else:
            start, end = time_map.extrapolate(cue.start_s), time_map.extrapolate(cue.end_s)
        start_ms, end_ms = s_to_ms(start), s_to_ms(max(start, end))
        if start_ms < 0:
            clamped += 1
        cues.append(replace(cue, start_ms=max(0, start_ms), end_ms=max(0, end_ms)))
    return write_srt(cues), clamped
