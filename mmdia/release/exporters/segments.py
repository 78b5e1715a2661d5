"""Formats of segments for the field's scorers: RTTM, STM and SegLST. Turns without times are counted.

One recording is a title, on the annotation timeline, or a dialogue, from its first turn. Identifiers
with spaces become file-safe names, since these formats end a field at a space.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mmdia.release.exporters.registry import Exporter
from mmdia.release.exporters.select import Selection, times
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.names import safe_name
from mmdia.store.atomic import atomic_write

#: What a field cannot hold: space, a start of comments, and the word for nothing.
_LOOSE = re.compile(r"\s|^;;|^<NA>$|^$")


@dataclass(frozen=True, slots=True)
class _Segment:
    recording: str
    speakers: tuple[str, ...]
    start_ms: int
    end_ms: int
    text: str | None


def _segments(selection: Selection, *, needs_text: bool) -> Iterator[_Segment]:
    per_dialogue = selection.options.per == "dialogue"
    for dialogue in selection.rows():
        recording = dialogue.dialogue_id if per_dialogue else dialogue.title_id
        zero = _first(dialogue) if per_dialogue else 0
        for turn in dialogue.turns:
            span = times(turn)
            if isinstance(span, str) or recording is None:
                selection.skip(span if isinstance(span, str) else "no_times")
            elif not turn.speakers:
                selection.skip("no_speaker")
            elif needs_text and turn.text is None:
                selection.skip("no_text")
            else:
                yield _Segment(recording, turn.speakers, span[0] - zero, span[1] - zero, turn.text)


def _first(dialogue: Dialogue) -> int:
    def start(turn: Turn) -> list[int]:
        return [] if turn.start_ms is None else [turn.start_ms]

    return min((s for turn in dialogue.turns for s in start(turn)), default=0)


def _token(identifier: str) -> str:
    return (safe_name(identifier) if identifier else "~") if _LOOSE.search(identifier) else identifier


def _seconds(ms: int) -> str:
    """Milliseconds as seconds, exactly."""
    sign, ms = ("-" if ms < 0 else ""), abs(ms)
    return f"{sign}{ms // 1000}.{ms % 1000:03d}"


def _rttm(segment: _Segment) -> str:
    """A line for each who speaks, as the format has no word for several."""
    start, length = _seconds(segment.start_ms), _seconds(segment.end_ms - segment.start_ms)
    return "".join(
        f"SPEAKER {_token(segment.recording)} 1 {start} {length} <NA> <NA> {_token(speaker)} <NA> <NA>\n"
        for speaker in segment.speakers
    )


def _stm(segment: _Segment) -> str:
    speaker = "+".join(_token(s) for s in segment.speakers)
    text = " ".join((segment.text or "").split())
    # A word in angle brackets in this place would be taken for the labels of the segment.
    text = f"<o> {text}" if text.startswith("<") else text
    start, end = _seconds(segment.start_ms), _seconds(segment.end_ms)
    return f"{_token(segment.recording)} 1 {speaker} {start} {end} {text}\n"


def _lines(selection: Selection, path: Path, line: Callable[[_Segment], str], *, needs_text: bool) -> None:
    with atomic_write(path) as stream:
        for segment in _segments(selection, needs_text=needs_text):
            stream.write(line(segment).encode("utf-8"))


def _seglst(selection: Selection, path: Path) -> None:
    with atomic_write(path) as stream:
        lead = b"[\n"
        for segment in _segments(selection, needs_text=True):
            row = {
                "session_id": segment.recording, "speaker": "+".join(segment.speakers),
                "start_time": _seconds(segment.start_ms), "end_time": _seconds(segment.end_ms),
                "words": segment.text,
            }  # fmt: skip
            stream.write(lead + json.dumps(row, ensure_ascii=False).encode("utf-8"))
            lead = b",\n"
        stream.write(b"[]\n" if lead == b"[\n" else b"\n]\n")


EXPORTERS = {
    "rttm": Exporter(
        "rttm", "who speaks when (file)", False, lambda s, p: _lines(s, p, _rttm, needs_text=False)
    ),
    "stm": Exporter(
        "stm",
        "segments with speaker and text (file)",
        False,
        lambda s, p: _lines(s, p, _stm, needs_text=True),
    ),
    "seglst": Exporter("seglst", "the same as JSON, for cpWER tools (file)", False, _seglst),
}
