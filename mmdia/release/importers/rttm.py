"""RTTM: who speaks when (NIST Rich Transcription 2009, appendix A), with UEM for what was annotated.

``SPEAKER file channel start duration <NA> <NA> speaker <NA> <NA>``, times in seconds. ``SPKR-INFO`` lines
give the gender. Other kinds of lines hold no turn of a speaker and are counted. Turns have no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import Segment, end_ms, fields_of, items, seconds_ms, split_uem

_GENDERS = {"adult_male": "male", "adult_female": "female", "male": "male", "female": "female"}
_NOTHING = frozenset({"<NA>", "NA", "<na>", ""})
#: A line has 9 fields, 10 with signal lookahead; shorter ones are common where the last are <NA>.
_FEWEST = 8


def accepts(files: Sequence[Path]) -> bool:
    """Whether one of the files is an RTTM."""
    return any(path.suffix.lower() == ".rttm" for path in files)


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each file that the lines name."""
    tables, regions = split_uem(files, options, ledger)
    segments: list[Segment] = []
    facts: dict[str, dict[str, dict[str, str]]] = {}
    for path in tables:
        for where, line in fields_of(path, options, ledger):
            ledger.read()
            cells = line.split()
            if len(cells) < _FEWEST:
                ledger.lose("broken_row", where=where, what=line)
            elif cells[0].upper() == "SPKR-INFO":
                gender = _GENDERS.get(cells[6].lower())
                if gender:
                    facts.setdefault(cells[1], {}).setdefault(cells[7], {})["gender"] = gender
                ledger.keep()
            elif cells[0].upper() != "SPEAKER":
                ledger.lose("other_row", where=where, what=cells[0])
            else:
                _take(cells, where, segments, ledger)
    yield from items(segments, regions, options, ledger, dataset="RTTM", facts=facts)


def _take(cells: Sequence[str], where: str, segments: list[Segment], ledger: Ledger) -> None:
    start, end = seconds_ms(cells[3]), end_ms(cells[3], cells[4])
    if start is None or end is None:
        ledger.lose("bad_time", where=where, what=f"{cells[3]} + {cells[4]}")
        return
    speaker = "" if cells[7] in _NOTHING else cells[7]
    confidence = None
    if len(cells) > 8 and cells[8] not in _NOTHING:
        try:
            confidence = float(cells[8])
        except ValueError:
            ledger.note("bad_number", where=where, what=cells[8])
        if confidence is not None and not 0 <= confidence <= 1:
            ledger.note("bad_number", where=where, what=cells[8])
            confidence = None
    segments.append(Segment(cells[1], speaker, start, end, None, where, 1, confidence))


IMPORTER = Importer(
    "rttm", "RTTM (who speaks when), with UEM", (".rttm", ".uem"), accepts, read, any_suffix=True
)
