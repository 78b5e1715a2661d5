"""lhotse's supervisions and cuts (Żelasko et al., 2021), as JSON or JSONL, gzipped or not.

A supervision is a turn of its recording, which is the title; recordings beside it say how long that is. A
cut is a dialogue: its supervisions count from its start, so both are added. A mixed cut has no recording of
its own: it is a title, its clock starts with it. What lhotse knows and a release does not (``custom``,
``channel``, ``alignment``) is kept as extra keys; times of aligned words are on the title's clock, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from mmdia.errors import ReleaseError
from mmdia.release.importers.clock import LONGEST_MS, exact, seconds_ms
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.shape import bare_title, build, extras, split_option
from mmdia.release.importers.speech import GENDERS, Segment, items, turn_of
from mmdia.release.importers.tables import Row, first_of, json_rows, plain_suffix
from mmdia.schema.dialogue import Source, Speaker
from mmdia.schema.title import Title

_SUPERVISION = frozenset({"id", "recording_id", "start", "duration"})
_PLACED = frozenset({"recording_id", "start", "duration", "text", "speaker", "gender", "alignment"})
#: Where the sound and its features lie says nothing to others.
_CUT_PLACED = frozenset(
    {"id", "start", "duration", "supervisions", "recording", "features", "type", "tracks"}
)


def accepts(files: Sequence[Path]) -> bool:
    """Whether the JSON files hold supervisions or cuts."""
    tables = [path for path in files if plain_suffix(path) in (".json", ".jsonl")]
    return bool(tables) and any(_is_one(first_of(path)) for path in tables)


def _is_one(row: Mapping[str, Any]) -> bool:
    return set(row) >= _SUPERVISION or _is_cut(row)


def _is_cut(row: Mapping[str, Any]) -> bool:
    return (
        "supervisions" in row or str(row.get("type")).endswith("Cut") or isinstance(row.get("tracks"), list)
    )


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each recording, a dialogue for each cut; supervisions alone are cut by their pauses."""
    loose: list[Segment] = []
    facts: dict[str, dict[str, dict[str, str]]] = {}
    for path in files:
        if plain_suffix(path) not in (".json", ".jsonl"):
            ledger.read()
            ledger.lose("other_row", where=path.name, what="no JSON")
            continue
        try:
            for row in json_rows(path, ledger):
                if _is_cut(row.cells):
                    yield from _cut(row, options, ledger)
                elif set(row.cells) >= _SUPERVISION:
                    segment = _segment(row.cells, Decimal(0), None, row.where, ledger)
                    loose += [segment] if segment else []
                    if segment and (gender := GENDERS.get(row.text("gender").lower())):
                        facts.setdefault(segment.recording, {})[segment.speaker] = {"gender": gender}
                elif "sources" in row.cells and row.text("id"):
                    ledger.keep()
                    yield _title(row.text("id"), row.cells, options)
                else:
                    ledger.lose("other_row", where=row.where, what=", ".join(row.cells))
        except ReleaseError as error:
            ledger.read()
            ledger.lose("broken_row", where=path.name, what=error.message)
    yield from items(loose, None, options, ledger, dataset="lhotse", facts=facts)


def _title(title_id: str, recording: Any, options: ImportOptions) -> Title:
    length = _seconds(recording.get("duration")) if isinstance(recording, Mapping) else None
    return bare_title(
        title_id, language=options.language, duration_ms=None if length is None else _ms(length)
    )


def _seconds(value: Any) -> Decimal | None:
    return None if isinstance(value, bool) else exact(str(value))


def _ms(*parts: Decimal) -> int | None:
    ms = seconds_ms(*parts)
    return ms if abs(ms) <= LONGEST_MS else None


def _segment(row: Any, zero: Decimal, title_id: str | None, where: str, ledger: Ledger) -> Segment | None:
    """The stretch of a supervision whose times count from `zero`; None when it is lost."""
    if not isinstance(row, Mapping):
        ledger.lose("broken_row", where=where, what="no supervision")
        return None
    start, length = _seconds(row.get("start")), _seconds(row.get("duration"))
    span = (None, None) if start is None or length is None else (_ms(zero, start), _ms(zero, start, length))
    if span[0] is None or span[1] is None or start is None:
        ledger.lose("bad_time", where=where, what=f"{row.get('start')} + {row.get('duration')}")
        return None
    extra = {
        key: value for key, value in row.items() if key not in _PLACED and (key, value) != ("channel", 0)
    }
    found = row.get("alignment")
    for kind, parts in found.items() if isinstance(found, Mapping) else ():
        extra[f"{kind}s"] = [_part(part, zero) for part in parts] if isinstance(parts, list) else parts
    text, speaker = row.get("text"), row.get("speaker")
    return Segment(
        title_id or str(row["recording_id"]), "" if speaker is None else str(speaker), *span,
        None if text is None else str(text).strip(), where, extra=extra,
    )  # fmt: skip


def _part(part: Any, zero: Decimal) -> Any:
    """An aligned word: a list of symbol, start, duration and score."""
    if not isinstance(part, list) or len(part) < 3:
        return part
    start, length = _seconds(part[1]), _seconds(part[2])
    if start is None or length is None:
        return part
    placed = {"text": part[0], "start_ms": _ms(zero, start), "end_ms": _ms(zero, start, length)}
    return {**placed, **({"score": part[3]} if len(part) > 3 and part[3] is not None else {})}


def _cut(row: Row, options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """The title and the dialogue of a cut."""
    cut = row.cells
    parts = list(_tracks(cut))
    rows = [(sup, zero) for track, zero in parts for sup in _listed(track.get("supervisions"))]
    ledger.read(max(0, len(rows) - 1))
    title_id, start, length = _place(cut, parts)
    if not title_id or start is None or length is None or not cut.get("id"):
        ledger.lose("missing_field", max(1, len(rows)), where=row.where, what="id, recording or times")
        return
    pairs = [
        (sup, segment)
        for k, (sup, zero) in enumerate(rows)
        if (segment := _segment(sup, zero, title_id, f"{row.where}[{k}]", ledger))
    ]
    if rows and not pairs:
        return
    ledger.keep(max(1, len(pairs)))
    yield _title(title_id, cut.get("recording"), options)
    people: dict[str, str | None] = {}
    for sup, segment in pairs:
        if segment.speaker and not people.get(segment.speaker):
            people[segment.speaker] = GENDERS.get(str(sup.get("gender")).lower())
    yield build(
        str(cut["id"]),
        [turn_of(segment, ledger) for _, segment in pairs],
        title_id=title_id,
        start_ms=_ms(start),
        end_ms=_ms(start, length),
        speakers=[Speaker(speaker_id=name, name=name, gender=gender) for name, gender in people.items()],
        split=split_option(options),
        source=Source(dataset="lhotse", id=str(cut["id"])),
        extra=extras({k: v for k, v in cut.items() if k not in _CUT_PLACED and (k, v) != ("channel", 0)}),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _tracks(cut: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Decimal]]:
    """The plain cuts of a cut, each with the time at which its supervisions' clock starts."""
    if "tracks" not in cut:
        yield cut, _seconds(cut.get("start")) or Decimal(0)
        return
    for track in _listed(cut["tracks"]):
        inner = track.get("cut") if isinstance(track, Mapping) else None
        if isinstance(inner, Mapping):
            yield inner, _seconds(track.get("offset", 0)) or Decimal(0)


def _place(
    cut: Mapping[str, Any], parts: Sequence[tuple[Mapping[str, Any], Decimal]]
) -> tuple[str | None, Decimal | None, Decimal | None]:
    """The title of a cut, its start on the title's clock, and its length."""
    if "tracks" in cut:
        ends = [zero + (_seconds(part.get("duration")) or Decimal(0)) for part, zero in parts]
        return str(cut.get("id")), Decimal(0), max(ends, default=None)
    recording = cut.get("recording")
    named = recording.get("id") if isinstance(recording, Mapping) else None
    for other in (cut.get("features"), *_listed(cut.get("supervisions")), cut.get("custom")):
        if named is None and isinstance(other, Mapping):
            named = other.get("recording_id")
    return None if named is None else str(named), _seconds(cut.get("start")), _seconds(cut.get("duration"))


IMPORTER = Importer(
    "lhotse",
    "lhotse's supervisions and cuts (JSON, JSONL, gzipped too)",
    (".json", ".jsonl", ".gz"),
    accepts,
    read,
)
