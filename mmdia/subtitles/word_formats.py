"""Timed words out of the files that recognisers write; one function a format.

Every reader is tolerant: a word without a usable time is reported, not raised, and keys go by any
of their usual names. What is found are `Heard` things, in file order, times in seconds.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mmdia.errors import SubtitleError
from mmdia.subtitles.track import Problem

#: Names of the columns and keys, best first.
_TEXT = ("word", "text", "token", "w", "punctuated_word", "value")
_START = ("start", "start_s", "start_time", "begin", "from", "onset")
_END = ("end", "end_s", "end_time", "stop", "to", "offset")
_LENGTH = ("duration", "dur", "length")
_START_MS, _END_MS = ("start_ms", "startms"), ("end_ms", "endms")

#: Keys that may hold the list of words or segments.
_LISTS = ("segments", "words", "word_segments", "transcription", "chunks", "results", "utterances")

#: No time of a film is further from zero, seconds.
_FAR_S = 1e6

#: A word without times lasts no longer than this: the rest is a pause.
_UNTIMED_S = 0.5

_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)$")


@dataclass(frozen=True, slots=True)
class Heard:
    """One word, or one run of words; a time is None where the file has none."""

    text: str
    start_s: float | None
    end_s: float | None
    line: int = 0


@dataclass(slots=True)
class Sheet:
    """What a file holds.

    Attributes:
        format: Which format it was.
        heard: Words and runs, in file order.
        language: As the file tells it.
        problems: What was not taken as it stood.
    """

    format: str
    heard: list[Heard] = field(default_factory=list)
    language: str | None = None
    problems: list[Problem] = field(default_factory=list)


def from_json(text: str) -> Sheet:
    """Whisper, WhisperX, whisper.cpp and plain JSON: an object with a list, or a list.

    Raises:
        SubtitleError: It is no JSON, or holds no list of words.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SubtitleError("this is no JSON", got=str(error)[:120]) from error
    sheet = Sheet("json")
    if isinstance(document, Mapping):
        result = document.get("result")
        told = document.get("language") or (result.get("language") if isinstance(result, Mapping) else None)
        sheet.language = told if isinstance(told, str) else None
    rows = _rows(document)
    if rows is None:
        raise SubtitleError(
            "this JSON holds no list of words",
            expected=f"a list, or an object with {', '.join(_LISTS[:3])}",
        )
    for row in rows:
        _take(row, sheet)
    return sheet


def from_jsonl(text: str) -> Sheet:
    """One JSON object a line, each a word or a segment."""
    sheet = Sheet("jsonl")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            _take(json.loads(line), sheet, number)
        except (ValueError, RecursionError):
            sheet.problems.append(Problem("bad_time", number, line[:120]))
    return sheet


def from_ctm(text: str) -> Sheet:
    """NIST's CTM: recording, channel, start, duration, word, and a confidence; ``;;`` opens a comment.

    Raises:
        SubtitleError: It holds several recordings: which one is the film cannot be told.
    """
    sheet = Sheet("ctm")
    recordings: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split()
        if not parts or parts[0].startswith(";;"):
            continue
        start = _seconds(parts[2]) if len(parts) >= 5 else None
        length = _seconds(parts[3]) if len(parts) >= 5 else None
        if start is None or length is None:
            sheet.problems.append(Problem("bad_time", number, line[:120]))
            continue
        recordings.setdefault(parts[0])
        if not parts[4].startswith("<"):  # <eps>, <ALT_BEGIN>: no words
            sheet.heard.append(Heard(parts[4], start, start + max(0.0, length), number))
    if len(recordings) > 1:
        raise SubtitleError(
            "this CTM file holds several recordings", expected="one", got=", ".join(list(recordings)[:4])
        )
    return sheet


def from_table(text: str) -> Sheet:
    """CSV or TSV with a header that names a word and its start; Whisper's TSV is in milliseconds.

    Raises:
        SubtitleError: No column holds the words, or none their starts.
    """
    lines = text.splitlines()
    head = next((line for line in lines if line.strip()), "")
    mark = max("\t;,", key=head.count)
    sheet = Sheet("tsv" if mark == "\t" else "csv")
    try:
        rows = list(csv.reader(lines, delimiter=mark))
    except csv.Error as error:
        raise SubtitleError("this table cannot be read", got=error) from error
    named = [(n, row) for n, row in enumerate(rows, 1) if any(cell.strip() for cell in row)]
    if not named:
        return sheet
    columns = [cell.strip().lower() for cell in named[0][1]]
    if _first(columns, _TEXT) is None or _first(columns, (*_START, *_START_MS)) is None:
        raise SubtitleError(
            "this table does not name its columns", expected="a header with word,start,end", got=head[:80]
        )
    body = named[1:]
    whole = mark == "\t" and columns[:3] == ["start", "end", "text"]
    unit = 0.001 if whole and all(_is_whole(cell) for _, row in body for cell in row[:2]) else 1.0
    for number, row in body:
        cells = dict(zip(columns, row, strict=False))
        heard = _heard(cells, number, unit)
        if heard is None:
            sheet.problems.append(Problem("bad_time", number, mark.join(row)[:120]))
        else:
            sheet.heard.append(heard)
    return sheet


def _rows(document: object) -> Sequence[object] | None:
    if isinstance(document, list):
        return document
    if isinstance(document, Mapping):
        for name in _LISTS:
            found = document.get(name)
            if isinstance(found, list) and found:
                return found
        return next((v for v in (document.get(name) for name in _LISTS) if isinstance(v, list)), None)
    return None


def _take(row: object, sheet: Sheet, line: int = 0) -> None:
    """A word, or a segment: its words where it has any, else itself."""
    if not isinstance(row, Mapping):
        sheet.problems.append(Problem("bad_time", line, str(row)[:120]))
        return
    words = row.get("words")
    if isinstance(words, list) and words:
        sheet.heard += _words_of(row, words, sheet, line)
        return
    heard = _heard(row, line)
    if heard is None:
        sheet.problems.append(Problem("bad_time", line, str(dict(row))[:120]))
    else:
        sheet.heard.append(heard)


def _words_of(segment: Mapping[str, Any], words: list[object], sheet: Sheet, line: int) -> Iterator[Heard]:
    """Words of a segment. WhisperX leaves out times of numbers: those get what their neighbours leave."""
    found = [_heard(w, line, lenient=True) for w in words if isinstance(w, Mapping)]
    if len(found) < len(words):
        sheet.problems.append(Problem("bad_time", line, "a word that is no object"))
    known = [h for h in found if h is not None]
    if any(h.start_s is None for h in known):
        whole = _heard({**segment, "text": "x"}, line)
        begin = whole.start_s if whole is not None else None
        close = whole.end_s if whole is not None else None
        known = _between(known, begin, close)
    for h in known:
        if h.start_s is None:
            sheet.problems.append(Problem("bad_time", line, h.text[:120]))
        else:
            yield h


def _between(words: list[Heard], begin: float | None, close: float | None) -> list[Heard]:
    """Runs of words without times share the time between their neighbours evenly."""
    out: list[Heard] = []
    i = 0
    while i < len(words):
        if words[i].start_s is not None:
            out.append(words[i])
            i += 1
            continue
        stop = next((k for k in range(i, len(words)) if words[k].start_s is not None), len(words))
        low = out[-1].end_s if out and out[-1].end_s is not None else begin
        high = words[stop].start_s if stop < len(words) else close
        run = words[i:stop]
        if low is not None and high is not None and high >= low:
            step = min((high - low) / len(run), _UNTIMED_S)
            run = [Heard(w.text, low + k * step, low + (k + 1) * step, w.line) for k, w in enumerate(run)]
        out += run
        i = stop
    return out


def _heard(row: Mapping[str, Any], line: int, unit: float = 1.0, *, lenient: bool = False) -> Heard | None:
    """The word of a row; None when it has no text or (unless lenient) no time."""
    text = row.get(_first(row, _TEXT) or "")
    if not isinstance(text, str):
        return None
    start, end = _time(row, _START, unit), _time(row, _END, unit)
    if start is None:
        start = _time(row, _START_MS, 0.001)
    if end is None:
        end = _time(row, _END_MS, 0.001)
    offsets = row.get("offsets")
    if start is None and isinstance(offsets, Mapping):  # whisper.cpp
        start, end = _time(offsets, ("from",), 0.001), _time(offsets, ("to",), 0.001)
    span = row.get("timestamp")
    if start is None and isinstance(span, list) and len(span) == 2:  # transformers
        start, end = _seconds(span[0]), _seconds(span[1])
    length = _time(row, _LENGTH, unit)
    if end is None and start is not None and length is not None:
        end = start + length
    if start is None and not lenient:
        return None
    return Heard(text, start, end, line)


def _time(row: Mapping[str, Any], names: Sequence[str], unit: float) -> float | None:
    name = _first(row, names)
    found = None if name is None else _seconds(row[name])
    return None if found is None else found * unit


def _first(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    held = set(names)
    return next((name for name in wanted if name in held), None)


def _seconds(value: object) -> float | None:
    """A number, or a text that is one or a clock time; None when it is no time of a film."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        clock = _CLOCK.match(value.strip())
        if clock:
            hours, minutes, rest = clock.groups()
            value = int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and abs(found) < _FAR_S else None


def _is_whole(cell: str) -> bool:
    return cell.strip().lstrip("-").isdigit()
