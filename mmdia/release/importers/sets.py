"""Public sets on films and series: dialogues as text alone, and moments without turns.

CPED, MUStARD and EmotionLines say who speaks and what, not when: their turns have no times. TVR and
Condensed Movies say what happens in a clip. Their clocks are the clips' own, so a clip is a title, never
the episode or film that it is from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.shape import build, extras, speakers_of, split_named, split_option
from mmdia.release.importers.speech import GENDERS, seconds_ms
from mmdia.release.importers.tables import Row, csv_rows, document_of, first_of, header_of, json_rows
from mmdia.release.importers.text import count_words
from mmdia.schema.dialogue import Source, Turn
from mmdia.schema.release import ReleaseSource
from mmdia.schema.title import Title

_CPED = ("TV_ID", "Dialogue_ID", "Utterance_ID", "Speaker", "Utterance")
_CPED_PLACED = frozenset({*_CPED, "Gender", "Age", "Sentiment", "Emotion"})
_LINE = frozenset({"speaker", "utterance"})
_TVR_PLACED = frozenset({"vid_name", "ts", "desc", "desc_id", "duration"})
_MOMENT = frozenset({"desc", "desc_id"})
_FILM = (("casts", "cast"), ("movie_info", "genre"), ("movie_info", "country"), ("movies", "title"))
_CLIPS = ("videoid", "title", "clip_name", "imdbid")


def _split(path: Path, options: ImportOptions) -> str | None:
    return split_option(options) or split_named(path.name)


def _turn(speaker: object, text: object, **more: Any) -> Turn:
    name, line = " ".join(str(speaker or "").split()), str(text).strip()
    return Turn(speakers=(name,) if name else (), text=line, n_words=count_words(line), **more)


def _cped(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each series, a dialogue for each scene's talk."""
    for path in files:
        known: dict[str, list[tuple[Row, Turn]]] = {}
        for row in csv_rows(path, ledger, encoding=options.encoding, needs=_CPED):
            if not row.text("Dialogue_ID") or not row.text("TV_ID"):
                ledger.lose("missing_field", where=row.where, what="Dialogue_ID or TV_ID")
                continue
            more = {key: value for key, value in row.cells.items() if key not in _CPED_PLACED}
            turn = _turn(
                row.text("Speaker"), row.text("Utterance"), emotion=row.text("Emotion") or None,
                sentiment=row.text("Sentiment") or None,
                extra=extras({**more, "source_utterance": row.text("Utterance_ID")}),
            )  # fmt: skip
            ledger.keep()
            known.setdefault(row.text("Dialogue_ID"), []).append((row, turn))
        for name, rows in known.items():
            title_id = f"cped_{rows[0][0].text('TV_ID')}"
            yield Title(title_id=title_id, kind="other", language=options.language or "zh")
            facts = {
                row.text("Speaker"): {
                    "gender": GENDERS.get(row.text("Gender").lower()), "age_group": row.text("Age") or None,
                }
                for row, _ in rows
            }  # fmt: skip
            turns = [turn for _, turn in rows]
            yield build(
                f"cped_{name}", turns, title_id=title_id, split=_split(path, options),
                speakers=speakers_of(turns, facts), source=Source(dataset="CPED", id=name),
            )  # fmt: skip


def _mustard(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each show, a dialogue for each utterance with its context before it."""
    for path in files:
        document = document_of(path, ledger)
        for name, row in document.items() if isinstance(document, Mapping) else ():
            where = f"{path.name}:{name}"
            if not isinstance(row, Mapping) or not isinstance(row.get("utterance"), str):
                ledger.read()
                ledger.lose("broken_row", where=where, what="no utterance")
                continue
            before, by = row.get("context") or [], row.get("context_speakers") or []
            before = before if isinstance(before, list) else [before]
            ledger.read(len(before) + 1)
            ledger.keep(len(before) + 1)
            names = [*by, *[""] * len(before)] if isinstance(by, list) else [""] * len(before)
            if len(names) != 2 * len(before) and before:
                ledger.note("disagrees", where=where, what="context and context_speakers")
            turns = [_turn(who, text) for who, text in zip(names, before, strict=False)]
            more = {k: v for k, v in row.items() if k not in {*_LINE, "context", "context_speakers"}}
            turns.append(_turn(row.get("speaker"), row["utterance"]))
            title_id = f"mustard_{row['show']}" if row.get("show") else None
            if title_id:
                yield Title(title_id=title_id, kind="other", language=options.language or "en")
            yield build(
                f"mustard_{name}", turns, title_id=title_id, split=split_option(options),
                source=Source(dataset="MUStARD", id=str(name)), extra=extras(more),
            )  # fmt: skip


def _emotionlines(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A script for each list of lines."""
    for path in files:
        document = document_of(path, ledger)
        for number, lines in enumerate(document if isinstance(document, list) else [], start=1):
            where = f"{path.name}:{number}"
            turns = []
            for line in lines if isinstance(lines, list) else [lines]:
                ledger.read()
                if not isinstance(line, Mapping) or not set(line) >= _LINE:
                    ledger.lose("broken_row", where=where, what="no line with speaker and utterance")
                    continue
                ledger.keep()
                more = {k: v for k, v in line.items() if k not in {*_LINE, "emotion"}}
                emotion = str(line["emotion"]) if line.get("emotion") else None
                turns.append(_turn(line["speaker"], line["utterance"], emotion=emotion, extra=extras(more)))
            if turns:
                yield build(
                    f"{path.stem}_{number:04d}", turns, title_id=None, split=_split(path, options),
                    source=Source(dataset="EmotionLines", id=where),
                )  # fmt: skip


def _tvr(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each clip, a dialogue without turns for each description of a moment."""
    for path in files:
        for row in json_rows(path, ledger):
            name, span = row.text("vid_name"), row.cells.get("ts")
            pair = span if isinstance(span, list) and len(span) == 2 else (None, None)
            start, end = (seconds_ms(str(t)) for t in pair)
            if not set(row.cells) >= _MOMENT:
                ledger.lose("missing_field", where=row.where, what="desc, desc_id")
                continue
            if span is not None and (start is None or end is None):
                ledger.lose("bad_time", where=row.where, what=span)
                continue
            ledger.keep()
            more = {k: v for k, v in row.cells.items() if k not in _TVR_PLACED}
            known: dict[str, Any] = {
                "split": _split(path, options), "extra": extras(more), "summary": row.text("desc") or None,
                "source": Source(dataset="TVR", id=row.text("desc_id")),
            }  # fmt: skip
            if name:
                known |= {"start_ms": start, "end_ms": end}
                facts = {
                    "language": options.language or "en",
                    "duration_ms": seconds_ms(row.text("duration")),
                }
                yield Title(title_id=name, kind="other", **facts)
            yield build(f"tvr_{row.text('desc_id')}", (), title_id=name or None, **known)


def _condensed(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title and a dialogue without turns for each clip; other tables say its length and what happens."""
    clips: list[Row] = []
    facts: dict[str, dict[str, Row]] = {}
    for path in files:
        columns = header_of(path)
        for row in csv_rows(path, ledger, encoding=options.encoding):
            if set(_CLIPS) <= set(columns):
                clips.append(row)
            elif (key := row.text("videoid") or row.text("imdbid")) in facts.setdefault(path.stem, {}):
                ledger.lose("duplicate_row", where=row.where, what=key)
            else:
                facts[path.stem][key] = row
    used: set[tuple[str, str]] = set()

    def fact(table: str, key: str, column: str) -> str:
        row = facts.get(table, {}).get(key)
        used.add((table, key))
        return "" if row is None else row.text(column)

    for row in clips:
        name, film = row.text("videoid"), row.text("imdbid")
        if not name:
            ledger.lose("missing_field", where=row.where, what="videoid")
            continue
        ledger.keep()
        duration = seconds_ms(fact("durations", name, "duration"))
        more = {key: value for key, value in row.cells.items() if key not in ("videoid", "clip_name")}
        more |= {key: fact(table, film, key) for table, key in _FILM}
        yield Title(
            title_id=name, kind="other", name=row.text("clip_name") or None, duration_ms=duration,
            language=options.language or "en", extra=extras(more),
        )  # fmt: skip
        yield build(
            f"{name}_clip", (), title_id=name, start_ms=None if duration is None else 0, end_ms=duration,
            summary=fact("descriptions", name, "description") or None,
            split=split_option(options) or split_named(fact("split", film, "split")),
            source=Source(dataset="Condensed Movies", id=name),
        )  # fmt: skip
    for table, rows in facts.items():
        for key, row in rows.items():
            if (table, key) in used:
                ledger.keep()
            else:
                ledger.lose("no_title", where=row.where, what=key)


def _has(*names: str) -> Any:
    """Whether a table has these columns, or a JSON file's first row these keys."""

    def accepts(files: Sequence[Path]) -> bool:
        kinds = {".csv": header_of, ".json": first_of, ".jsonl": first_of}
        return any(set(names) <= set(kinds[path.suffix](path)) for path in files if path.suffix in kinds)

    return accepts


def _is_mustard(files: Sequence[Path]) -> bool:
    firsts = [next(iter(first_of(path).values()), None) for path in files if path.suffix.lower() == ".json"]
    return any(isinstance(row, Mapping) and {"utterance", "context"} <= set(row) for row in firsts)


def _importer(
    name: str, url: str, citation: str, help: str, suffix: str, accepts: Any, read: Any
) -> Importer:
    source = ReleaseSource(name=name, kind="dataset", url=url, citation=citation)
    return Importer(
        name.lower().replace(" ", ""), f"{name}'s files ({help})", (suffix,), accepts, read, source
    )


IMPORTERS = {
    made.name: made
    for made in (
        _importer(
            "CPED", "https://github.com/scutcyr/CPED",
            "Chen et al., CPED: A Large-Scale Chinese Personalized and Emotional Dialogue Dataset, 2022",
            "Chinese series, no times", ".csv", _has(*_CPED), _cped,
        ),
        _importer(
            "MUStARD", "https://github.com/soujanyaporia/MUStARD",
            "Castro et al., Towards Multimodal Sarcasm Detection, ACL 2019",
            "sarcasm, no times", ".json", _is_mustard, _mustard,
        ),
        _importer(
            "EmotionLines", "https://doraemon.iis.sinica.edu.tw/emotionlines",
            "Chen et al., EmotionLines: An Emotion Corpus of Multi-Party Conversations, LREC 2018",
            "no times", ".json", _has(*_LINE, "emotion"), _emotionlines,
        ),
        _importer(
            "TVR", "https://github.com/jayleicn/TVRetrieval",
            "Lei et al., TVR: A Large-Scale Dataset for Video-Subtitle Moment Retrieval, ECCV 2020",
            "moments, no turns", ".jsonl", _has(*_MOMENT), _tvr,
        ),
        _importer(
            "Condensed Movies", "https://github.com/m-bain/CondensedMovies",
            "Bain et al., Condensed Movies: Story Based Retrieval with Contextual Embeddings, ACCV 2020",
            "clips, no turns", ".csv", _has(*_CLIPS), _condensed,
        ),
    )
}  # fmt: skip
