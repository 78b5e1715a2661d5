"""Read a words file: what a speech recogniser heard, with times. For ``--words FILE``.

| format | told by | holds |
|---|---|---|
| Whisper JSON (openai-whisper, faster-whisper) | ``segments`` | segments, with ``words`` where asked for |
| WhisperX JSON | ``.json``, ``segments`` or ``word_segments`` | words; numbers may lack times |
| whisper.cpp and transformers JSON | ``transcription``, ``chunks`` | segments |
| JSON list | ``[`` | objects with word, start, end |
| JSONL | one object a line | word, start, end (or duration) |
| CTM | five or six fields, the third and fourth numbers | recording, channel, start, duration, word |
| CSV, TSV | a header | word (or text), start, end (or duration); Whisper's own TSV is in ms |

Times are seconds as numbers, or clock times. Keys go by their usual other names (text, token, begin,
start_time, start_ms, ...). A word without a usable time is reported in `problems`. Words become cues:
a pause, the end of a sentence or too great a length ends one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from mmdia.errors import SubtitleError
from mmdia.schema.cue import Cue, Word
from mmdia.subtitles.encoding import decode
from mmdia.subtitles.identify import guess_language_from_name, language_tag
from mmdia.subtitles.track import SubtitleTrack
from mmdia.subtitles.word_formats import Heard, Sheet, from_ctm, from_json, from_jsonl, from_table

_LARGEST = 256 * 1024 * 1024

#: A pause that ends a cue; one that does so after the end of a sentence; seconds.
_PAUSE_S, _STOP_S = 0.5, 0.15

#: No cue is longer, seconds and words.
_LONGEST_S, _MOST_WORDS = 7.0, 16

#: A word without an end lasts this long, or to the next word.
_WORD_S = 0.3

_STOPS = (".", "!", "?", "…", "。", "！", "？")

_NAMED: dict[str, Callable[[str], Sheet]] = {
    ".json": from_json,
    ".jsonl": from_jsonl,
    ".ndjson": from_jsonl,
    ".ctm": from_ctm,
    ".csv": from_table,
    ".tsv": from_table,
}


def read_words(path: str | Path, *, encoding: str | None = None) -> SubtitleTrack:
    """The cues of a words file, each with its `words`.

    Args:
        path: The file; its content tells the format, then its name.
        encoding: Its encoding; detected when None.

    Raises:
        SubtitleError: The file cannot be read, or holds no word with a time.
        UsageError: There is no such encoding.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise SubtitleError("too big for a words file", path=path, expected=f"at most {_LARGEST} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise SubtitleError("cannot be read", path=path, got=error.strerror or error) from error
    try:
        decoded = decode(data, encoding=encoding)
        track = parse_words(decoded.text, name=path.name)
    except SubtitleError as error:
        error.path = str(path)
        raise
    return SubtitleTrack(
        track.cues,
        track.format,
        decoded.encoding,
        track.language or guess_language_from_name(f"{path.stem}.srt"),
        problems=(*decoded.problems, *track.problems),
        path=str(path),
        n_arrows=track.n_arrows,
    )


def parse_words(text: str, *, name: str = "") -> SubtitleTrack:
    """The cues of the text of a words file.

    Args:
        text: The text.
        name: The file's name, for what the content does not tell.

    Raises:
        SubtitleError: It holds no word with a time.
    """
    text = text.removeprefix("\ufeff").replace("\0", "")
    sheet = _reader(text, Path(name).suffix.lower())(text)
    words = _words(sheet.heard)
    if not words:
        raise SubtitleError(
            "no words with times were found",
            expected="Whisper or WhisperX JSON, CTM, JSONL, or a table with word,start,end",
            got=f"{sheet.format}, {len(sheet.problems)} unusable rows" if text.strip() else "an empty file",
        )
    cues = group_words(words)
    lost = sum(1 for problem in sheet.problems if problem.code == "bad_time")
    return SubtitleTrack(
        cues,
        sheet.format,
        language=language_tag(sheet.language or ""),
        problems=tuple(sheet.problems),
        n_arrows=len(cues) + lost,
    )


def group_words(words: Iterable[Word]) -> tuple[Cue, ...]:
    """Words as cues: one ends at a pause, after a sentence, or when it grows too long."""
    runs: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w.start_s, w.end_s)):
        if runs and not _ends(runs[-1], word):
            runs[-1].append(word)
        else:
            runs.append([word])
    return tuple(_cue(run) for run in runs)


def _ends(run: list[Word], word: Word) -> bool:
    gap = word.start_s - max(w.end_s for w in run[-4:])
    if gap >= _PAUSE_S or (gap >= _STOP_S and run[-1].text.endswith(_STOPS)):
        return True
    return len(run) >= _MOST_WORDS or word.end_s - run[0].start_s > _LONGEST_S


def _cue(run: list[Word]) -> Cue:
    text = " ".join(w.text for w in run)
    start_ms = round(run[0].start_s * 1000)
    end_ms = max(start_ms, round(max(w.end_s for w in run) * 1000))
    return Cue(start_ms, end_ms, text, raw_text=text, words=tuple(run))


def _words(heard: list[Heard]) -> list[Word]:
    """Words with both times; a run of several words shares its time by their lengths."""
    out: list[Word] = []
    for k, h in enumerate(heard):
        parts = h.text.split()
        if not parts or h.start_s is None:
            continue
        following = next((o.start_s for o in heard[k + 1 : k + 3] if o.start_s is not None), None)
        end = h.end_s
        if end is None:
            end = h.start_s + _WORD_S * len(parts)
            end = min(end, following) if following is not None and following > h.start_s else end
        end = max(h.start_s, end)
        out += _shared(parts, h.start_s, end)
    return out


def _shared(parts: list[str], start: float, end: float) -> list[Word]:
    """The parts, each with its share of the time by its length."""
    sizes = [len(part) + 1 for part in parts]
    edge = [start + (end - start) * sum(sizes[:k]) / sum(sizes) for k in range(len(parts))] + [end]
    return [Word(a, b, part) for a, b, part in zip(edge, edge[1:], parts, strict=False)]


def _reader(text: str, suffix: str) -> Callable[[str], Sheet]:
    """By the content where it speaks, else by the name."""
    head = text.lstrip()[:1]
    if head in ("[", "{"):
        lines = [line for line in text.splitlines() if line.strip()]
        several = len(lines) > 1 and all(_whole_object(line) for line in lines[:2])
        return from_jsonl if several else from_json
    if suffix in (".csv", ".tsv", ".ctm"):
        return _NAMED[suffix]
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith(";;")), "")
    parts = first.split()
    if len(parts) in (5, 6) and all(_is_number(p) for p in parts[2:4]):
        return from_ctm
    if suffix in _NAMED:
        return _NAMED[suffix]
    return from_table if text.strip() else from_jsonl


def _whole_object(line: str) -> bool:
    return line.strip().startswith("{") and line.strip().endswith("}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
