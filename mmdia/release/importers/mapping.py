"""Any CSV, JSON, JSONL or Parquet table, by a TOML file that says which column is what.

A row is a turn (the usual case) or a whole dialogue with its turns in a list. Rows of one dialogue need
not stand together: they wait in a temporary file, so memory holds their places only.
"""

from __future__ import annotations

import json
import re
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from mmdia.errors import BrokenRow, UsageError
from mmdia.release.importers.grouping import groups, in_time
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.mapping_plan import Plan, load_plan
from mmdia.release.importers.mapping_values import BadValue
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.shape import build, extras, speakers_of, split_option
from mmdia.release.importers.tables import Row, csv_rows, json_rows, parquet_rows, reach
from mmdia.release.importers.text import count_words
from mmdia.schema.dialogue import Dialogue, Source, Speaker, Turn
from mmdia.schema.title import Title

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".txt", ".parquet")


_FORMS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
_IDS = frozenset({"dialogue_id", "scene_id", "title_id"})
_PLACE = re.compile(r"\.(-?\d+)(?=\.|$)")
_UNSEEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def accepts(files: Sequence[Path]) -> bool:
    """Never by itself: a mapping is needed."""
    return False


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """Titles and dialogues of the tables.

    Raises:
        UsageError: No mapping was given, or it names columns that the table does not have.
    """
    if options.mapping is None:
        raise UsageError(
            "a table needs a mapping", hint="Write one (docs/import.md) and name it: --mapping FILE"
        )
    plan = load_plan(options.mapping, options.fps)
    with tempfile.TemporaryFile() as store:
        waiting = _Waiting(store)
        row_names, turn_names = plan.placed()
        # What is in the turns' own list is kept with the turns.
        inside = tuple(f"{path}.*." for path in plan.turns)
        placed = _Placed(frozenset(n for n in row_names if not n.startswith(inside)), turn_names)
        titles: set[str] = set()
        for row in _rows(files, plan, options, ledger):
            parsed = _parse(row, plan, placed, ledger)
            if parsed is None:
                continue
            title, dialogue, turns = parsed
            title_id = dialogue.get("title_id") or title.get("title_id")
            if title_id and title_id not in titles:
                found = _title({**title, "title_id": title_id}, options)
                if isinstance(found, BrokenRow):
                    ledger.lose("broken_row", max(1, len(turns)), where=row.where, what=found.message)
                    continue
                titles.add(title_id)
                yield found
            if title_id:
                dialogue["title_id"] = title_id
            if dialogue.get("dialogue_id") is None and not title_id:
                ledger.lose(
                    "missing_field", max(1, len(turns)), where=row.where, what="dialogue_id and title_id"
                )
                continue
            waiting.add(dialogue, turns, row.where)
        yield from _finish(waiting, plan, options, ledger)


def _rows(files: Sequence[Path], plan: Plan, options: ImportOptions, ledger: Ledger) -> Iterator[Row]:
    encoding = options.encoding or plan.encoding
    for path in files:
        form = plan.form or _FORMS.get(path.suffix.lower(), "csv")
        if form not in ("csv", "json", "jsonl", "parquet"):
            expected = "csv, json, jsonl or parquet"
            raise UsageError("source.format of the mapping", expected=expected, got=repr(form))
        place = {"@file": path.name, "@stem": path.stem}
        if form == "csv":
            needs = sorted(plan.columns())
            rows = csv_rows(
                path, ledger, encoding=encoding, delimiter=plan.delimiter, needs=needs, quoting=plan.quoting
            )
        elif form == "parquet":
            rows = parquet_rows(path, ledger)
        else:
            rows = json_rows(path, ledger, rows=plan.rows)
        absent = set() if form == "csv" else {name for name in plan.placed()[0] if name[0] != "@"}
        any_row = False
        for row in rows:
            any_row = True
            absent -= {name for name in absent if reach(row.cells, name) not in (None, [])}
            yield Row(row.path, row.line, {**place, "@line": row.line, **row.cells})
        for name in sorted(absent) if any_row else ():
            ledger.note("column_absent", where=path.name, what=name)


_Parsed = tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]


class _Placed(NamedTuple):
    """Columns that have a place: of rows, and of turns."""

    row: frozenset[str]
    turn: frozenset[str]


def _parse(row: Row, plan: Plan, placed: _Placed, ledger: Ledger) -> _Parsed | None:
    """Fields of the title, the dialogue and the turns of a row; None when it is lost (counted)."""
    cells = row.cells
    n_rows = 1
    inner: list[Any] = [cells]
    if plan.each == "dialogue":
        found = _turn_rows(cells, plan.turns, row.where, ledger)
        inner = found if isinstance(found, list) else []
        n_rows = max(1, len(inner))
        ledger.read(n_rows - 1)  # a row with a list counts for what is in the list
        if not isinstance(found, list):
            ledger.lose("missing_field", where=row.where, what=", ".join(plan.turns))
            return None
    try:
        title, dialogue = plan.title.of(cells), plan.dialogue.of(cells)
        if plan.each == "dialogue":
            _tell_elements(cells, placed.row, row.where, ledger)
    except BadValue as bad:
        ledger.lose(bad.code, n_rows, where=row.where, what=bad.what)
        return None
    for record in (title, dialogue):
        for name in _IDS & record.keys():
            record[name] = _tidy(record[name], row.where, ledger)
    names = placed.row if plan.each == "turn" else placed.turn
    turns = []
    for number, part in enumerate(inner):
        where = row.where if plan.each == "turn" else f"{row.where}[{number}]"
        if not isinstance(part, Mapping):
            ledger.lose("broken_row", where=where, what="no object")
            continue
        try:
            turn = plan.turn.of(part)
            _tell_elements(part, names, where, ledger)
        except BadValue as bad:
            ledger.lose(bad.code, where=where, what=bad.what)
            continue
        turn.setdefault("speakers", [])
        turn["speakers"] = [_tidy(name, where, ledger) for name in turn["speakers"]]
        if not turn["speakers"]:
            ledger.note("no_speaker", where=where)
        if plan.keep:
            _keep_others(turn, part, names, ledger)
        turns.append(turn)
    if plan.keep and plan.each == "dialogue":
        _keep_others(dialogue, cells, placed.row, ledger)
    return (title, dialogue, turns) if turns or not inner else None


def _turn_rows(cells: Mapping[str, Any], paths: Sequence[str], where: str, ledger: Ledger) -> Any:
    """The turns of a dialogue's row: a list, an object of them, or lists that run side by side."""
    found = [reach(cells, path) for path in paths]
    if len(paths) == 1:
        if isinstance(found[0], Mapping):
            return [{"@key": k, **v} if isinstance(v, Mapping) else v for k, v in found[0].items()]
        return found[0]
    lists = {path: one for path, one in zip(paths, found, strict=True) if isinstance(one, list)}
    if len({len(one) for one in lists.values()}) > 1 or len(lists) < len(paths):
        ledger.note("uneven_lists", where=where, what=", ".join(f"{k} {len(v)}" for k, v in lists.items()))
    longest = max((len(one) for one in lists.values()), default=0)
    turns = [{path: one[k] for path, one in lists.items() if k < len(one)} for k in range(longest)]
    return turns if lists else None


def _tell_elements(cells: Mapping[str, Any], paths: frozenset[str], where: str, ledger: Ledger) -> None:
    """Note where a path names single items of a list, and the list has others."""
    named: dict[str, set[int]] = {}
    for path in paths:
        for found in _PLACE.finditer(path):
            named.setdefault(path[: found.start()], set()).add(int(found[1]))
    for path, places in named.items():
        whole = reach(cells, path)
        if isinstance(whole, list) and (
            left := len(whole) - len({k % len(whole) for k in places if whole})
        ):
            ledger.note("element_only", where=where, what=f"{path}: {left} more")


def _tidy(name: Any, where: str, ledger: Ledger) -> Any:
    """A name on one line, without signs of direction, which nobody sees."""
    if not isinstance(name, str) or (clean := " ".join(_UNSEEN.sub("", name).split())) == name:
        return name
    ledger.note("name_mended", where=where, what=clean)
    return clean


def _others(cells: Mapping[str, Any], placed: frozenset[str], above: str = "") -> dict[str, Any]:
    """What no path of the mapping names, in its place."""
    out: dict[str, Any] = {}
    for key, value in cells.items():
        path = f"{above}{key}"
        if not key or key.startswith("@"):
            continue
        if isinstance(value, list) and any(name.startswith(f"{path}.*.") for name in placed):
            items = [
                _others(item, placed, f"{path}.*.") if isinstance(item, Mapping) else {} for item in value
            ]
            out |= {key: items} if any(items) else {}
        elif path in placed:
            continue
        elif not any(name.startswith(f"{path}.") for name in placed):
            out[key] = value
        elif isinstance(value, Mapping) and (inner := _others(value, placed, f"{path}.")):
            out[key] = inner
    return out


def _keep_others(
    target: dict[str, Any], cells: Mapping[str, Any], placed: frozenset[str], ledger: Ledger
) -> None:
    """Columns without a place go to `extra`."""
    if text := extras(_others(cells, placed)):
        target["extra"] = text
        for name in json.loads(text):
            ledger.note("columns_kept", what=name)


def _title(fields: dict[str, Any], options: ImportOptions) -> Title | BrokenRow:
    if options.language:
        fields.setdefault("language", options.language)
    try:
        return Title.from_row(fields)
    except BrokenRow as error:
        return error


class _Waiting:
    """Turns that wait for the others of their dialogue, in a file; memory holds their places."""

    def __init__(self, store: IO[bytes]) -> None:
        self._store = store
        self._places: dict[str, array[int]] = {}
        self._size = 0

    def add(self, dialogue: dict[str, Any], turns: list[dict[str, Any]], where: str) -> None:
        """Add a row's turns to its dialogue, or to its title where the source has no dialogues."""
        name = dialogue.get("dialogue_id")
        key = f"d{name}" if name is not None else f"t{dialogue['title_id']}"
        line = (
            json.dumps([dialogue, turns, where], ensure_ascii=False).encode("utf-8", "surrogatepass")
            + b"\n"
        )
        self._places.setdefault(key, array("q")).append(self._size)
        self._store.write(line)
        self._size += len(line)

    def __iter__(self) -> Iterator[list[tuple[dict[str, Any], list[dict[str, Any]], str]]]:
        """Rows by dialogue, dialogues in the order of their first rows."""
        for places in self._places.values():
            rows = []
            for place in places:
                self._store.seek(place)
                rows.append(tuple(json.loads(self._store.readline().decode("utf-8", "surrogatepass"))))
            yield rows


def _finish(waiting: _Waiting, plan: Plan, options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    for rows in waiting:
        head, where = rows[0][0], rows[0][2]
        turns: list[Turn] = []
        n_empty = 0
        for dialogue, parts, place in rows:
            if dialogue.get("title_id") != head.get("title_id"):
                ledger.lose("other_title", max(1, len(parts)), where=place, what=dialogue.get("title_id"))
                continue
            clashes = [k for k, v in dialogue.items() if k != "extra" and head.setdefault(k, v) != v]
            if clashes:
                ledger.note("disagrees", where=place, what=", ".join(clashes))
            n_empty += not parts
            turns += [turn for part in parts if (turn := _turn(part, head, plan, place, ledger))]
        if not turns and not n_empty:
            continue
        try:
            found = list(_dialogues(head, turns, plan, options))
        except BrokenRow as error:
            ledger.lose("broken_row", n_empty + len(turns), where=where, what=error.message)
            continue
        ledger.keep(n_empty + len(turns))
        yield from found


def _turn(
    part: dict[str, Any], head: Mapping[str, Any], plan: Plan, where: str, ledger: Ledger
) -> Turn | None:
    if plan.relative and isinstance(head.get("start_ms"), int):
        for name in ("start_ms", "end_ms", "next_start_ms"):
            if isinstance(part.get(name), int):
                part[name] += head["start_ms"]
    if head.get("title_id") and None in (part.get("start_ms"), part.get("end_ms")):
        if part.get("start_ms") != part.get("end_ms"):
            ledger.lose("missing_field", where=where, what="one of two times")
            return None
        ledger.note("no_times", where=where)
    text = part.get("text")
    if isinstance(text, str) and part.get("n_words") is None:
        part["n_words"] = count_words(text)
    try:
        return Turn.from_row(part)
    except BrokenRow as error:
        ledger.lose("broken_row", where=where, what=error.message)
        return None


def _dialogues(
    head: dict[str, Any], turns: list[Turn], plan: Plan, options: ImportOptions
) -> Iterator[Dialogue]:
    source = Source(dataset=plan.dataset) if plan.dataset else None
    if head.get("dialogue_id") is not None:
        own = [Speaker.from_row(row) for row in head.get("speakers") or ()]
        known = {speaker.speaker_id for speaker in own}
        speakers = [*own, *(s for s in speakers_of(turns) if s.speaker_id not in known)]
        draft = build(
            str(head["dialogue_id"]), turns, title_id=head.get("title_id"), speakers=speakers, source=source
        )
        row = {**draft.to_row(), **{k: v for k, v in head.items() if k != "speakers"}}
        if split := split_option(options):
            row["split"] = split
        yield Dialogue.from_row(row)
        return
    for name, scene, group in groups(in_time(turns), head["title_id"], options):
        more = {
            k: v
            for k, v in head.items()
            if k not in ("speakers", "title_id", "scene_id", "start_ms", "end_ms")
        }
        draft = build(name, group, title_id=head["title_id"], scene_id=scene, source=source)
        row = {**draft.to_row(), **more}
        if split := split_option(options):
            row["split"] = split
        yield Dialogue.from_row(row)


IMPORTER = Importer(
    "mapping", "any CSV, JSON(L) or Parquet, by --mapping FILE.toml", SUFFIXES, accepts, read
)
