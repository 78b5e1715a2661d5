"""Figures from the sums of a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mmdia.release.stat_tally import AXES, TURN_WORDS, Tally
from mmdia.schema.dialogue import VISIBILITY
from mmdia.schema.title import Title

#: Edges of the histograms of lengths, seconds; the last bin takes all that is longer.
SPAN_EDGES = (*(float(e) for e in range(0, 95, 5)), float("inf"))
TURN_EDGES = (*(e / 2 for e in range(21)), float("inf"))

#: From here on, counts of turns and speakers share a bin.
MOST_TURNS, MOST_SPEAKERS = 30, 8


def _over(total: float, n: int) -> float | None:
    return total / n if n else None


def table3_of(tally: Tally) -> dict[str, float | int | str | None]:
    """Rows of Table 3 and their other readings, by key."""
    turns_s = tally.turn_ms / 1000
    scores = {
        f"{name}_{rater}": _over(tally.score_totals.get((name, rater), 0.0), tally.score_sums[name, rater])
        for name in ("intensity", "volatility")
        for rater in ("model", "human")
    }
    changes = _over(tally.changes, tally.with_turns)
    return {
        "total_dialogues": tally.dialogues,
        "total_turns": tally.turns,
        "total_duration_h": tally.span_ms / 3_600_000 if tally.spans else None,
        "speakers_per_dialogue": _over(tally.speakers, tally.named),
        "duration_per_dialogue_s": _over(tally.span_ms / 1000, tally.spans),
        "turns_per_dialogue": _over(tally.turns, tally.dialogues),
        "duration_per_turn_s": _over(turns_s, tally.timed_turns),
        "turns_per_speaker": _over(tally.turns_per_speaker, tally.named),
        "speaker_changes": changes,
        "speaker_visibility": visibility_of(tally),
        **scores,
        "turn_duration_h": turns_s / 3600 if tally.timed_turns else None,
        "turn_duration_per_dialogue_s": _over(turns_s, tally.timed_dialogues),
        "span_per_turn_s": _over(tally.span_ms / 1000, tally.turns_of_spans),
        "extended_per_turn_s": _over(tally.extended_ms / 1000, tally.timed_turns),
        "turns_per_speaker_pooled": _over(tally.turns_of_named, tally.speakers),
        "runs_per_dialogue": None if changes is None else changes + 1,
        "median_duration_s": tally.span_steps.median_s(),
        "median_turn_s": tally.turn_steps.median_s(),
    }


def _labels(tally: Tally) -> int:
    """Turns whose visibility is labelled."""
    words = tally.turn_words.get("visibility", Counter())
    return sum(n for word, n in words.items() if word != "not_labelled")


def visibility_of(tally: Tally) -> str | None:
    """The row Speaker Visibility: All, Partial, None, or null where nothing is labelled."""
    if not _labels(tally):
        return None
    if tally.all_seen and tally.all_seen == tally.dialogues:
        return "All"
    return "Partial" if tally.all_seen or tally.some_seen else "None"


def table1_of(tally: Tally, licence: str | None) -> dict[str, str]:
    """The row of Table 1 that describes the group."""
    film = bool(tally.spans and any(name is not None for name in tally.titles))
    labelled = any(tally.categories.values())
    by_dialogue = labelled or any(tally.has[k] for k in ("description", "speaker_style"))
    by_turn = tally.marks.total or tally.has["turn_style"] or tally.has["turn_emotion"]
    described = any(tally.has[k] for k in ("description", "speaker_style", "turn_style"))
    tagged = labelled or tally.has["turn_emotion"]
    hours = tally.span_ms / 3_600_000
    return {
        "#Clip": f"{tally.dialogues:,}",
        "#Utt.": f"{tally.turns:,}",
        "#Dur.(h)": f"{hours:,.1f}" if tally.spans else "-",
        "T": _mark(tally.has["text"]),
        "V": _mark(film or tally.has["keyframe"] or _labels(tally)),
        "A": _mark(film),
        "S-ID": _mark(tally.named),
        "N-V": _mark(tally.marks.total),
        "S-V": _mark(_labels(tally)),
        "Granularity": _joined([("Dia", by_dialogue), ("Sent.", by_turn)]),
        "Label": _joined([("Desc", described), ("Tag", tagged)]),
        "OS": _mark(licence),
    }


def _mark(there: object) -> str:
    return "✓" if there else "✗"


def _joined(parts: Sequence[tuple[str, object]]) -> str:
    return "/".join(word for word, there in parts if there) or "None"


def counts_of(
    tally: Tally, titles: Mapping[str, Title], order: Mapping[str, Sequence[str]]
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, dict[str, int]]]]:
    """Counts by word, and speakers by trait and category."""
    counts = {axis: _in_order(tally.categories.get(axis, Counter()), order[axis]) for axis in AXES}
    counts["uncategorised"] = {axis: tally.uncategorised[axis] for axis in AXES}
    counts["gender_pairs"] = _by_size(tally.gender_pairs)
    counts["genders"] = _by_size(tally.genders)
    counts["ages"] = _by_size(tally.ages)
    said = {name: tally.turn_words.get(name, Counter()) for name in TURN_WORDS}
    counts["visibility"] = _in_order(said["visibility"], VISIBILITY)
    counts["emotions"], counts["sentiments"] = _by_size(said["emotion"]), _by_size(said["sentiment"])
    counts |= _of_titles(tally, titles)
    bias = {}
    for name, cells in sorted(tally.bias.items()):
        words = order[name.rpartition("_by_")[2]]
        table: dict[str, Counter[str]] = {}
        for (trait, word), n in cells.items():
            table.setdefault(trait, Counter())[word] += n
        bias[name] = {trait: _in_order(table[trait], words) for trait in sorted(table)}
    return counts, bias


def _of_titles(tally: Tally, titles: Mapping[str, Title]) -> dict[str, dict[str, int]]:
    """Dialogues by what is known of their titles; unknown ones count under "unknown"."""
    found: dict[str, Counter[str]] = {
        name: Counter() for name in ("kinds", "languages", "countries", "decades", "genres")
    }
    for name, n in tally.titles.items():
        title = None if name is None else titles.get(name)
        facts: dict[str, str | None] = dict.fromkeys(("kinds", "languages", "countries", "decades"))
        if title is not None:
            decade = None if title.year is None else f"{title.year // 10 * 10}s"
            language = title.audio_language or title.language
            facts = {
                "kinds": title.kind, "languages": language, "countries": title.country, "decades": decade,
            }  # fmt: skip
        for key, word in facts.items():
            found[key][word or "unknown"] += n
        genres = () if title is None else title.genres
        found["genres"].update(dict.fromkeys(genres or ("unknown",), n))
    out = {key: _by_size(counter) for key, counter in found.items()}
    out["decades"] = dict(sorted(out["decades"].items()))
    return out


def _in_order(counter: Mapping[str, int], order: Sequence[str]) -> dict[str, int]:
    """Counts in the vocabulary's order, then other words by size; words without a count are left out."""
    first = {word: counter[word] for word in order if counter.get(word)}
    return first | _by_size({word: n for word, n in counter.items() if word not in first})


def _by_size(counter: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def histograms_of(tally: Tally) -> dict[str, dict[str, Any]]:
    """Histograms: lower edges of the bins, and counts; ``open`` says that the last bin has no end."""
    out = {
        "duration_s": _histogram(list(SPAN_EDGES[:-1]), tally.span_steps.in_bins(SPAN_EDGES), open_=True),
        "turn_s": _histogram(list(TURN_EDGES[:-1]), tally.turn_steps.in_bins(TURN_EDGES), open_=True),
        "turns": _of_counts(tally.turn_counts, MOST_TURNS),
        "speakers": _of_counts(tally.speaker_counts, MOST_SPEAKERS),
    }
    for name in ("intensity", "volatility"):
        bins = tally.score_bins.get(name, Counter())
        out[name] = _histogram(list(range(1, 11)), [bins[k] for k in range(1, 11)])
    return out


def _histogram(edges: Sequence[float], counts: list[int], *, open_: bool = False) -> dict[str, Any]:
    return {"edges": list(edges), "counts": counts, "open": open_}


def _of_counts(counter: Mapping[int, int], most: int) -> dict[str, Any]:
    """Whole numbers from the smallest that occurs (0 or 1) to `most`, which takes all above."""
    first = 0 if counter.get(0) else 1
    last = max(first, min(most, max(counter, default=first)))
    counts = [counter.get(k, 0) for k in range(first, last)]
    counts.append(sum(n for k, n in counter.items() if k >= last))
    return _histogram(range(first, last + 1), counts, open_=any(k > last for k in counter))


def left_out_of(tally: Tally) -> dict[str, int]:
    """What no figure could use, by reason; only what occurs."""
    found = {
        "dialogues_without_span": tally.dialogues - tally.spans,
        "dialogues_without_turns": tally.dialogues - tally.with_turns,
        "dialogues_without_speakers": tally.dialogues - tally.named,
        "turns_without_times": tally.turns - tally.timed_turns - tally.bad_turns,
        "turns_that_end_before_they_start": tally.bad_turns,
        "intensity_out_of_range": tally.out_of_range["intensity"],
        "volatility_out_of_range": tally.out_of_range["volatility"],
        "relationships_without_category": tally.uncategorised["relationship"],
        "interactions_without_category": tally.uncategorised["interaction"],
        "marks_beyond_the_limit": tally.marks.lost,
    }
    return {reason: n for reason, n in found.items() if n}
