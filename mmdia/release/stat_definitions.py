"""What each row of Table 3 means here, and what is printed for others.

The paper prints numbers without definitions. Its own arithmetic settles some: 449,138 turns in
54,700 dialogues are 8.21 a dialogue, and 360.26 h over either count give 23.71 s a dialogue and 2.89 s
a turn. So there the turns of a dialogue fill its whole duration: gaps are gone, or turns reach to the
next line (A.2). Where gaps are, the readings differ; each is a row of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from mmdia.errors import UsageError
from mmdia.schema.facts import paper


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table of statistics.

    Attributes:
        key: Name in `Statistics.table3`.
        name: Name in print; the paper's where it has the row.
        digits: Decimals in print.
        definition: What it is.
        printed: The paper's name of the row, and which part of "model / human"; None for our own rows.
    """

    key: str
    name: str
    digits: int
    definition: str
    printed: tuple[str, int] | None = None


_SPEAKER = "A speaker is an identifier in turns[].speakers; who is listed but never speaks does not count."

#: The rows of Table 3, in its order.
TABLE3 = (
    Row("total_dialogues", "Total Dialogues", 0, "Dialogues that are not withdrawn.",
        ("Total Dialogues", 0)),
    Row("total_turns", "Total Turns", 0,
        "Turns of these dialogues. A turn is one annotated line, not a change of speaker.",
        ("Total Turns", 0)),
    Row("total_duration_h", "Total Duration (h)", 2,
        "Sum of the dialogues' spans: earliest turn start to latest turn end (the dialogue's own times "
        "where its turns have none). Dialogues without a usable span do not count.",
        ("Total Duration (h)", 0)),
    Row("speakers_per_dialogue", "Avg. Spk. / Dia.", 2,
        f"Mean number of speakers of the dialogues that name any. {_SPEAKER}", ("Avg. Spk. / Dia.", 0)),
    Row("duration_per_dialogue_s", "Avg. Dur. / Dia. (s)", 2,
        "Total Duration over the dialogues with a usable span.", ("Avg. Dur. / Dia. (s)", 0)),
    Row("turns_per_dialogue", "Avg. Turns / Dia.", 2, "Total Turns over Total Dialogues.",
        ("Avg. Turns / Dia.", 0)),
    Row("duration_per_turn_s", "Avg. Dur. / Turn (s)", 2,
        "Mean length of the turns that have both times and end after they start.",
        ("Avg. Dur. / Turn (s)", 0)),
    Row("turns_per_speaker", "Avg. Turns / Spk. / Dia.", 2,
        "Mean over the dialogues that name speakers of turns over speakers. A turn of two speakers is one "
        "turn.", ("Avg. Turns / Spk. / Dia.", 0)),
    Row("speaker_changes", "Avg. Rounds of Speaker Changes / Dia.", 2,
        "Mean number of places where a turn has other speakers than the turn before it: runs minus one.",
        ("Avg. Rounds of Speaker Changes / Dia.", 0)),
    Row("speaker_visibility", "Speaker Visibility", 0,
        "All: in every dialogue, each speaker has a turn labelled visible. None: labels are there, but "
        "none says visible. Partial: anything between. A dash: no turn has a label (null and "
        "not_labelled are no labels).", ("Speaker Visibility", 0)),
    Row("intensity_model", "Avg. Score on Emotion Intensity, model", 2,
        "Mean of emotion_intensity; where it is null, of the ratings by models (scores, dimension "
        "emotion_intensity). Ratings on other scales are mapped onto 1..10.",
        ("Avg. Score on Emotion Intensity", 0)),
    Row("intensity_human", "Avg. Score on Emotion Intensity, human", 2,
        "The same of ratings by people: first the mean of each dialogue, then over the dialogues rated.",
        ("Avg. Score on Emotion Intensity", 1)),
    Row("volatility_model", "Avg. Score on Volatility of Emotion Flow, model", 2,
        "Mean of emotion_volatility; where it is null, the mean over its speakers' emotion_volatility, "
        "then the ratings by models.", ("Avg. Score on Volatility of Emotion Flow", 0)),
    Row("volatility_human", "Avg. Score on Volatility of Emotion Flow, human", 2,
        "The same of ratings by people, those of single speakers included.",
        ("Avg. Score on Volatility of Emotion Flow", 1)),
)  # fmt: skip

#: Other readings of the same rows, and what belongs beside them.
FURTHER = (
    Row("turn_duration_h", "Total Duration, sum of turns (h)", 2,
        "Sum of the lengths of turns: without gaps between them, overlaps counted twice."),
    Row("turn_duration_per_dialogue_s", "Avg. Dur. / Dia., sum of turns (s)", 2,
        "The same over the dialogues that have a turn with times."),
    Row("span_per_turn_s", "Avg. Dur. / Turn, span over turns (s)", 2,
        "Total Duration over the turns of these dialogues: equals Avg. Dur. / Turn only where turns fill "
        "their dialogue."),
    Row("extended_per_turn_s", "Avg. Dur. / Turn, to the next line (s)", 2,
        "Mean length of turns that reach to the start of the next line (next_start_ms, else the next turn "
        "of the dialogue) where that is later than their end: the audio of A.2."),
    Row("turns_per_speaker_pooled", "Turns over speakers, pooled", 2,
        "All turns over all speakers of all dialogues; 8.21 / 2.29 = 3.59 in the paper's numbers."),
    Row("runs_per_dialogue", "Avg. Runs / Dia.", 2,
        "Mean number of runs: longest stretches of turns by the same speakers."),
    Row("median_duration_s", "Median Dur. / Dia. (s)", 2, "Median of the spans, to 0.01 s."),
    Row("median_turn_s", "Median Dur. / Turn (s)", 2, "Median of the turns' lengths, to 0.01 s."),
)  # fmt: skip

#: Columns of Table 1 that describe a release, and what they mean here.
TABLE1 = {
    "#Clip": "Dialogues.",
    "#Utt.": "Turns.",
    "#Dur.(h)": "Total duration as in Table 3, hours.",
    "T": "Some turn has its text.",
    "V": "Some dialogue has a keyframe or a label of visibility, or is from a film (a title and times).",
    "A": "Some dialogue is from a film or another recording (a title and times).",
    "S-ID": "Some turn names its speaker.",
    "N-V": "Some turn has a non-verbal event.",
    "S-V": "Some turn has a label of visibility.",
    "Granularity": "Dia. where dialogues have labels or descriptions, Sent. where turns have.",
    "Label": "Desc. where there are descriptions, Tag where there are categories or emotion labels.",
    "OS": "The release names its licence.",
}

#: MELD, all three splits, measured over its public annotation files (not printed in the paper's Table 3).
MELD_MEASURED: dict[str, float] = {
    "total_dialogues": 1432,
    "total_turns": 13708,
    "speakers_per_dialogue": 2.73,
    "duration_per_dialogue_s": 44.9,
    "turns_per_dialogue": 9.57,
    "duration_per_turn_s": 3.17,
    "turns_per_speaker": 3.65,
    "speaker_changes": 6.63,
    "median_duration_s": 35.2,
    "median_turn_s": 2.46,
}

#: Columns of what others have, in the order of print.
OTHERS = ("MM-DIA", "MM-DIA-BENCH", "MELD (measured)")


def printed_cells(row: Row) -> dict[str, str | None]:
    """What stands in a row for the paper's two sets, as printed, and for MELD as measured."""
    out: dict[str, str | None] = dict.fromkeys(OTHERS)
    measured = MELD_MEASURED.get(row.key)
    if measured is not None:
        out["MELD (measured)"] = f"{measured:,}"
    if row.printed is not None:
        name, part = row.printed
        for column in OTHERS[:2]:
            parts = paper().table("table3").cell(name, column=column).split(" / ")
            out[column] = parts[part] if part < len(parts) else None
    return out


def table1_of_others() -> dict[str, dict[str, str]]:
    """The rows of Table 1 for the paper's two sets and for MELD, as printed."""
    table = paper().table("table1")
    wanted = ("MM-DIA (Ours)", "MM-DIA-BENCH", "MELD")
    found: dict[str, dict[str, str]] = {}
    for name in wanted:
        for row in table.rows:
            if row["Dataset"].startswith(name):
                found[row["Dataset"]] = {column: row[column] for column in TABLE1}
    if len(found) != len(wanted):
        raise UsageError(
            "the paper's Table 1 lacks a row", expected=", ".join(wanted), got=", ".join(found)
        )
    return found


def definitions() -> dict[str, str]:
    """Every statistic's definition, by key."""
    return {row.key: row.definition for row in (*TABLE3, *FURTHER)}
