"""M3ED: emotion lines of Chinese series (Zhao et al., ACL 2022), in JSON files.

The annotations hold, by series and clip, ``SpeakerInfo`` and ``Dialog``. A second file, for which the
authors' relation annotations serve, says from which episode, and which time of it, each clip is.
Times are ``HH:MM:SS:FF``: the last part counts frames, so the frame rate must be known.

With the file of clips a title is an episode. Turn times that lie within the clip's window are taken
as times of the episode; those that lie within its length count from the clip's start. Without that
file each clip is a title of its own, on the clock of the clip.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.errors import ReleaseError, UsageError
from mmdia.release.importers.clock import time_reader
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.shape import (
    build,
    extras,
    speakers_of,
    split_named,
    split_option,
    whole_number,
)
from mmdia.release.importers.tables import load_json
from mmdia.release.importers.text import count_words
from mmdia.schema.dialogue import Source, Turn
from mmdia.schema.release import ReleaseSource
from mmdia.schema.time import format_rate
from mmdia.schema.title import Title

SOURCE = ReleaseSource(
    name="M3ED",
    kind="dataset",
    url="https://github.com/AIM3-RUC/RUCM3ED",
    citation="Zhao et al., M3ED: Multi-modal Multi-scene Multi-label Emotional Dialogue Database, ACL 2022",
)
#: How far turns may stick out of their clip's window and still be times of the episode.
_SLACK_MS = 5_000
_FRAME = re.compile(r":(\d+)\s*\Z")
_GENDERS = {"female": "female", "male": "male"}


@dataclass(frozen=True, slots=True)
class _Clip:
    """Where a clip is from."""

    episode: int
    start_ms: int
    end_ms: int


def accepts(files: Sequence[Path]) -> bool:
    """Whether one of the JSON files has M3ED's form."""
    for path in (p for p in files if p.suffix.lower() == ".json"):
        try:
            document = load_json(path)
        except ReleaseError:
            return False
        if _is_annotation(document) or _is_clips(document):
            return True
    return False


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """Titles and dialogues.

    Raises:
        UsageError: The frame rate is not known, or no file has M3ED's form.
    """
    if options.fps is None:
        raise UsageError("M3ED's times count frames", hint="Name the frame rate of the films: --fps 25")
    annotations: list[tuple[Path, dict[str, Any]]] = []
    windows: dict[str, Any] = {}
    splits = _split_lists(files)
    for path in (p for p in files if p.suffix.lower() == ".json"):
        document = load_json(path)
        if _is_annotation(document):
            annotations.append((path, document))
        elif _is_clips(document):
            for series, clips in document.items():
                windows.update({clip: {**row, "series": series} for clip, row in clips.items()})
        else:
            ledger.read()
            ledger.lose("other_row", where=path.name, what="neither annotations nor clips of M3ED")
    if annotations:
        yield from _annotated(annotations, windows, splits, options, ledger)
    elif windows:
        yield from _windows_alone(windows, splits, options, ledger)
    else:
        raise UsageError("no file has M3ED's form", got=", ".join(p.name for p in files[:5]))


def _is_annotation(document: Any) -> bool:
    clip = _first(_first(document))
    return isinstance(clip, Mapping) and "Dialog" in clip


def _is_clips(document: Any) -> bool:
    clip = _first(_first(document))
    return isinstance(clip, Mapping) and {"episode", "start_time", "end_time"} <= set(clip)


def _first(value: Any) -> Any:
    return next(iter(value.values()), None) if isinstance(value, Mapping) else None


def _split_lists(files: Sequence[Path]) -> dict[str, str]:
    """Split by series, from ``movie_list_train.txt`` and its like."""
    found = {}
    for path in (p for p in files if p.suffix.lower() == ".txt"):
        split = split_named(path.name)
        if split is not None:
            found.update(dict.fromkeys(path.read_text("utf-8-sig", "replace").split(), split))
    return found


def _window(row: Mapping[str, Any], options: ImportOptions, ledger: Ledger) -> _Clip | None:
    times = time_reader("timecode", options.fps)
    _check_rate(str(row.get("series")), (row.get("start_time"), row.get("end_time")), options, ledger)
    start, end = times(row.get("start_time")), times(row.get("end_time"))
    episode = whole_number(str(row.get("episode")))
    return None if start is None or end is None or episode is None else _Clip(episode, start, end)


def _check_rate(series: str, texts: Sequence[object], options: ImportOptions, ledger: Ledger) -> None:
    """Note frame numbers that a second does not have: smaller ones of the series would be wrong, too."""
    for text in texts:
        found = _FRAME.search(str(text))
        if found and options.fps is not None and int(found[1]) >= options.fps:
            ledger.note("other_rate", where=series, what=text)


def _title(series: str, clip: str, window: _Clip | None, options: ImportOptions) -> Title:
    rate = format_rate(options.fps) if options.fps else None
    common = {"series": series, "fps": rate, "language": options.language or "zh", "audio_language": "zh"}
    if window is None:
        return Title(title_id=clip, kind="other", **common)
    return Title(
        title_id=f"m3ed_{series}_e{window.episode:02d}", kind="episode", episode=window.episode, **common
    )


def _annotated(
    annotations: Sequence[tuple[Path, dict[str, Any]]],
    windows: Mapping[str, Any],
    splits: Mapping[str, str],
    options: ImportOptions,
    ledger: Ledger,
) -> Iterator[Item]:
    for path, document in annotations:
        split = split_option(options) or split_named(path.name)
        for series, clips in document.items():
            for clip, content in (clips if isinstance(clips, Mapping) else {}).items():
                rows = content.get("Dialog") if isinstance(content, Mapping) else None
                if not isinstance(rows, Mapping):
                    ledger.read()
                    ledger.lose("broken_row", where=f"{path.name}:{clip}", what="no Dialog")
                    continue
                own = options.of_series(series)
                window = _clip_window(clip, windows, own, ledger)
                turns = _turns(f"{path.name}:{clip}", series, rows, own, ledger)
                if not turns:
                    continue
                if window is not None:
                    turns = _on_the_episode(turns, window, clip, ledger)
                title = _title(series, clip, window, own)
                yield title
                turns, facts = _named(turns, _facts(content.get("SpeakerInfo")))
                yield build(
                    clip,
                    turns,
                    title_id=title.title_id,
                    split=split or splits.get(series),
                    speakers=speakers_of(turns, facts),
                    source=Source(dataset="M3ED", id=clip),
                )


def _clip_window(
    clip: str, windows: Mapping[str, Any], options: ImportOptions, ledger: Ledger
) -> _Clip | None:
    if clip not in windows:
        return None
    window = _window(windows[clip], options, ledger)
    if window is None:
        row = windows[clip]
        ledger.note("bad_time", where=clip, what=f"{row.get('start_time')} to {row.get('end_time')}")
    return window


def _number(key: str) -> tuple[int, str]:
    found = re.search(r"(\d+)\Z", key)
    return (int(found[1]) if found else 0, key)


def _turns(
    where: str, series: str, rows: Mapping[str, Any], options: ImportOptions, ledger: Ledger
) -> list[Turn]:
    """The turns of a clip in the order of their numbers (the keys sort as text in some files)."""
    times = time_reader("timecode", options.fps)
    turns = []
    for key in sorted(rows, key=_number):
        row = rows[key]
        ledger.read()
        if not isinstance(row, Mapping):
            ledger.lose("broken_row", where=f"{where}:{key}", what="no object")
            continue
        _check_rate(series, (row.get("StartTime"), row.get("EndTime")), options, ledger)
        start, end = times(row.get("StartTime")), times(row.get("EndTime"))
        if start is None or end is None:
            what = f"{row.get('StartTime')} to {row.get('EndTime')}"
            ledger.lose("bad_time", where=f"{where}:{key}", what=what)
            continue
        ledger.keep()
        turns.append(_turn(key, row, start, end))
    return turns


def _turn(key: str, row: Mapping[str, Any], start: int, end: int) -> Turn:
    emotion = row.get("EmoAnnotation")
    emotions = emotion if isinstance(emotion, Mapping) else {"final_main_emo": emotion}
    text = str(row.get("Text") or "")
    placed = {"StartTime", "EndTime", "Text", "Speaker", "EmoAnnotation"}
    more = {name: value for name, value in row.items() if name not in placed}
    raters = {name: value for name, value in emotions.items() if name != "final_main_emo"}
    speaker = str(row.get("Speaker") or "").strip()
    return Turn(
        start_ms=start,
        end_ms=end,
        speakers=(speaker,) if speaker else (),
        text=text,
        # Chinese puts no spaces between words: each written piece between spaces counts as one.
        n_words=count_words(text),
        emotion=str(emotions.get("final_main_emo") or "") or None,
        extra=extras({**more, "EmoAnnotation": raters or None, "utterance_id": _number(key)[0]}),
    )


def _on_the_episode(turns: list[Turn], window: _Clip, clip: str, ledger: Ledger) -> list[Turn]:
    """Turn times on the episode's clock, whichever clock they were on."""
    first = min(turn.start_ms or 0 for turn in turns)
    last = max(turn.end_ms or 0 for turn in turns)
    if first >= window.start_ms - _SLACK_MS and last <= window.end_ms + _SLACK_MS:
        return turns
    if last > window.end_ms - window.start_ms + _SLACK_MS:
        ledger.note(
            "outside_regions", len(turns), where=clip, what="turns fit neither the clip nor its episode"
        )
    return [
        turn.model_copy(
            update={
                "start_ms": (turn.start_ms or 0) + window.start_ms,
                "end_ms": (turn.end_ms or 0) + window.start_ms,
            }
        )
        for turn in turns
    ]


def _facts(info: Any) -> dict[str, dict[str, Any]]:
    """What ``SpeakerInfo`` says, by speaker."""
    if not isinstance(info, Mapping):
        return {}
    return {
        letter: {
            "name": str(row.get("Name") or letter),
            "gender": _GENDERS.get(str(row.get("Gender") or "").lower()),
            "age_group": str(row.get("Age") or "") or None,
        }
        for letter, row in info.items()
        if isinstance(row, Mapping)
    }


def _named(
    turns: list[Turn], facts: dict[str, dict[str, Any]]
) -> tuple[list[Turn], dict[str, dict[str, Any]]]:
    """Speakers by their names: the letters of M3ED start again in each clip, names do not."""
    names = {letter: row["name"] for letter, row in facts.items()}
    if len(set(names.values())) < len(names):
        return turns, facts
    renamed = [
        turn.model_copy(update={"speakers": tuple(names.get(s, s) for s in turn.speakers)})
        for turn in turns
    ]
    return renamed, {names[letter]: row for letter, row in facts.items()}


def _windows_alone(
    windows: Mapping[str, Any], splits: Mapping[str, str], options: ImportOptions, ledger: Ledger
) -> Iterator[Item]:
    """Dialogues without turns, which can be cut all the same."""
    for clip, row in windows.items():
        ledger.read()
        own = options.of_series(row["series"])
        window = _window(row, own, ledger)
        if window is None:
            ledger.lose("bad_time", where=clip, what=f"{row.get('start_time')} to {row.get('end_time')}")
            continue
        ledger.keep()
        placed = {"episode", "start_time", "end_time", "series"}
        title = _title(row["series"], clip, window, own)
        yield title
        yield build(
            clip,
            (),
            title_id=title.title_id,
            split=split_option(options) or splits.get(row["series"]),
            start_ms=window.start_ms,
            end_ms=window.end_ms,
            source=Source(dataset="M3ED", id=clip),
            extra=extras({k: v for k, v in row.items() if k not in placed}),
        )


IMPORTER = Importer("m3ed", "M3ED's JSON files (needs --fps)", (".json", ".txt"), accepts, read, SOURCE)
