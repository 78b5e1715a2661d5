"""RTTM: who speaks when (NIST Rich Transcription 2009, appendix A), with UEM for what was annotated.

``SPEAKER file channel start duration <NA> <NA> speaker <NA> <NA>``, times in seconds. ``SPKR-INFO`` lines
give the gender. Other kinds of lines hold no turn of a speaker and are counted. Turns have no text.
Names with spaces are no RTTM, yet common: they are told by the empty fields that every line has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmdia.release.importers.clock import exact
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import GENDERS, Segment, end_ms, fields_of, items, seconds_ms, split_uem

_NOTHING = frozenset({"<NA>", "NA", "<na>", ""})
#: A line has 9 fields, 10 with signal lookahead; shorter ones are common where the last are <NA>.
_FEWEST = 8
_MOST = 10
#: Fields 3 and on: start, duration, two empty ones; of SPKR-INFO, three empty ones.
_ANCHORS = {"SPEAKER": "##--", "SPKR-INFO": "---"}


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
            cells = _whole(line.split())
            if len(cells) < _FEWEST or len(cells) > _MOST:
                ledger.lose("broken_row", where=where, what=line)
            elif cells[0].upper() == "SPKR-INFO":
                gender = GENDERS.get(cells[6].lower())
                if gender:
                    facts.setdefault(cells[1], {}).setdefault(cells[7], {})["gender"] = gender
                ledger.keep()
            elif cells[0].upper() != "SPEAKER":
                ledger.lose("other_row", where=where, what=cells[0])
            else:
                _take(cells, where, segments, ledger)
    yield from items(segments, regions, options, ledger, dataset="RTTM", facts=facts)


def _whole(cells: list[str]) -> list[str]:
    """The cells with those of one name together, where a name has spaces; else as they are.

    >>> _whole("SPEAKER my film.mkv 1 0.5 1 <NA> <NA> Old man <NA> <NA>".split())[1::6]
    ['my film.mkv', 'Old man']
    """
    anchor = _ANCHORS.get(cells[0].upper(), "")
    for k in range(3, len(cells) - len(anchor)) if anchor else ():
        found = zip(anchor, cells[k : k + len(anchor)], strict=True)
        if all(cell in _NOTHING if sign == "-" else exact(cell) is not None for sign, cell in found):
            head, tail = [cells[0], " ".join(cells[1 : k - 1]), *cells[k - 1 : k + 4]], cells[k + 4 :]
            n_names = max(1, len(tail) - 2)
            is_ended = all(cell in _NOTHING or exact(cell) is not None for cell in tail[n_names:])
            return [*head, " ".join(tail[:n_names]), *tail[n_names:]] if is_ended else cells
    return cells


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
