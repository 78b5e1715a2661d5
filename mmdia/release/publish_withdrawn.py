"""Cue tracks without the words of dialogues that were taken back."""

from __future__ import annotations

from pathlib import Path

from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import iter_dialogues, load_titles, withdrawals
from mmdia.errors import SubtitleError
from mmdia.schema.dialogue import nominal_span_ms
from mmdia.schema.names import safe_name, safe_names
from mmdia.subtitles.read import read_subtitles
from mmdia.subtitles.write import write_srt, write_vtt

#: Start and end of a dialogue, milliseconds.
Window = tuple[int, int]


def withdrawn_windows(handle: ReleaseHandle) -> dict[str, list[Window | None]]:
    """Times of single dialogues that are withdrawn, by the name of their title's files in lower case.

    None stands for a dialogue without times: its words may be anywhere in the track.
    """
    gone = withdrawals(handle)
    found: dict[str, list[Window | None]] = {}
    if not gone.dialogues:
        return found
    names = safe_names(load_titles(handle, keep_withdrawn=True))
    for dialogue in iter_dialogues(handle, keep_withdrawn=True):
        if dialogue.dialogue_id in gone.dialogues and dialogue.title_id is not None:
            name = names.get(dialogue.title_id) or safe_name(dialogue.title_id)
            found.setdefault(name.lower(), []).append(nominal_span_ms(dialogue))
    return found


def track_without(path: Path, windows: list[Window | None]) -> str | None:
    """The text of a cue track without the cues that share time with a window.

    Returns:
        None where the track cannot be read whole and written anew: then it must stay behind.
    """
    write = {".srt": write_srt, ".vtt": write_vtt}.get(path.suffix.lower())
    if write is None:
        return None
    try:
        track = read_subtitles(path)
    except SubtitleError:
        return None
    if track.lost:
        return None
    spans = [span for span in windows if span is not None]
    kept = [
        cue
        for cue in track.cues
        if not any(cue.start_ms < end and start < max(cue.end_ms, cue.start_ms + 1) for start, end in spans)
    ]
    return write(kept)
