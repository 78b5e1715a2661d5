"""Validation against a real annotation set: MELD's train and dev tables, whose dirt is known.

The figures were measured before this package was written. The definitions that give them:
neighbours are compared in the table's order, a turn with the end of the one right before it
(717; 671 by more than 1 s; 145 pauses over 10 s), starts with the start right before (27), and
utterance ids of a dialogue are expected to be 0 .. largest without holes (74 are not).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmdia.corpus.write import write_release
from mmdia.release.info import release_info
from mmdia.release.validate import validate
from mmdia.schema.dialogue import Dialogue, Source
from mmdia.schema.release import Release
from mmdia.schema.title import Title

KNOWN = {
    "overlap": 717,
    "overlap_over_1s": 671,
    "start_order": 27,
    "gap_over_10s": 145,
    "missing_utterances": 74,
    "span_over_600s": 1,
    "turn_end": 0,
}
SPLITS = {"train": "train", "dev": "validation"}


def milliseconds(text: str) -> int:
    hours, minutes, seconds, rest = (int(part) for part in re.split("[:,]", text))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def dialogues(folder: Path) -> Iterator[Dialogue]:
    """One dialogue for each (split, Dialogue_ID): MELD's numbers start again in each split."""
    for name, split in SPLITS.items():
        groups: dict[str, list[dict[str, str]]] = {}
        with (folder / f"{name}_sent_emo.notext.csv").open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                groups.setdefault(row["Dialogue_ID"], []).append(row)
        for number, rows in groups.items():
            turns = [
                {
                    "start_ms": milliseconds(row["StartTime"]),
                    "end_ms": milliseconds(row["EndTime"]),
                    "speakers": [row["Speaker"]],
                    "n_words": int(row["n_words"]),
                    "emotion": row["Emotion"],
                    "sentiment": row["Sentiment"],
                    "utterance_id": int(row["Utterance_ID"]),
                }
                for row in rows
            ]
            yield Dialogue.from_row(
                {
                    "dialogue_id": f"meld_{name}_{number}",
                    "title_id": f"friends_s{int(rows[0]['Season']):02d}e{int(rows[0]['Episode']):02d}",
                    "start_ms": min(turn["start_ms"] for turn in turns),
                    "end_ms": max(turn["end_ms"] for turn in turns),
                    "split": split,
                    "turns": turns,
                    "source": Source(dataset="MELD", id=f"{name}/{number}").to_row(),
                }
            )


@pytest.fixture(scope="module")
def meld(shared_data: Path) -> Path:
    folder = shared_data / "annotations" / "meld"
    if not folder.is_dir():
        pytest.skip(f"MELD's tables are not at {folder}")
    return folder


@pytest.mark.slow
def test_known_dirt_is_counted(meld: Path, tmp_path: Path) -> None:
    rows = list(dialogues(meld))
    titles = {d.title_id: Title(title_id=d.title_id, kind="episode") for d in rows if d.title_id}
    handle = write_release(tmp_path, Release(name="meld", version="1"), titles.values(), rows)
    report = validate(handle)
    assert (report.dialogues, report.turns) == (1152, 11098)
    assert {code: report.count(code) for code in KNOWN} == KNOWN
    assert report.passes()
    assert not report.passes(strict=True)
    # Beside the known figures: the ids that were kept, and that MELD has no lists of speakers.
    assert (report.count("unknown_key"), report.count("no_speaker_list")) == (11098, 1152)
    found = {c for c, n in KNOWN.items() if n} | {"unknown_key", "no_speaker_list"}
    assert {f.code for f in report.findings} == found
    info = release_info(handle)
    assert info["splits"] == {"train": 1038, "validation": 114}
