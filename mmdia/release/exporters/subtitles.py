"""A subtitle file for each title, with the speaker's name before each line."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path

from mmdia.corpus.spool import Spool
from mmdia.release.exporters.registry import Exporter
from mmdia.release.exporters.select import Selection, times
from mmdia.schema.names import safe_names
from mmdia.store.atomic import atomic_write

Row = tuple[str, int, int, list[str], str]


def rows_by_title(selection: Selection, spool: Spool, *, shown: bool = True) -> Iterator[Row]:
    """Lines by title and start, whatever the order of the release; they wait on disk.

    Args:
        selection: What is exported; what has no time, length or text is counted there.
        spool: Where the lines wait.
        shown: Speakers by the names shown to readers; else by their identifiers.
    """
    count = 0
    for dialogue in selection.rows():
        for turn in dialogue.turns:
            span = times(turn)
            if isinstance(span, str) or dialogue.title_id is None:
                selection.skip(span if isinstance(span, str) else "no_times")
            elif span[0] == span[1]:
                selection.skip("turn_end")  # a cue that is never on screen
            elif span[0] < 0:
                selection.skip("negative_time")
            elif turn.text is None or not turn.text.strip():
                selection.skip("no_text" if turn.text is None else "empty_text")
            else:
                who = selection.names(dialogue, turn) if shown else list(turn.speakers)
                row = (dialogue.title_id, *span, who, turn.text)
                spool.add(str(count), dialogue.title_id, span[0], json.dumps(row))
                count += 1
    for piece in spool.lines(spool.order()):
        for line in piece.split(b"\n")[:-1]:
            title_id, start, end, names, text = json.loads(line)
            yield title_id, start, end, names, text


def _write(selection: Selection, folder: Path, ending: str) -> None:
    with Spool(folder) as spool:
        rows = rows_by_title(selection, spool)
        pending = next(rows, None)
        # Names that differ in case only need each other to be known, so all titles are named at once.
        names = safe_names(t for t in {*selection.titles, *spool.titles()} if t)
        while pending is not None:
            title_id, number = pending[0], 0
            name = names.get(title_id, "~")
            with atomic_write(folder / f"{name}.{ending}") as stream:
                if ending == "vtt":
                    stream.write(b"WEBVTT\n\n")
                while pending is not None and pending[0] == title_id:
                    number += 1
                    stream.write(_cue(number, pending, ending).encode("utf-8"))
                    pending = next(rows, None)


def _cue(number: int, row: Row, ending: str) -> str:
    _, start, end, names, text = row
    # A blank line would end the cue.
    lines = "\n".join(line for line in text.replace("-->", "--\u200b>").splitlines() if line.strip())
    who = " and ".join(" ".join(name.split()) for name in names)
    if ending == "vtt":
        voice = f"<v {html.escape(who, quote=False)}>" if who else ""
        return f"{_clock(start, '.')} --> {_clock(end, '.')}\n{voice}{html.escape(lines, quote=False)}\n\n"
    lead = f"{who}: " if who else ""
    return f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{lead}{lines}\n\n"


def _clock(ms: int, point: str) -> str:
    s = ms // 1000
    return f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}{point}{ms % 1000:03d}"


EXPORTERS = {
    "srt": Exporter(
        "srt", "a subtitle a title, NAME: text (folder)", True, lambda s, p: _write(s, p, "srt")
    ),
    "vtt": Exporter(
        "vtt", "a subtitle a title, <v Name>text (folder)", True, lambda s, p: _write(s, p, "vtt")
    ),
}
