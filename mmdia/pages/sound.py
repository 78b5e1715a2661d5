"""Sound as evidence: where speech was heard in this copy, and where its soundtrack is the annotated one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmdia.pages.axes import WIDE, Scale, drawable
from mmdia.pages.html import Markup, figure, paragraph, section
from mmdia.pages.svg import box, inner, picture, rule, text, time_axis
from mmdia.pages.words import clock, percent, plural
from mmdia.schema.timemap import LineRow, TimeMapFile

#: Pixels of the two bands.
_SPEECH, _LINES = 64, 16

#: Rectangles a band has at most: neighbours that touch are drawn as one.
_MOST_BOXES = 600


def sound_section(document: TimeMapFile) -> Markup | None:
    """Plots of what was heard; None when nobody listened."""
    parts = []
    speech = document.evidence.get("speech")
    if isinstance(speech, Mapping) and (shares := _numbers(speech.get("share"))):
        detector = str(document.evidence.get("detector") or "a detector")
        caption = (
            f"Above: share of each moment in which {detector} heard speech. Below: where the time map puts "
            "the annotation's lines. In the right film the two agree nearly everywhere; speech without "
            "lines is normal where a film sings, shouts in crowds, or has a trailer in front."
        )
        parts.append(
            figure(
                speech_plot(document, _number(speech, "start_s"), _number(speech, "step_s"), shares),
                caption,
            )
        )
    strip = document.evidence.get("fingerprint_strip")
    if isinstance(strip, Mapping) and (found := _numbers(strip.get("share"))):
        caption = (
            "Height: how well the soundtrack of this copy agrees with the annotated one at each moment of "
            "the annotation. Gaps are parts that this copy lacks, or that sound differently (a dub)."
        )
        parts.append(
            figure(fingerprint_plot(_number(strip, "start_s"), _number(strip, "step_s"), found), caption)
        )
    return section("What was heard", *parts) if parts else None


def speech_plot(document: TimeMapFile, start: float, step: float, shares: Sequence[float]) -> Markup:
    """Speech of the copy over its player time, and the lines that the map places there."""
    x = _scale(start, step, len(shares))
    y = Scale(1, 0, _SPEECH)
    columns = [
        box(x(start + k * step), y(v), WIDE / len(shares), _SPEECH - y(v), "bar",
            f"{clock(start + k * step)}: speech {percent(v)}")
        for k, v in enumerate(shares)
        if v > 0.005
    ]  # fmt: skip
    present = [line for line in document.lines if line.present]
    placed = [
        box(x.clamp(a), 0, max(0.6, x.clamp(b) - x.clamp(a)), _LINES, "placed")
        for a, b in _runs(present, x)
    ]
    top = 24
    grid, labels = time_axis(x, top, top + _SPEECH + 6 + _LINES)
    head = text("0", 14, "Speech heard in this copy, and lines placed (player time)", class_="head")
    base = rule("0", top + _SPEECH, "100%", top + _SPEECH, "axis")
    body = [
        grid,
        head,
        inner(top, _SPEECH, columns),
        base,
        inner(top + _SPEECH + 6, _LINES, placed),
        labels,
    ]
    mean = sum(shares) / len(shares)
    label = f"Speech in {percent(mean)} of this copy; {plural(len(present), 'line')} placed."
    return picture(label, top + _SPEECH + _LINES + 30, body)


def fingerprint_plot(start: float, step: float, shares: Sequence[float]) -> Markup:
    """Agreement of the two soundtracks over annotation time."""
    x, y = _scale(start, step, len(shares)), Scale(1, 0, _SPEECH)
    columns = []
    for k, value in enumerate(shares):
        held = min(1.0, max(0.0, value))
        class_ = "high" if held >= 0.5 else "mid"
        tip = f"{clock(start + k * step)}: agreement {percent(held)}"
        width = WIDE / len(shares)
        columns.append(box(x(start + k * step), y(held), width, _SPEECH - y(held), class_, tip))
    top = 24
    grid, labels = time_axis(x, top, top + _SPEECH)
    head = text("0", 14, "Same soundtrack (annotation time)", class_="head")
    base = rule("0", top + _SPEECH, "100%", top + _SPEECH, "axis")
    covered = sum(v >= 0.5 for v in shares) / len(shares)
    label = f"The soundtrack of the annotated copy was found in {percent(covered)} of it."
    return picture(label, top + _SPEECH + 24, [grid, head, inner(top, _SPEECH, columns), base, labels])


def heard_in_words(document: TimeMapFile) -> Markup | None:
    """One sentence on which evidence was used; None when the file does not say."""
    facts = document.evidence
    kind = facts.get("kind")
    if kind in (None, "none", "identity"):
        return None
    lead = {"text": "the words of lines", "timing": "the timing of lines", "audio": "speech in the sound",
            "fingerprint": "the fingerprint of the soundtrack"}.get(str(facts.get("mode")))  # fmt: skip
    said = "" if lead is None else f"Led by {lead}"
    if facts.get("detector"):
        said += f"{', ' if said else ''}heard by {facts['detector']}"
    return paragraph(f"{said}.", class_="sub") if said else None


def _scale(start: float, step: float, n: int) -> Scale:
    return Scale(start, start + max(step * n, 1.0), WIDE)


def _runs(lines: Sequence[LineRow], x: Scale) -> list[tuple[float, float]]:
    """Spans of lines in player time; those less than a column apart are joined."""
    spans = sorted(
        (v.start, v.end) for v in lines if drawable(v.start) and drawable(v.end) and v.end >= v.start
    )
    least = (x.high - x.low) / _MOST_BOXES
    out: list[tuple[float, float]] = []
    for a, b in spans:
        if out and a - out[-1][1] < least:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        else:
            out.append((a, b))
    return out


def _numbers(values: object) -> list[float]:
    if not isinstance(values, (list, tuple)):
        return []
    return [float(v) for v in values if isinstance(v, (int, float)) and drawable(float(v))]


def _number(row: Mapping[str, object], key: str) -> float:
    value = row.get(key)
    good = isinstance(value, (int, float)) and drawable(float(value))
    return float(value) if good and isinstance(value, (int, float)) else float(key == "step_s")
