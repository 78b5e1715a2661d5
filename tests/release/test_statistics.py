"""Statistics against plain arithmetic over the records, and against real annotation files."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.corpus.locate import ReleaseHandle, open_release
from mmdia.corpus.write import write_release
from mmdia.errors import BrokenRow
from mmdia.release.stat_definitions import FURTHER, TABLE3, definitions, printed_cells, table1_of_others
from mmdia.release.stat_result import visibility_of
from mmdia.release.stat_tally import Steps, Tally
from mmdia.release.statistics import Statistics, statistics, statistics_document
from mmdia.schema.dialogue import (
    Dialogue,
    NonVerbal,
    Relationship,
    Score,
    Speaker,
    Turn,
    nominal_span_ms,
    runs,
)
from mmdia.schema.release import Release
from mmdia.schema.title import Character, Title

HEAD = Release(name="small", version="1", license="CC-BY-4.0")
BANK = Title(
    title_id="t", year=1994, country="FR", language="fr",
    speakers=(Character(speaker_id="a", gender="female", age_group="Teenager"),
              Character(speaker_id="b", gender="male")),
)  # fmt: skip

times = st.one_of(st.none(), st.integers(0, 60_000))
turn = st.builds(
    Turn,
    start_ms=times,
    end_ms=times,
    next_start_ms=times,
    speakers=st.lists(st.sampled_from(["a", "b", "c", "d e"]), max_size=2, unique=True).map(tuple),
    text=st.one_of(st.none(), st.just("x y")),
    visibility=st.sampled_from([None, "visible", "invisible", "not_labelled", "odd"]),
    emotion=st.sampled_from([None, "joy", "Joy", "fear"]),
    sentiment=st.sampled_from([None, "positive", "odd"]),
    nonverbal=st.lists(
        st.builds(NonVerbal, label=st.sampled_from([None, "laughs", "x"]), raw=st.just("[Sighs]")),
        max_size=1,
    ).map(tuple),
)  # fmt: skip
score = st.one_of(st.none(), st.integers(-1, 12).map(float))


@st.composite
def dialogue(draw: Any, number: int) -> Dialogue:
    label = draw(st.sampled_from([None, "Family", "Friends", "stray"]))
    return Dialogue(
        dialogue_id=f"d{number}",
        title_id=draw(st.sampled_from(["t", "unknown", None])),
        start_ms=draw(times), end_ms=draw(times),
        split=draw(st.sampled_from([None, "train", "test"])),
        subsets=tuple(draw(st.lists(st.sampled_from(["bench", "own"]), unique=True, max_size=2))),
        turns=tuple(draw(st.lists(turn, max_size=5))),
        relationship=None if label is None else Relationship(label="raw", category=label),
        emotion_intensity=draw(score),
        scores=tuple(
            Score(dimension="emotion_intensity", value=v, scale=(1, 5), rater_kind="human")
            for v in draw(st.lists(st.integers(1, 5), max_size=2))
        ),
    )  # fmt: skip


def mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return fmean(found) if found else None


def oracle(dialogues: list[Dialogue]) -> dict[str, float | int | None]:
    """Table 3 from records, one at a time, in no hurry."""
    # `nominal_span_ms` asks for a film; a script with times has a span here all the same.
    spans = [s for d in dialogues if (s := nominal_span_ms(d.model_copy(update={"title_id": "t"})))]
    lengths = [
        t.end_ms - t.start_ms
        for d in dialogues for t in d.turns
        if t.start_ms is not None and t.end_ms is not None and t.end_ms > t.start_ms
    ]  # fmt: skip
    named = [d for d in dialogues if any(t.speakers for t in d.turns)]
    people = [len({s for t in d.turns for s in t.speakers}) for d in named]
    intensity = [d.emotion_intensity for d in dialogues if d.emotion_intensity is not None]
    human = [fmean(1 + (s.value - 1) * 9 / 4 for s in d.scores) for d in dialogues if d.scores]
    return {
        "total_dialogues": len(dialogues),
        "total_turns": sum(len(d.turns) for d in dialogues),
        "total_duration_h": sum(b - a for a, b in spans) / 3.6e6 if spans else None,
        "speakers_per_dialogue": mean(people),
        "duration_per_dialogue_s": mean((b - a) / 1000 for a, b in spans),
        "turns_per_dialogue": mean(len(d.turns) for d in dialogues),
        "duration_per_turn_s": mean(length / 1000 for length in lengths),
        "turns_per_speaker": mean(len(d.turns) / n for d, n in zip(named, people, strict=True)),
        "speaker_changes": mean(len(runs(d.turns)) - 1 for d in dialogues if d.turns),
        "runs_per_dialogue": mean(len(runs(d.turns)) for d in dialogues if d.turns),
        "turns_per_speaker_pooled": sum(len(d.turns) for d in named) / sum(people) if people else None,
        "intensity_model": mean(v for v in intensity if 1 <= v <= 10),
        "intensity_human": mean(human),
    }


def check(found: Statistics, dialogues: list[Dialogue]) -> None:
    for key, value in oracle(dialogues).items():
        assert found.table3[key] == (None if value is None else pytest.approx(value)), key
    for name, counts in (("emotion", "emotions"), ("sentiment", "sentiments")):
        said = Counter(getattr(t, name) for d in dialogues for t in d.turns)
        del said[None]
        assert found.counts[counts] == said


@pytest.mark.slow
@given(st.integers(1, 6).flatmap(lambda n: st.tuples(*[dialogue(k) for k in range(n)])))
@settings(max_examples=15)
def test_every_group_is_plain_arithmetic(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[Dialogue, ...]
) -> None:
    folder = tmp_path_factory.mktemp("release")
    found = statistics(write_release(folder, HEAD, [BANK], made))
    check(found["all"], list(made))
    groups: dict[str, list[Dialogue]] = {}
    for one in made:
        for key in (f"split:{one.split or 'unsplit'}", *(f"subset:{tag}" for tag in one.subsets)):
            groups.setdefault(key, []).append(one)
    assert set(found) == {"all", *groups}
    for key, own in groups.items():
        check(found[key], own)
    assert found["all"].counts["relationship"] == {
        word: n
        for word in ("Friends", "Family", "stray")
        if (n := sum(d.relationship is not None and d.relationship.category == word for d in made))
    }
    json.dumps(statistics_document(open_release(folder), found), allow_nan=False)


def meld(folder: Path, out: Path) -> ReleaseHandle:
    """The train and dev files as a release, in the plainest way."""

    def ms(text: str) -> int:
        h, m, s = text.replace(",", ".").split(":")
        return round((int(h) * 60 + int(m)) * 60_000 + float(s) * 1000)

    found: dict[str, list[Turn]] = {}
    for split in ("train", "dev"):
        with (folder / f"{split}_sent_emo.notext.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                start, end = ms(row["StartTime"]), ms(row["EndTime"])
                made = Turn(start_ms=start, end_ms=end, speakers=(row["Speaker"],), emotion=row["Emotion"])
                found.setdefault(f"{split} {row['Dialogue_ID']}", []).append(made)
    dialogues = (
        Dialogue(dialogue_id=name, title_id="t", start_ms=min(t.start_ms or 0 for t in turns),
                 end_ms=max(t.end_ms or 0 for t in turns), turns=tuple(turns))
        for name, turns in found.items()
    )  # fmt: skip
    return write_release(out, HEAD, [BANK], dialogues)


@pytest.mark.slow
def test_real_annotations(shared_data: Path, tmp_path: Path) -> None:
    handle = meld(shared_data / "annotations" / "meld", tmp_path / "meld")
    found = statistics(handle)["all"].table3
    assert (found["total_dialogues"], found["total_turns"]) == (1152, 11098)
    rounded = {key: round(value, 2) for key, value in found.items() if isinstance(value, float)}
    assert rounded["turns_per_speaker"] == 3.65
    assert rounded["turns_per_speaker_pooled"] == 3.51
    assert rounded["duration_per_turn_s"] == 3.14
    assert rounded["turns_per_dialogue"] == 9.63
    assert rounded["median_turn_s"] == 2.46
    assert found["speaker_visibility"] is None
    assert found["intensity_model"] is None


def test_people_and_labels(make_release: Any) -> None:
    def row(number: int, who: list[str], **more: Any) -> dict[str, Any]:
        turns = [{"speakers": [s], "start_ms": 0, "end_ms": 1000} for s in who]
        return {"dialogue_id": f"d{number}", "title_id": "t", "start_ms": 0, "end_ms": 1000,
                "turns": turns, **more}  # fmt: skip

    family = {"category": "Family", "label": "Sister"}
    listed = [Speaker(speaker_id="x", gender="female").to_row()]
    handle = make_release(
        titles=[BANK.to_row()],
        dialogues=[
            row(1, ["a", "b"], relationship=family, interaction={"category": "Banter"}),
            row(2, ["b", "x"], speakers=listed, relationship={"label": "odd"}),
            row(3, ["a", "b", "z"]),
            row(4, ["z"], relationship={"labels": ["odd", "odder"]}),
        ],
        withdrawn=[{"dialogue_id": "d3"}],
    )
    found = statistics(handle)["all"]
    assert found.dialogues == 3
    assert found.counts["gender_pairs"] == {"female + male": 2}
    assert found.counts["genders"] == {"female": 2, "male": 2, "unknown": 1}
    assert found.counts["ages"] == {"unknown": 4, "Teenager": 1}
    assert found.bias["gender_by_relationship"] == {"female": {"Family": 1}, "male": {"Family": 1}}
    assert found.left_out["relationships_without_category"] == 2
    assert found.counts["decades"] == {"1990s": 3}
    assert found.counts["countries"] == {"FR": 3}
    assert found.lift.n == 1


def test_visibility() -> None:
    def of(visibility: dict[str, int], all_seen: int, some_seen: int) -> str | None:
        tally = Tally(dialogues=2, all_seen=all_seen, some_seen=some_seen)
        tally.turn_words["visibility"] = Counter(visibility)
        return visibility_of(tally)

    assert of({}, 0, 0) is None
    assert of({"not_labelled": 4}, 0, 0) is None
    assert of({"visible": 4}, 2, 0) == "All"
    assert of({"visible": 4}, 1, 0) == "Partial"
    assert of({"visible": 4}, 0, 1) == "Partial"
    assert of({"invisible": 4}, 0, 0) == "None"


def test_scores_on_other_scales_and_speakers(make_release: Any) -> None:
    def rating(value: float, **more: Any) -> dict[str, Any]:
        return {"dimension": "emotion_volatility", "value": value, "rater_kind": "human", **more}

    handle = make_release(
        dialogues=[
            {"dialogue_id": "a", "turns": [], "speaker_styles": [
                {"speaker_id": "x", "emotion_volatility": 4}, {"speaker_id": "y", "emotion_volatility": 6}],
             "scores": [rating(50, scale=[0, 100]), rating(1, target="x", scale=[1, 5]),
                        rating(9, target="turn:0")]},
            {"dialogue_id": "b", "turns": [], "emotion_volatility": 11,
             "scores": [rating(7, rater_kind="model"), rating(3, rater_kind=None)]},
        ]
    )  # fmt: skip
    found = statistics(handle)["all"]
    assert found.table3["volatility_model"] == pytest.approx((5 + 7) / 2)
    assert found.table3["volatility_human"] == pytest.approx((5.5 + 1) / 2)
    assert found.left_out["volatility_out_of_range"] == 1


def test_nothing_at_all(make_release: Any) -> None:
    found = statistics(make_release(dialogues=[]))
    assert list(found) == ["all"]
    assert found["all"].table3["total_dialogues"] == 0
    assert found["all"].table3["turns_per_dialogue"] is None
    assert {link.verdict for link in found["all"].links} == {"no data"}


def test_broken_rows_are_told(make_release: Any) -> None:
    handle = make_release(dialogues=[{"dialogue_id": "a", "turns": []}, b"{"])
    with pytest.raises(BrokenRow):
        statistics(handle)
    told: list[BrokenRow] = []
    assert statistics(handle, on_broken=told.append)["all"].dialogues == 1
    assert len(told) == 1


def test_what_the_paper_prints_stands_beside() -> None:
    by_key = {row.key: printed_cells(row) for row in (*TABLE3, *FURTHER)}
    assert by_key["total_turns"]["MM-DIA"] == "449,138"
    assert by_key["intensity_model"]["MM-DIA-BENCH"] == "7.81"
    assert by_key["intensity_human"]["MM-DIA-BENCH"] == "5.74"
    assert by_key["turns_per_speaker"]["MELD (measured)"] == "3.65"
    assert by_key["span_per_turn_s"] == dict.fromkeys(by_key["span_per_turn_s"])
    assert {name.split(" (")[0] for name in table1_of_others()} == {"MM-DIA", "MM-DIA-BENCH", "MELD"}
    assert set(definitions()) == set(by_key) == set(statistics_keys())


def statistics_keys() -> set[str]:
    from mmdia.release.stat_result import table3_of

    return set(table3_of(Tally()))


def test_steps_hold_medians() -> None:
    import numpy as np

    steps = Steps()
    assert steps.median_s() is None
    steps.add(np.array([1000, 3000]))
    steps.add(np.array([2000, 10_000_000]))
    assert steps.median_s() == pytest.approx(2.5)
    assert steps.in_bins((0.0, 1.5, math.inf)) == [1, 3]
