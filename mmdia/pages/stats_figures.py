"""The figures of a release's statistics: the paper's Figure 3 and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmdia.pages.charts import bars, count, histogram, nothing
from mmdia.pages.html import Child, Markup, el, words
from mmdia.pages.rounds import ring, sunburst
from mmdia.schema.dialogue import NONVERBAL_KINDS

#: Words of the cloud, and bars of marks.
_MOST_WORDS, _MOST_BARS = 60, 15

#: Sizes of words in the cloud.
_SIZES = 6

#: Histograms: name of the figure, key in the statistics, what it shows, unit.
HISTOGRAMS = (
    ("durations", "duration_s", "Duration of dialogues", "s"),
    ("turn_lengths", "turn_s", "Length of turns", "s"),
    ("turns", "turns", "Turns per dialogue", ""),
    ("speakers", "speakers", "Speakers per dialogue", ""),
    ("intensity", "intensity", "Emotion intensity, 1 to 10", ""),
    ("volatility", "volatility", "Emotion volatility, 1 to 10", ""),
)


def figures(group: Mapping[str, Any]) -> dict[str, Markup]:
    """Every figure of one group of dialogues that there are data for.

    Args:
        group: What `Statistics.to_row` gives.

    Returns:
        SVG pictures by name: gender_pairs, relationship, interaction, sunburst, nonverbal, durations,
        turn_lengths, turns, speakers, intensity, volatility.
    """
    counts = group["counts"]
    out: dict[str, Markup] = {}
    # A ring of nothing but the unknown says nothing.
    if set(counts["gender_pairs"]) - {"unknown + unknown"}:
        out["gender_pairs"] = ring(counts["gender_pairs"], label="Genders of two speakers")
    for axis in ("relationship", "interaction"):
        if counts[axis]:
            out[axis] = bars(counts[axis], label=axis.capitalize(), most=24, colours=axis == "relationship")
    cells = cells_of(group)
    if cells:
        label = "Relationship, and interaction within it"
        out["sunburst"] = sunburst(cells, label=label, inner=list(counts["relationship"]))
    if group["nonverbal"]:
        out["nonverbal"] = bars(
            mark_counts(group), label="Non-verbal events", most=_MOST_BARS, unit="events"
        )
    for name, source, label, unit in HISTOGRAMS:
        made = group["histograms"][source]
        if any(made["counts"]):
            out[name] = histogram(
                made["edges"], made["counts"], label=label, unit=unit, is_open=made["open"]
            )
    return out


def cells_of(group: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Dialogues by relationship and interaction, pairs that occur."""
    return {(c["relationship"], c["interaction"]): c["n"] for c in group["lift"]["cells"] if c["n"]}


def mark_counts(group: Mapping[str, Any]) -> dict[str, int]:
    """Non-verbal events by label; labels of several kinds are added up."""
    out: dict[str, int] = {}
    for mark in group["nonverbal"]:
        name = mark["label"] or "(empty)"
        out[name] = out.get(name, 0) + mark["n"]
    return dict(sorted(out.items(), key=lambda item: (-item[1], item[0])))


def cloud(marks: Sequence[Mapping[str, Any]]) -> Markup:
    """Non-verbal labels as a cloud: the larger, the more frequent; a colour for each kind.

    Words are in the order of the alphabet, so that one can be found.
    """
    shown = list(marks)[:_MOST_WORDS]
    if not shown:
        return nothing("No non-verbal events.")
    steps = sorted({m["n"] for m in shown})
    place = {n: k for k, n in enumerate(steps)}

    def word(mark: Mapping[str, Any]) -> Child:
        # Sizes go by rank, as counts of words fall off too steeply for the eye.
        size = 1 + place[mark["n"]] * _SIZES // max(1, len(steps)) if len(steps) > 1 else 3
        tip = f"{count(mark['n'])} events, {mark['kind'] or 'no kind'}"
        classes = f"s{min(_SIZES, size)} k{kind_number(mark['kind'])}"
        return el("li", words(mark["label"] or "(empty)"), class_=classes, title=tip)

    ordered = sorted(shown, key=lambda m: (str(m["label"]), m["kind"] or ""))
    return el("ul", [word(mark) for mark in ordered], class_="cloud")


def kind_number(kind: str | None) -> int:
    """Number of a kind's colour; unknown ones share the last."""
    return NONVERBAL_KINDS.index(kind) if kind in NONVERBAL_KINDS else len(NONVERBAL_KINDS)
