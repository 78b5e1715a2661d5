"""ELAN's annotations (``.eaf``), read by pympi: an annotation of a tier without a parent is a turn.

The speaker is the tier's PARTICIPANT, else its name. Annotations of dependent tiers (translations, glosses,
words) are parts of the turn that they belong to and are kept under its extra key ``tiers``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import Segment, host, items
from mmdia.release.importers.textgrid import ROLE

_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
_ANNOTATION = re.compile(rb"<(?:ALIGNABLE|REF)_ANNOTATION\b")


def accepts(files: Sequence[Path]) -> bool:
    """Whether one of the files is ELAN's."""
    return any(path.suffix.lower() == ".eaf" for path in files)


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each file."""
    segments = [found for path in files for found in _turns(path, ledger)]
    yield from items(segments, None, options, ledger, dataset="ELAN")


def _turns(path: Path, ledger: Ledger) -> list[Segment]:
    from pympi.Elan import Eaf, parse_eaf

    n_rows = max(1, len(_ANNOTATION.findall(path.read_bytes())))
    ledger.read(n_rows)
    try:
        eaf = Eaf()
        eaf.adocument[_SCHEMA] = ""  # which pympi deletes, whether the file names one or not
        parse_eaf(str(path), eaf, suppress_version_warning=True)
    except Exception as error:  # pympi has no error of its own: what is wrong comes as it fell
        place = getattr(error.__context__, "position", None)
        where = f"{path.name}:{place[0]}" if place else path.name
        what = f"{type(error).__name__} {error}" if place is None else error.__context__
        ledger.lose("broken_row", n_rows, where=where, what=what)
        return []
    found = sum(len(aligned) + len(refs) for aligned, refs, _, _ in eaf.tiers.values())
    if n_rows > max(1, found):
        ledger.lose("duplicate_row", n_rows - found, where=path.name, what="identifiers of annotations")
    elif not found:
        ledger.lose("missing_field", where=path.name, what="annotations")
    return _of_tiers(eaf, path, ledger)


def _of_tiers(eaf: Any, path: Path, ledger: Ledger) -> list[Segment]:
    known: dict[str, Segment] = {}
    by_tier: dict[str, list[Segment]] = {}
    # A parent comes before its children, whatever the order of the file.
    for tier in sorted(eaf.tiers, key=lambda tier: _depth(tier, eaf.tiers)):
        aligned, _, head, _ = eaf.tiers[tier]
        hosts = by_tier.get(head.get("PARENT_REF"), [])
        spans = _spans(aligned, eaf.timeslots)
        for name, (_, _, text, _) in aligned.items():
            where, (start, end, is_told) = f"{path.name}#{name}", spans[name]
            if start is None or end is None:
                ledger.lose("bad_time", where=where, what=text)
                continue
            if not is_told:
                ledger.note("time_between", where=where, what=text)
            if found := host(hosts, (start + end) / 2):
                _part(found, tier, {"text": text, "start_ms": start, "end_ms": end})
                known[name] = found
                continue
            role = ROLE.match(tier)
            named = (role["who"] or "") if role else tier
            who = head.get("PARTICIPANT") or ("" if tier == "default" else named)
            extra = {} if who == named else {"tier": tier}
            known[name] = Segment(path.stem, who, start, end, text.strip(), where, extra=extra)
            by_tier.setdefault(tier, []).append(known[name])
        by_tier.setdefault(tier, hosts)
        by_tier[tier].sort(key=lambda segment: segment.start_ms or 0)
    refs = {name: (tier, row) for tier, (_, rows, _, _) in eaf.tiers.items() for name, row in rows.items()}
    for name, (tier, (parent, text, _, _)) in refs.items():
        seen = {name}
        while parent in refs and parent not in seen:
            seen.add(parent)
            parent = refs[parent][1][0]
        if parent in known:
            _part(known[parent], tier, {"text": text})
        else:
            ledger.lose("missing_field", where=f"{path.name}#{name}", what=f"what {text!r} belongs to")
    return list({id(segment): segment for segment in known.values()}.values())


def _part(segment: Segment, tier: str, part: dict[str, Any]) -> None:
    segment.extra.setdefault("tiers", {}).setdefault(tier, []).append(part)
    segment.n_rows += 1


def _depth(tier: str, tiers: Mapping[str, Any]) -> int:
    seen: list[str] = []
    while tier in tiers and tier not in seen:
        seen.append(tier)
        tier = tiers[tier][2].get("PARENT_REF", "")
    return len(seen)


def _spans(
    aligned: Mapping[str, Any], slots: Mapping[str, int | None]
) -> dict[str, tuple[int | None, int | None, bool]]:
    """Start and end, and whether the file says both: other times lie evenly between their neighbours."""
    order = list(dict.fromkeys(slot for row in aligned.values() for slot in row[:2]))
    times = {slot: slots.get(slot) for slot in order}
    told = [k for k, slot in enumerate(order) if times[slot] is not None]
    for left, right in pairwise(told):
        first, last = slots[order[left]] or 0, slots[order[right]] or 0
        for k in range(left + 1, right):
            times[order[k]] = first + round((last - first) * (k - left) / (right - left))
    return {
        name: (times[row[0]], times[row[1]], None not in (slots.get(row[0]), slots.get(row[1])))
        for name, row in aligned.items()
    }


IMPORTER = Importer("elan", "ELAN's annotations", (".eaf",), accepts, read, any_suffix=True)
