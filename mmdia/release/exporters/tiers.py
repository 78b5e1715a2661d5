"""Formats of tiers, one file a title: Praat's TextGrid, written by praatio, and ELAN's, written by pympi.

A tier is a speaker. A tier holds one line at a time: lines of one speaker that overlap go to further tiers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from mmdia.corpus.spool import Spool
from mmdia.release.exporters.registry import Exporter
from mmdia.release.exporters.select import Selection
from mmdia.release.exporters.subtitles import Row, rows_by_title
from mmdia.release.importers.textgrid import ROLE
from mmdia.schema.names import safe_names
from mmdia.store.atomic import atomic_write

#: What XML 1.0 cannot hold.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Tiers = dict[tuple[str, int], list[tuple[int, int, str]]]


def _write(selection: Selection, folder: Path, ending: str, text_of: Callable[[Tiers, int], str]) -> None:
    with Spool(folder) as spool:
        names: dict[str, str] = {}
        for title_id, rows in groupby(rows_by_title(selection, spool, shown=False), key=itemgetter(0)):
            names = names or safe_names(t for t in {*selection.titles, *spool.titles()} if t)
            tiers = _tiers(rows)
            title = selection.titles.get(title_id)
            end = max(
                max(end for lines in tiers.values() for _, end, _ in lines),
                (title and title.duration_ms) or 0,
            )
            with atomic_write(folder / f"{names[title_id]}.{ending}") as stream:
                stream.write(text_of(tiers, end).encode("utf-8"))


def _tiers(rows: Iterable[Row]) -> Tiers:
    """Lines by speaker and by place among the speaker's tiers; rows come in order of time."""
    tiers: Tiers = {}
    for _, start, end, speakers, text in rows:
        who = "+".join(speakers)
        lane = 0
        while tiers.get((who, lane)) and tiers[who, lane][-1][1] > start:
            lane += 1
        tiers.setdefault((who, lane), []).append((start, end, text))
    return tiers


def _names(tiers: Tiers) -> dict[tuple[str, int], str]:
    """Names of the tiers as our importer, and the forced aligner, read them."""
    return {
        (who, lane): (f"{who} - overlap {lane}" if who else f"overlap {lane}")
        if lane
        else (f"{who} - text" if who and ROLE.match(who) else who or "text")
        for who, lane in tiers
    }


def _textgrid(tiers: Tiers, end: int) -> str:
    from praatio.utilities.textgrid_io import getTextgridAsStr

    whole = {"xmin": 0, "xmax": end / 1000}
    rows = [
        {
            "class": "IntervalTier", "name": _names(tiers)[key], **whole,
            "entries": [(start / 1000, stop / 1000, text) for start, stop, text in lines],
        }
        for key, lines in tiers.items()
    ]  # fmt: skip
    return str(getTextgridAsStr({**whole, "tiers": rows}, "long_textgrid", includeBlankSpaces=True))


def _elan(tiers: Tiers, end: int) -> str:
    from pympi.Elan import Eaf, to_string

    eaf = Eaf(author="mmdia")
    names = _names(tiers)
    for (who, lane), lines in tiers.items():
        tier = _NO_XML.sub("\ufffd", names[who, lane])
        eaf.add_tier(tier, part=_NO_XML.sub("\ufffd", who) or None)
        for start, stop, text in lines:
            eaf.add_annotation(tier, start, stop, _NO_XML.sub("\ufffd", text))
    eaf.remove_tier("default", clean=False) if "default" not in names.values() else None
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{to_string(eaf)}'


EXPORTERS = {
    "textgrid": Exporter(
        "textgrid",
        "Praat's TextGrid a title (folder)",
        True,
        lambda s, p: _write(s, p, "TextGrid", _textgrid),
    ),
    "elan": Exporter("elan", "ELAN's .eaf a title (folder)", True, lambda s, p: _write(s, p, "eaf", _elan)),
}
