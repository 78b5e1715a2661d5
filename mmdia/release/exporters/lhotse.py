"""lhotse's cuts: a dialogue is a MonoCut of its title's recording, a turn a supervision of it.

The sound is not named: who has it joins recordings of the same names. Supervisions count from the cut's
start. Styles and emotions are under ``custom``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmdia.release.exporters.registry import Exporter
from mmdia.release.exporters.select import Selection, times
from mmdia.store.atomic import atomic_write

_TURN = ("style", "emotion", "sentiment", "emotion_intensity")
_CUT = ("split", "description", "summary", "emotional_tone")


def _cuts(selection: Selection) -> Iterator[dict[str, Any]]:
    for dialogue in selection.rows():
        rows = []
        for index, turn in enumerate(dialogue.turns):
            span = times(turn)
            if isinstance(span, str) or dialogue.title_id is None:
                selection.skip(span if isinstance(span, str) else "no_times")
            elif span[0] == span[1]:
                selection.skip("turn_end")  # lhotse has no supervision without length
            else:
                rows.append((index, turn, *span))
        starts, ends = [row[2] for row in rows], [row[3] for row in rows]
        start = min([*starts, *([] if dialogue.start_ms is None else [dialogue.start_ms])], default=0)
        end = max([*ends, *([] if dialogue.end_ms is None else [dialogue.end_ms])], default=start)
        if dialogue.title_id is None or end <= start:
            continue
        place = {"recording_id": dialogue.title_id, "channel": 0}
        yield {
            "id": dialogue.dialogue_id, "start": start / 1000, "duration": (end - start) / 1000,
            "supervisions": [
                {
                    "id": f"{dialogue.dialogue_id}-{index}", **place, "start": (first - start) / 1000,
                    "duration": (last - first) / 1000, "text": turn.text,
                    "speaker": "+".join(turn.speakers) or None, "custom": _known(turn, _TURN),
                }
                for index, turn, first, last in rows
            ],
            "custom": {"recording_id": dialogue.title_id, **_known(dialogue, _CUT)},
            "channel": 0, "type": "MonoCut",
        }  # fmt: skip


def _known(record: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(record, name)) is not None}


def _write(selection: Selection, path: Path) -> None:
    """Gzipped where the name says so: by that lhotse tells, too."""
    with atomic_write(path) as raw:
        stream = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if ".gz." in f"{path.name}." else None
        for cut in _cuts(selection):
            line = (json.dumps(cut, ensure_ascii=False) + "\n").encode("utf-8")
            (stream or raw).write(line)
        if stream is not None:
            stream.close()


EXPORTERS = {"lhotse": Exporter("lhotse", "lhotse's cuts, .jsonl or .jsonl.gz (file)", False, _write)}
