"""Releases and facts for the tests of splitting."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from mmdia.release.split_facts import TAGS, Facts
from mmdia.release.split_speakers import Cast
from mmdia.schema.vocab import vocabulary

PEOPLE = ("Ann", "Ben", "Cy", "Dee", "Eve", "Flo")


@st.composite
def fact_rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows of plain facts, with unique identifiers."""
    n = draw(st.integers(1, 40))
    n_titles = draw(st.integers(1, 12))
    score = st.none() | st.integers(1, 10)
    row = st.fixed_dictionaries(
        {
            "title": st.integers(-1, n_titles - 1),
            "tags": st.integers(0, 30).map(lambda k: k if k < 8 else 0),
            "relationship": st.integers(-1, 7),
            "interaction": st.integers(-1, 14),
            "intensity": score,
            "volatility": score,
            "structure": st.sampled_from([0, 0, 0, 4]),
            "task2": st.sampled_from([0, 0, 1 << 12]),
            "task3": st.sampled_from([0, 0, 1 << 16]),
            "people": st.sets(st.integers(0, len(PEOPLE) - 1), max_size=2),
        }
    )
    found = draw(st.lists(row, min_size=n, max_size=n))
    return [{"id": f"d{k}", **r} for k, r in enumerate(found)]


def facts_of(rows: list[dict[str, Any]]) -> Facts:
    """Facts as `gather` would give them."""

    def column(name: str, dtype: Any) -> Any:
        return np.array([r[name] for r in rows], dtype=dtype)

    def scores(name: str) -> Any:
        return np.array([np.nan if r[name] is None else r[name] for r in rows], dtype=np.float64)

    facts = Facts(vocab=vocabulary("paper-15"), ids=[r["id"] for r in rows])
    met: dict[int, int] = {}
    facts.title = np.array(
        [-1 if r["title"] < 0 else met.setdefault(r["title"], len(met)) for r in rows], dtype=np.int64
    )
    facts.titles = [f"t{k}" for k in met]
    facts.film = np.arange(len(met))
    facts.split = np.full(len(rows), -1, dtype=np.int8)
    facts.tags = column("tags", np.uint8)
    facts.relationship, facts.interaction = column("relationship", np.int8), column("interaction", np.int8)
    facts.intensity, facts.volatility = scores("intensity"), scores("volatility")
    facts.structure = column("structure", np.uint32)
    facts.task2, facts.task3 = column("task2", np.uint32), column("task3", np.uint32)
    facts.every_turn = facts.every_speaker = np.zeros(len(rows), dtype=np.uint32)
    facts.n_turns = facts.n_speakers = np.full(len(rows), 2, dtype=np.int64)
    facts.tone = facts.text = np.zeros(len(rows), dtype=np.uint64)
    facts.in_set = np.zeros(len(rows), dtype=np.bool_)
    # People of a film are its own; those of the first two titles are of one series.
    numbers: dict[tuple[int, int], int] = {}
    people = [
        sorted(
            numbers.setdefault((0 if r["title"] <= 1 else r["title"], p), len(numbers))
            for p in r["people"]
            if r["title"] >= 0
        )
        for r in rows
    ]
    facts.cast = Cast(
        [str(key) for key in numbers],
        np.zeros(len(numbers), dtype=np.bool_),
        np.concatenate(([0], np.cumsum([len(p) for p in people]))).astype(np.int64),
        np.array([p for some in people for p in some], dtype=np.int64),
    )
    return facts


def placed(plan: Any) -> dict[str, tuple[Any, ...]]:
    """Where each dialogue goes, by identifier."""
    return {
        name: (int(plan.split[k]), bool(plan.left_out[k]), *(bool(plan.tags[tag][k]) for tag in TAGS))
        for k, name in enumerate(plan.facts.ids)
    }


def turn(who: str, text: str | None = "hello there", **more: Any) -> dict[str, Any]:
    """A turn whose speaker is the one free face of its keyframe."""
    start = more.pop("start", 0)
    faces = more.pop("faces", [{"speaker_id": who, "bbox": [0.1, 0.1, 0.4, 0.6], "occluded": False}])
    row = {
        "start_ms": start, "end_ms": start + 900, "speakers": [who], "visibility": "visible",
        "keyframe": {"t_ms": start + 400, "n_faces": len(faces), "faces": faces}, **more,
    }  # fmt: skip
    return row if text is None else {**row, "text": text}


def dialogue(name: str, title: str | None = "t1", **more: Any) -> dict[str, Any]:
    """A dialogue of two visible speakers that passes every test."""
    turns = more.pop("turns", None) or [turn("a"), turn("b", start=1000)]
    row: dict[str, Any] = {
        "dialogue_id": name, "title_id": title, "start_ms": 0, "end_ms": 2000, "turns": turns,
        "relationship": {"category": "Friends"}, "interaction": {"category": "Banter"},
        "emotional_tone": "calm", "emotion_intensity": 8, "emotion_volatility": 8,
    }  # fmt: skip
    if title is None:
        row.update(title_id=None, start_ms=None, end_ms=None)
        row["turns"] = [{"speakers": t["speakers"], "text": t.get("text")} for t in turns]
    return {**row, **more}
