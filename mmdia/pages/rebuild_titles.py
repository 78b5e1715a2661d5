"""The titles of a rebuild: a row each, and what was found of every file of a title."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmdia.pages.cells import copy_plots, small, strong, verdict_cell
from mmdia.pages.evidence import how_matched
from mmdia.pages.html import Child, Markup, badge, bullets, el, fold, paragraph, section, table, words
from mmdia.pages.words import DASH, lasting, number, percent, plural, sentence, signed, tone, verdict
from mmdia.schema.reasons import explain
from mmdia.schema.timemap import TimeMapFile

Row = Mapping[str, Any]

#: Statuses of dialogues: how they are said, and their tone.
STATUSES: dict[str, tuple[str, str]] = {
    "built": ("built", "good"),
    "refused": ("refused", "warn"),
    "failed": ("failed", "bad"),
    "missing_media": ("no file", "warn"),
    "no_media": ("script only", "plain"),
    "withdrawn": ("withdrawn", "plain"),
    "not_selected": ("not selected", "plain"),
}

#: Why a sound track was taken.
_TRACKS = {
    "asked": "asked for",
    "language": "in the film's language",
    "default": "the file's default",
    "only": "the only one",
    "untagged": "no languages are tagged",
}

#: Titles with plots of their own, and rows of other lists.
MOST_PLOTS, MOST_ROWS = 40, 1000


def title_section(titles: Sequence[Row], timemaps: Mapping[str, TimeMapFile]) -> Markup:
    """The table of titles."""
    if not titles:
        return section("Titles", paragraph("The release has no titles."))
    heads = ["Title", "File", "Verdict", "Confidence", "Offset, s", "Built", "Not built"]
    rows = [_title_row(t, timemaps.get(str(t.get("title_id")))) for t in titles[:MOST_ROWS]]
    more = len(titles) - MOST_ROWS
    rest = paragraph(f"… and {plural(more, 'more title')}.", class_="note") if more > 0 else None
    shown = table(heads, rows, caption="One row a title", right=[3, 4, 5])
    return section("Titles", shown, rest)


def _title_row(title: Row, document: TimeMapFile | None) -> list[Child]:
    counts: Mapping[str, int] = title.get("counts") or {}
    built, total = counts.get("built", 0), sum(counts.values())
    why = small(_reason_text(title, document))
    whole = built == total > 0  # then the reasons are doubts of the verdict
    return [
        strong(str(title.get("title_id"))),
        _file_cell(title),
        [_verdict_cell(title, document), why if whole else None],
        percent(float(title["confidence"])) if title.get("confidence") is not None else DASH,
        signed(float(title["offset"])) if title.get("offset") is not None else DASH,
        f"{built:,} / {total:,}",
        el("div", _not_built(counts), None if whole else why, class_="why"),
    ]


def _file_cell(title: Row) -> Child:
    """The file, how it was matched, its sound track, and how many others there are."""
    file = title.get("file")
    if not file:
        return badge("no file", "warn")
    part = f" (part {title['part']})" if title.get("part") else ""
    others = sum(f.get("why_not") is not None and f.get("path") != file for f in title.get("files") or ())
    lines = [
        how_matched(title.get("how")),
        track_words(title.get("track")),
        plural(others, "other copy", "other copies") + " not taken" if others else "",
    ]
    told = [small(line) for line in lines if line]
    return el("div", words(str(file)), part, told, speech_badge(title.get("speech")), class_="file")


def track_words(track: Row | None) -> str:
    """The sound track that was taken, in words."""
    if not track:
        return ""
    said = [f"sound track {int(track.get('number') or 0)}"]
    said += [str(track[key]) for key in ("language", "title") if track.get(key)]
    why = str(track.get("why") or "")
    return ", ".join(said) + (f": {_TRACKS.get(why, why)}" if why else "")


def speech_badge(speech: Row | None) -> Child:
    """Whether the clips say their text, where somebody listened."""
    if not speech:
        return None
    score, threshold = float(speech.get("score") or 0), float(speech.get("threshold") or 0)
    return badge(f"says {percent(score)} of its text", "good" if score >= threshold else "bad")


def _verdict_cell(title: Row, document: TimeMapFile | None) -> Child:
    if document is not None:
        return verdict_cell(document)
    name, scale = title.get("verdict"), title.get("scale")
    if name is None:
        return DASH
    speed = small(f"×{scale:.6g}") if isinstance(scale, (int, float)) and name != "wrong_film" else None
    return [badge(str(name).replace("_", " "), "bad" if name == "wrong_film" else "plain"), speed]


def _not_built(counts: Mapping[str, int]) -> Child:
    rest = [(s, n) for s, n in counts.items() if s != "built" and n]
    if not rest:
        return badge("all built", "good") if counts else DASH
    return [
        [badge(f"{n:,} {STATUSES.get(s, (s, ''))[0]}", STATUSES.get(s, ("", "plain"))[1]), " "]
        for s, n in rest
    ]


def _reason_text(title: Row, document: TimeMapFile | None) -> str:
    counted = {} if document is None else dict(document.sentences())
    said = [sentence(counted.get(str(c)) or explain(str(c))) for c in title.get("reasons") or ()]
    return " ".join(said + ([str(title["message"])] if title.get("message") else []))


def detail_section(titles: Sequence[Row], timemaps: Mapping[str, TimeMapFile]) -> Markup | None:
    """Files and plots of every title that has any: doubtful ones first, for they want a look."""
    by_id = {str(t.get("title_id")): t for t in titles}
    order = dict.fromkeys([*by_id, *timemaps])
    known = [t for t in order if t in timemaps or (by_id.get(t) or {}).get("files")]
    ranks = {"bad": 0, "warn": 1, "good": 2}
    known.sort(key=lambda t: ranks[tone(timemaps[t])] if t in timemaps else 0)
    if not known:
        return None
    shown = [_detail(t, by_id.get(t) or {}, timemaps.get(t)) for t in known[:MOST_PLOTS]]
    more = len(known) - MOST_PLOTS
    rest = (
        paragraph(f"… and {plural(more, 'more title')} without plots here.", class_="note")
        if more > 0
        else None
    )
    return section("Time maps and files", shown, rest, note="Titles in doubt come first.")


def _detail(title_id: str, title: Row, document: TimeMapFile | None) -> Markup:
    head: list[Child] = [words(title_id), " "]
    if document is not None:
        head.append(badge(verdict(document), tone(document)))
    plots = None if document is None else copy_plots(document)
    return fold(head, files_table(title.get("files") or ()), _speech_words(title.get("speech")), plots)


def files_table(files: Sequence[Row]) -> Markup | None:
    """What was found of every file: why it was matched, and why it was taken or not."""
    if not files:
        return None
    rows = [_file_row(f) for f in files[:MOST_ROWS]]
    heads = ["File", "Matched by", "Length", "Map", "Confidence", "Taken"]
    return table(heads, rows, caption="Files that were looked at", right=[2, 4])


def _file_row(file: Row) -> list[Child]:
    evidence = [str(e) for e in file.get("matched_by") or ()]
    length = file.get("duration_s")
    name = file.get("verdict")
    part = f" (part {file['part']})" if file.get("part") else ""
    taken: Child = DASH
    if file.get("chosen"):
        taken = badge("clips cut from it", "good")
    elif file.get("why_not"):
        taken = [badge("not taken", "plain"), small(sentence(explain(str(file["why_not"]))))]
    return [
        el("div", words(str(file.get("path"))), part, class_="file"),
        [how_matched(file.get("how")) or DASH, [small(words(e)) for e in evidence]],
        lasting(float(length)) if isinstance(length, (int, float)) and math.isfinite(length) else DASH,
        DASH if name is None else str(name).replace("_", " "),
        percent(float(file["confidence"])) if file.get("confidence") is not None else DASH,
        taken,
    ]


def _speech_words(speech: Row | None) -> Markup | None:
    if not speech:
        return None
    n, score = int(speech.get("n") or 0), float(speech.get("score") or 0)
    said = f"{plural(n, 'clip')} listened to: the middle one says {percent(score)} of its text"
    least = number(100 * float(speech.get("threshold") or 0), 0)
    return paragraph(f"{said} (wanted: {least} %; ", words(str(speech.get("engine") or "")), ").")


def name_list(name: str, items: Sequence[object]) -> Markup:
    """Names in a list that opens on demand."""
    shown = bullets(words(str(i)) for i in items[:MOST_ROWS])
    return fold(f"{name}: {len(items):,}", shown, is_open=len(items) <= 10)
