"""Whisper's transcripts: one JSON or TSV file a recording, one segment a turn.

Read are the JSON of Whisper, whisper-ctranslate2 and WhisperX (with words and speakers), lists of
faster-whisper's segments, ``verbose_json`` of the web service, whisper.cpp's ``transcription`` and the
``chunks`` of transformers. Words keep their times, speakers and scores under the extra key ``words``.
The decoder's own numbers (``tokens``, ``seek``) are not kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import Segment, host, items, seconds_ms
from mmdia.release.importers.tables import document_of, first_of, header_of
from mmdia.release.importers.text import encoding_of

_HEADER = ("start", "end", "text")
_PLACED = frozenset({"start", "end", "text", "words", "speaker", "tokens", "seek", "timestamp", "offsets"})
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*\Z")


def accepts(files: Sequence[Path]) -> bool:
    """Whether the JSON and TSV files are such transcripts."""
    tables = [path for path in files if path.suffix.lower() in (".json", ".tsv")]
    return bool(tables) and all(_is_one(path) for path in tables)


def _is_one(path: Path) -> bool:
    if path.suffix.lower() == ".tsv":
        return header_of(path) == _HEADER
    first = first_of(path)
    is_list = {"start", "end", "text", "avg_logprob"} <= set(first)
    return is_list or any(
        isinstance(first.get(key), list) for key in ("segments", "chunks", "transcription")
    )


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each file; where a transcript is there as JSON and as TSV, the JSON is taken."""
    whole = {path.with_suffix("") for path in files if path.suffix.lower() == ".json"}
    languages: dict[str, str] = {}
    segments: list[Segment] = []
    for path in files:
        if path.suffix.lower() != ".tsv":
            segments += _of_json(path, languages, ledger)
        elif path.with_suffix("") not in whole:
            segments += _of_tsv(path, options, ledger)
        else:
            n = len(list(_of_tsv(path, options, Ledger())))
            ledger.read(n)
            ledger.lose("other_copy", n, where=path.name, what=f"{path.stem}.json is taken")
    yield from items(segments, None, options, ledger, dataset="Whisper", languages=languages)


def _of_tsv(path: Path, options: ImportOptions, ledger: Ledger) -> Iterator[Segment]:
    """Lines of milliseconds, milliseconds and text. Quotes are text: Whisper sets none itself."""
    found = encoding_of(path, options.encoding, ledger)
    with path.open(encoding=found.encoding, errors=found.errors) as stream:
        for number, line in enumerate(stream, start=1):
            cells, where = line.rstrip("\n").split("\t", 2), f"{path.name}:{number}"
            if not line.strip() or (number == 1 and cells[0].lstrip("\ufeff") == "start"):
                continue
            ledger.read()
            if len(cells) < 3:
                ledger.lose("broken_row", where=where, what=line)
                continue
            start, end = (seconds_ms(f"{cell.strip()}e-3") for cell in cells[:2])
            if start is None or end is None:
                ledger.lose("bad_time", where=where, what=f"{cells[0]} to {cells[1]}")
                continue
            yield Segment(path.stem, "", start, end, cells[2].strip(), where)


def _of_json(path: Path, languages: dict[str, str], ledger: Ledger) -> list[Segment]:
    document = document_of(path, ledger)
    if document is None:
        return []
    head = document if isinstance(document, Mapping) else {}
    rows = document if isinstance(document, list) else None
    for key in ("segments", "chunks", "transcription"):
        rows = head[key] if rows is None and isinstance(head.get(key), list) else rows
    if rows is None:
        ledger.read()
        ledger.lose("missing_field", where=path.name, what="segments")
        return []
    for place in (head, head.get("info"), head.get("result")):
        tag = place.get("language") if isinstance(place, Mapping) else None
        if isinstance(tag, str) and _TAG.match(tag):
            languages.setdefault(path.stem, tag)
    segments = []
    for number, row in enumerate(rows, start=1):
        ledger.read()
        if segment := _segment(row, path.stem, f"{path.name}:{number}", ledger):
            segments.append(segment)
    _take_words(head.get("words"), segments)
    return segments


def _segment(row: Any, recording: str, where: str, ledger: Ledger) -> Segment | None:
    if not isinstance(row, Mapping) or not isinstance(row.get("text"), str):
        ledger.lose("broken_row", where=where, what="no segment with text")
        return None
    start, end = _span(row)
    if start is None or end is None:
        ledger.lose("bad_time", where=where, what=row["text"])
        return None
    extra = {key: value for key, value in row.items() if key not in _PLACED}
    words = row.get("words")
    extra["words"] = [_word(word) for word in words] if isinstance(words, list) else None
    speaker = row.get("speaker")
    return Segment(
        recording,
        "" if speaker is None else str(speaker),
        start,
        end,
        row["text"].strip(),
        where,
        extra=extra,
    )


def _span(row: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Start and end; whisper.cpp counts milliseconds, transformers gives both in a list."""
    if isinstance(offsets := row.get("offsets"), Mapping):
        return seconds_ms(f"{offsets.get('from')}e-3"), seconds_ms(f"{offsets.get('to')}e-3")
    pair = row.get("timestamp")
    if not (isinstance(pair, list) and len(pair) == 2):
        pair = [row.get("start"), row.get("end")]
    start, end = (seconds_ms(str(value)) for value in pair)
    return start, end


def _word(word: Any) -> Any:
    """A word with its times in milliseconds; those of numbers and signs may be missing."""
    if not isinstance(word, Mapping):
        return word
    start, end = _span(word)
    more = {k: v for k, v in word.items() if k not in ("word", "start", "end")}
    placed = {"text": str(word.get("word", word.get("text", ""))).strip(), "start_ms": start, "end_ms": end}
    return {**more, **{key: value for key, value in placed.items() if value is not None}}


def _take_words(words: Any, segments: Sequence[Segment]) -> None:
    """The words that the web service lists apart go to the segments that hold their middle."""
    for word in (_word(word) for word in words) if isinstance(words, list) else ():
        start, end = (word.get("start_ms"), word.get("end_ms")) if isinstance(word, dict) else (None, None)
        if start is not None and end is not None and (found := host(segments, (start + end) / 2)):
            found.extra["words"] = [*(found.extra.get("words") or []), word]


IMPORTER = Importer(
    "whisper", "Whisper, faster-whisper and WhisperX (JSON, TSV)", (".json", ".tsv"), accepts, read
)
