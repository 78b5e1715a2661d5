"""What a rebuild holds: shares of the release, files on disk, the sound's quality, needs foreseen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from mmdia.pages.axes import trim
from mmdia.pages.html import Child, Markup, bullets, code, el, fold, link, paragraph, section, table, words
from mmdia.pages.words import DASH, lasting, number, percent, plural

Row = Mapping[str, Any]

_KINDS = {
    "audio": "sound of dialogues",
    "video": "pictures of dialogues",
    "still": "keyframes of turns",
    "turn audio": "sound of turns",
    "turn video": "pictures of turns",
}

#: Measurements of the sound: name, unit, and what it means.
_QUALITY = {
    "loudness_lufs": ("Loudness", "LUFS", "speech of films lies about −27 LUFS"),
    "peak_dbfs": ("Peak", "dBFS", "0 is the loudest that a file can hold"),
    "clipped_share": ("Clipped", "share", "samples at the limit"),
    "snr_db": ("Speech over noise", "dB", "estimated; below 10 dB is noisy"),
    "overlap_share": ("Overlap", "share", "time in which several speak, as annotated"),
    "speech_share": ("Speech", "share", "time in which speech is heard"),
    "dnsmos_ovrl": ("DNSMOS, all in all", "1 to 5", "estimated opinion of listeners"),
    "dnsmos_sig": ("DNSMOS, speech", "1 to 5", "estimated opinion on the speech alone"),
    "dnsmos_bak": ("DNSMOS, background", "1 to 5", "estimated opinion on noise: 5 is none"),
    "dnsmos_p808": ("DNSMOS, P.808", "1 to 5", "estimated opinion after ITU-T P.808"),
}


def _figure(value: object) -> float | None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good and isinstance(value, (int, float)) else None


def size(n_bytes: object) -> str:
    """Bytes as a person says them."""
    value = _figure(n_bytes)
    if value is None:
        return DASH
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= limit:
            return f"{number(value / limit, 1)} {unit}"
    return f"{value:.0f} B"


def share_bar(share: float | None, label: str) -> Child:
    """A bar as long as a share."""
    if share is None:
        return DASH
    wide = trim(100 * min(1.0, max(0.0, share)))
    rail = el("rect", class_="rail", width="100%", height="100%")
    done = el("rect", class_="done", width=f"{wide}%", height="100%")
    return el("svg", rail, done, class_="share", role="img", aria_label=label)


def availability_section(found: Row | None) -> Markup | None:
    """What the user now has of each split and tag."""
    parts: Mapping[str, Row] = (found or {}).get("parts") or {}
    if not parts:
        return None
    rows: list[list[Child]] = []
    for name, part in parts.items():
        if not part.get("dialogues"):
            continue
        share = _figure(part.get("hours_share"))
        said = DASH if share is None else percent(share)
        rows.append(
            [
                "Whole release" if name == "all" else words(name),
                f"{part.get('built') or 0:,} of {part['dialogues']:,}",
                f"{_hours(part.get('built_hours'))} of {_hours(part.get('hours'))}",
                said,
                share_bar(share, f"{said} of the hours"),
            ]
        )
    gone = (found or {}).get("gone") or 0
    lost = (
        paragraph(f"{plural(gone, 'clip')} of the receipt are gone: run the rebuild again.")
        if gone
        else None
    )
    heads = ["Part", "Dialogues", "Hours", "Share", ""]
    caption = "Dialogues from films whose clips are there; a tag may overlap splits"
    shown = table(heads, rows, caption=caption, right=[1, 2, 3])
    return section("What you have", shown, lost) if rows else None


def _hours(value: object) -> str:
    hours = _figure(value)
    return DASH if hours is None else number(hours, 2)


def clips_section(clips: Row | None, needed: Row | None, seconds: object) -> Markup | None:
    """Files on disk, what is special about clips, and how the estimate did."""
    files: Mapping[str, Row] = (clips or {}).get("files") or {}
    if clips is None or not files:
        return None
    rows: list[list[Child]] = [
        [_KINDS.get(kind, kind), f"{fact.get('n') or 0:,}", size(fact.get("bytes"))]
        for kind, fact in files.items()
    ]
    shards = clips.get("shards") or 0
    place = f"packed in {plural(shards, 'shard')}" if shards else "loose files"
    caption = f"{_length(clips.get('seconds'))} of clips, {place}"
    heads = ["Files", "Number", "Size"]
    shown = table(heads, rows, caption=caption, right=[1, 2])
    marks = [paragraph(text, class_="note") for text in _marks(clips)]
    return section("Clips", shown, marks, _links(clips), _needs(needed, files, seconds))


def _links(found: Row) -> Child:
    """Every clip by its dialogue, and how to see them all with their words."""
    clips: Mapping[str, str] = found.get("links") or {}
    if not clips:
        return None
    listed = bullets(link(path, words(dialogue_id)) for dialogue_id, path in clips.items())
    made: Child = ["a gallery, by ", code("mmdia find --clips OUT --report OUT/gallery.html")]
    gallery: Child = link("gallery.html", "the gallery") if found.get("gallery") else made
    return [
        fold(f"Open a clip: {len(clips):,}", listed, is_open=len(clips) <= 10),
        paragraph("All of them with words and labels: ", gallery, "."),
    ]


def _length(seconds: object) -> str:
    value = _figure(seconds)
    if value is None:
        return DASH
    return f"{number(value / 3600, 2)} h" if value >= 7200 else lasting(value)


def _marks(clips: Row) -> Iterable[str]:
    lead = clips.get("lead_in_s") or {}
    if _figure(lead.get("median")) is not None:
        most = number(1000 * float(lead["high"]), 0)
        yield (
            "Clips begin with the frame on screen at the first line: "
            f"{number(1000 * float(lead['median']), 0)} ms before it at the median, {most} ms at most in "
            "19 of 20 clips. Times of turns are those of the clip."
        )
    if clips.get("restored"):
        yield f"{plural(clips['restored'], 'clip')} brought back to the annotated speed."
    if clips.get("edit_list"):
        yield (
            f"{plural(clips['edit_list'], 'clip')} with an edit list: readers that ignore it (decord) show "
            "hidden frames, too."
        )
    if clips.get("interlaced"):
        yield f"{plural(clips['interlaced'], 'clip')} of interlaced films: every frame is two fields."


def _needs(needed: Row | None, files: Mapping[str, Row], seconds: object) -> Markup | None:
    """What was foreseen beside what came out."""
    if not needed or not needed.get("dialogues"):
        return None
    disk = sum(fact.get("bytes") or 0 for fact in files.values())
    rows: list[list[Child]] = [
        ["On disk", size(needed.get("bytes")), size(disk)],
        ["Time", _length(needed.get("wall_s")), _length(seconds)],
    ]
    return table(
        ["Of this run", "Foreseen", "In fact"],
        rows,
        caption=f"Foreseen for {plural(int(needed['dialogues']), 'dialogue')}; in fact: all that is there",
        right=[1, 2],
    )


def quality_section(clips: Row | None) -> Markup | None:
    """What was measured of the sound, and whether it says the text."""
    measured: Mapping[str, Row] = (clips or {}).get("quality") or {}
    rows = [_spread_row(*_QUALITY.get(name, (name, "", "")), spread) for name, spread in measured.items()]
    speech = (clips or {}).get("speech")
    if speech:
        rows.append(_spread_row("Text heard", "share", "of the words of a clip, in order", speech))
    if not rows:
        return None
    heads = ["Measure", "Unit", "Clips", "Low", "Median", "High", "Meaning"]
    caption = "Low and high: all but one clip in twenty lie above, and below"
    return section("Sound", table(heads, rows, caption=caption, right=[2, 3, 4, 5]))


def _spread_row(name: str, unit: str, meaning: str, spread: Row) -> list[Child]:
    figures: list[Child] = []
    for key in ("low", "median", "high"):
        value = _figure(spread.get(key))
        shown = DASH if value is None else percent(value) if unit == "share" else number(value, 1)
        figures.append(shown)
    return [name, "" if unit == "share" else unit, f"{spread.get('n') or 0:,}", *figures, meaning]
