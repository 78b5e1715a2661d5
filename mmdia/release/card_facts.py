"""What the cards say of a release, found in it: counts, balance, people, gaps, withdrawals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import iter_titles, withdrawals
from mmdia.release.card_gaps import RowGaps
from mmdia.release.card_text import many
from mmdia.release.publish_tables import DIALOGUES, Written
from mmdia.release.stat_definitions import FURTHER, TABLE3
from mmdia.release.statistics import statistics

#: Age groups that mean minors, as far as open labels tell.
_MINOR_WORDS = ("child", "kid", "teen", "minor", "infant", "baby", "toddler", "adolescent")
#: What a test set is for, by tag: a line for the table, and a paragraph.
_SETS = {
    "bench": (
        "task 1 and the leaderboard",
        "Two speakers, seen, with high intensity and volatility, balanced over relationship and "
        "interaction.",
    ),
    "hard": (
        "the pool that bench is chosen from",
        "Highly expressive dialogues, held out of training; bench lies within it.",
    ),
    "ood": ("generalisation", "Dialogues from other sources than the training rows."),
    "task2": (
        "speech from a picture of the speakers",
        "Test dialogues in which every keyframe shows a single visible speaker.",
    ),
    "task3": (
        "talking video",
        "Test dialogues in which every keyframe shows exactly one visible, unobstructed face.",
    ),
}


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Everything the templates are filled with.

    Attributes:
        context: Names of the templates and their values.
        pictures: SVG figures by name.
        languages: Languages of the titles, BCP-47, sorted.
    """

    context: dict[str, Any]
    pictures: dict[str, str]
    languages: tuple[str, ...]


def card_facts(handle: ReleaseHandle, written: Written) -> CardFacts:
    """Read a release for its cards, in one pass over columns.

    Raises:
        BrokenRow: A row cannot be read.
    """
    rows = {key: found.to_row() for key, found in statistics(handle).items()}
    whole = rows["all"]
    gaps = written.gaps
    languages: set[str] = set()
    years: list[int] = []
    ages: Counter[str] = Counter()
    actors = 0
    for title in iter_titles(handle):
        languages |= {tag for tag in (title.language, title.audio_language) if tag}
        years += [] if title.year is None else [title.year]
        ages.update(who.age_group for who in title.speakers if who.age_group)
        actors += sum(1 for who in title.speakers if who.actor)
    pictures, alts = _pictures(whole)
    context = {
        "head": handle.head,
        "row": {**whole, "table3": _named(whole["table3"])},
        "rows": rows,
        "languages": sorted(languages),
        "years": None if not years else _span(min(years), max(years)),
        "figures": alts,
        "sets": _sets(rows, written),
        "splits": {t.split: t.rows for t in written.tables if t.folder == DIALOGUES},
        "citation": _citations(handle),
        "minors": _minors(ages + Counter(whole["counts"]["ages"])),
        "sensitive": _sensitive(gaps.sensitive),
        "missing": _missing(gaps, whole["dialogues"], whole["turns"]),
        "actors": f"The actor is named for {many(actors, 'character')}."
        if actors
        else "No actor is named.",
        "faces": f"{gaps.faces:,}" if gaps.faces else "none in this release",
        "provenance": gaps.provenance(),
        "withdrawn_text": _withdrawn(handle),
        **_balance(whole),
    }
    return CardFacts(context, pictures, tuple(sorted(languages)))


def _named(table3: Mapping[str, Any]) -> dict[str, Any]:
    """Rows of Table 3 under their printed names; rows without a value are left out."""
    found: dict[str, Any] = {}
    for row in (*TABLE3, *FURTHER):
        value = table3.get(row.key)
        if value is not None:
            found[row.name] = round(value, row.digits) if isinstance(value, float) else value
    return found


def _sets(rows: Mapping[str, Any], written: Written) -> list[dict[str, Any]]:
    """The published test sets: those tags that are configurations."""
    known = list(_SETS)
    tags = sorted(
        (t.folder for t in written.tables if t.folder != DIALOGUES),
        key=lambda tag: (known.index(tag) if tag in known else len(known), tag),
    )
    found = []
    for tag in tags:
        purpose, text = _SETS.get(tag, ("see the datasheet", f"Rows with the tag `{tag}`."))
        row = rows[f"subset:{tag}"]
        counts = row["counts"]
        found.append(
            {"name": tag, "purpose": purpose, "text": text, "row": row, "labels": counts["interaction"],
             "relationships": counts["relationship"]}
        )  # fmt: skip
    return found


def _pictures(row: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Figures as text of SVG files, and what each shows."""
    from mmdia.pages.charts import standalone
    from mmdia.pages.stats_figures import figures

    alts = {
        "relationship": "Dialogues by relationship",
        "interaction": "Dialogues by interaction",
        "gender_pairs": "Dialogues by the genders of their two speakers",
        "sunburst": "Interactions within relationships",
        "nonverbal": "Non-verbal sounds and events",
        "intensity": "Emotion intensity of dialogues",
        "volatility": "Emotion volatility of dialogues",
        "durations": "Length of dialogues",
        "turn_lengths": "Length of turns",
        "turns": "Turns of dialogues",
        "speakers": "Speakers of dialogues",
    }
    drawn = figures(row)
    pictures = {name: standalone(drawn[name], title=alts.get(name, name)) for name in drawn}
    return pictures, {name: text for name, text in alts.items() if name in drawn}


def _balance(row: Mapping[str, Any]) -> dict[str, Any]:
    """Tables and lists for the section on who is in it; what nothing is known of is left out."""

    def known(counts: Mapping[str, int]) -> dict[str, int]:
        return dict(counts) if set(counts) - {"unknown"} else {}

    bias, counts = row["bias"], row["counts"]
    titles = {
        "gender_by_relationship": "Gender by relationship",
        "gender_by_interaction": "Gender by interaction",
        "age_by_relationship": "Age group by relationship",
        "age_by_interaction": "Age group by interaction",
    }
    lists = {
        "genders": "Speakers by gender", "ages": "Speakers by age group",
        "emotions": "Turns by emotion label", "sentiments": "Turns by sentiment",
        "languages": "Dialogues by language", "decades": "Dialogues by decade of the film",
        "countries": "Dialogues by country of the film",
        "genres": "Dialogues by genre",
    }  # fmt: skip
    return {
        "bias": {text: known(bias[name]) for name, text in titles.items() if name in bias},
        "simple": {text: known(counts[name]) for name, text in lists.items() if name in counts},
    }


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _citations(handle: ReleaseHandle) -> list[str]:
    head = handle.head
    found = [head.citation, *(source.citation for source in head.sources)]
    return list(dict.fromkeys(text for text in found if text))


def _minors(ages: Mapping[str, int]) -> str:
    young = {
        age: n for age, n in sorted(ages.items()) if any(word in age.lower() for word in _MINOR_WORDS) and n
    }
    rule = "Do not make sexual or degrading content of them, nor imitate their voices or faces."
    if young:
        listed = ", ".join(f"{age} ({n:,})" for age, n in young.items())
        return f"Characters of these age groups occur and may be played by minors: {listed}. {rule}"
    if set(ages) - {"unknown"}:
        return f"No character is labelled as a child or teenager; labels may miss some. {rule}"
    return f"Ages are not labelled, so minors may occur. {rule}"


def _sensitive(tags: Mapping[str, int]) -> str:
    if not tags:
        return (
            "Films show conflict, violence, abuse and strong language; no row is tagged for it, which does "
            "not mean that there is none."
        )
    listed = ", ".join(
        f"{tag} ({n:,})" for tag, n in sorted(tags.items(), key=lambda item: (-item[1], item[0]))
    )
    return f"Rows are tagged in `sensitive`: {listed}. Untagged rows may hold such content, too."


def _missing(gaps: RowGaps, dialogues: int, turns: int) -> str:
    found = []
    if gaps.no_text:
        found.append(f"text of {gaps.no_text:,} of {turns:,} turns (withheld, or never there)")
    if gaps.no_times:
        found.append(f"times of {gaps.no_times:,} turns")
    if gaps.scripts:
        found.append(f"a film for {gaps.scripts:,} of {dialogues:,} dialogues (scripts)")
    return f"{'; '.join(found)}." if found else "Every turn has text and times."


def _withdrawn(handle: ReleaseHandle) -> str:
    gone = withdrawals(handle)
    if not gone:
        return "Nothing has been withdrawn so far."
    counts = many(len(gone.dialogues), "dialogue"), many(len(gone.titles), "title")
    return f"Withdrawn so far: {' and '.join(counts)}."
