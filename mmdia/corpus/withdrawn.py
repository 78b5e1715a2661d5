"""What lies beside the tables (cue tracks, papers), without the words of dialogues that were taken back."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import iter_dialogues, withdrawals
from mmdia.errors import SubtitleError
from mmdia.schema.dialogue import Dialogue, nominal_span_ms
from mmdia.store.atomic import atomic_write, make_folder, write_text
from mmdia.subtitles.read import read_subtitles
from mmdia.subtitles.write import write_srt, write_vtt

#: Start and end of a dialogue, milliseconds.
Window = tuple[int, int]
#: Lines that are shorter occur anywhere.
_SHORTEST = 12


@dataclass(slots=True)
class TakenBack:
    """Words that must not be passed on.

    Attributes:
        windows: Times of withdrawn dialogues by title; None stands for one without times, whose words
            may be anywhere in a track.
        lines: What is said in them, folded.
    """

    windows: dict[str, list[Window | None]] = field(default_factory=dict)
    lines: set[str] = field(default_factory=set)

    def add(self, dialogues: Iterable[Dialogue]) -> None:
        """Add withdrawn dialogues."""
        for dialogue in dialogues:
            if dialogue.title_id is not None:
                self.windows.setdefault(dialogue.title_id, []).append(nominal_span_ms(dialogue))
            texts = (text for turn in dialogue.turns for text in (turn.text, turn.raw_text) if text)
            self.lines |= {line for line in map(_folded, texts) if len(line) >= _SHORTEST}

    def copy(self, path: Path, target: Path, title_id: str | None = None) -> bool:
        """Copy a file without these words.

        Args:
            path: A cue track or fingerprint of a title, or a paper.
            target: Where to.
            title_id: The title; None for a paper.

        Returns:
            False where the words cannot be told from the rest: then the file stays behind.
        """
        windows = self.windows.get(title_id or "") if path.parent.name == "subtitles" else None
        if windows is not None:
            text = None if None in windows else track_without(path, windows)
            if text is not None:
                write_text(target, text)
            return text is not None
        if title_id is None and self.lines:
            said = _folded(path.read_text("utf-8", errors="replace"))
            if any(line in said for line in self.lines):
                return False
        make_folder(target.parent)
        with path.open("rb") as stream, atomic_write(target) as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        return True


def taken_back(handle: ReleaseHandle) -> TakenBack:
    """What of a release's words it has withdrawn itself."""
    found, gone = TakenBack(), withdrawals(handle)
    if gone:
        rows = iter_dialogues(handle, keep_withdrawn=True, on_broken=lambda _: None)
        found.add(row for row in rows if gone.covers(row.dialogue_id, row.title_id))
    return found


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


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
