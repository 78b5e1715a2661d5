"""STM: segments with speaker and text (NIST sclite).

``file channel speaker start end [<labels>] text``, times in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import Segment, fields_of, items, seconds_ms, split_uem

_IGNORED = frozenset({"inter_segment_gap", "excluded_region"})
_IGNORE_TEXT = "ignore_time_segment_in_scoring"


def accepts(files: Sequence[Path]) -> bool:
    """Whether one of the files is an STM."""
    return any(path.suffix.lower() == ".stm" for path in files)


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each recording that the lines name."""
    tables, regions = split_uem(files, options, ledger)
    segments: list[Segment] = []
    for path in tables:
        for where, line in fields_of(path, options, ledger):
            ledger.read()
            cells = line.split(maxsplit=5)
            if len(cells) < 5:
                ledger.lose("broken_row", where=where, what=line)
                continue
            recording, _, speaker = cells[:3]
            text = cells[5].strip() if len(cells) > 5 else ""
            if text.startswith("<") and ">" in text:
                text = text.split(">", 1)[1].strip()
            start, end = seconds_ms(cells[3]), seconds_ms(cells[4])
            if start is None or end is None:
                ledger.lose("bad_time", where=where, what=f"{cells[3]} to {cells[4]}")
            elif speaker.lower() in _IGNORED or text.lower() == _IGNORE_TEXT:
                ledger.lose("ignored_segment", where=where, what=speaker)
            else:
                segments.append(Segment(recording, speaker, start, end, text, where))
    yield from items(segments, regions, options, ledger, dataset="STM")


IMPORTER = Importer(
    "stm", "STM (segments with text), with UEM", (".stm", ".uem"), accepts, read, any_suffix=True
)
