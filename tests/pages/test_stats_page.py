"""The page of statistics, and its charts one by one."""

from __future__ import annotations

import xml.dom.minidom
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.write import write_release
from mmdia.pages.charts import bars, histogram, share, standalone
from mmdia.pages.rounds import ring, sunburst
from mmdia.pages.stats import stats_page
from mmdia.pages.stats_figures import figures
from mmdia.release.statistics import statistics, statistics_document
from mmdia.schema.dialogue import Dialogue, Interaction, NonVerbal, Relationship, Speaker, Turn
from mmdia.schema.release import Release
from tests.pages.page_checks import classes, picture, read

EVIL = "<script>alert('x')</script>\x00"
words = st.dictionaries(st.text(max_size=12), st.integers(0, 10**6), max_size=30)


@settings(max_examples=30)
@given(words, st.booleans())
def test_bars_are_pictures(counts: dict[str, int], colours: bool) -> None:
    root = picture(bars(counts, label="Words", colours=colours))
    drawn = [e for e in root.iter("rect") if "col" in (e.get("class") or "").split()]
    assert len(drawn) == (min(20, len(counts)) if sum(counts.values()) else 0)


@settings(max_examples=30)
@given(words)
def test_rings_are_pictures(counts: dict[str, int]) -> None:
    root = picture(ring(counts, label="Words"))
    assert len(classes(root, "slice")) == sum(n > 0 for n in counts.values())


@settings(max_examples=30)
@given(
    st.dictionaries(st.tuples(st.text(max_size=5), st.text(max_size=5)), st.integers(0, 99), max_size=20)
)
def test_sunbursts_are_pictures(counts: dict[tuple[str, str], int]) -> None:
    root = picture(sunburst(counts, label="Words", inner=["", "a"]))
    there = {pair for pair, n in counts.items() if n}
    assert len(classes(root, "slice")) == len(there) + len({first for first, _ in there})


@settings(max_examples=30)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.booleans(), st.sampled_from(["", "s"]))
def test_histograms_are_pictures(counts: list[int], is_open: bool, unit: str) -> None:
    picture(histogram(range(len(counts)), counts, label="Lengths", unit=unit, is_open=is_open))


def test_what_is_there_is_never_none() -> None:
    assert share(1, 100_000) == "<0.1 %"
    assert share(0, 5) == "0 %"
    assert share(3, 4) == "75 %"
    assert share(0, 0) == "–"


@pytest.fixture
def evil(tmp_path: Path) -> ReleaseHandle:
    text = EVIL.replace("\x00", "")
    turn = Turn(speakers=(text, "b"), start_ms=0, end_ms=900, nonverbal=(NonVerbal(label=text, kind=text),))
    rows = [
        Dialogue(
            dialogue_id=f"d{k}", turns=(turn, turn), split=text if k else None, subsets=(text,),
            speakers=(Speaker(speaker_id="b", gender=text, age_group=text),), emotion_intensity=k + 1,
            relationship=Relationship(category=text), interaction=Interaction(category=text),
        )
        for k in range(3)
    ]  # fmt: skip
    return write_release(tmp_path / "r", Release(name=text, version=text), [], rows)


def test_page_of_hostile_words(evil: ReleaseHandle) -> None:
    page = stats_page(statistics_document(evil, statistics(evil)))
    seen = read(page)
    assert not seen.scripts
    assert "alert('x')" in seen.words
    assert "Table 3" in seen.words


def test_page_of_nothing(tmp_path: Path) -> None:
    handle = write_release(tmp_path / "r", Release(name="n", version="1"), [], [])
    seen = read(stats_page(statistics_document(handle, statistics(handle))))
    assert "449,138" in seen.words


def test_figures_stand_alone(evil: ReleaseHandle) -> None:
    row: dict[str, Any] = statistics(evil)["all"].to_row()
    made = figures(row)
    assert set(made) == {
        "gender_pairs", "relationship", "interaction", "sunburst", "nonverbal", "durations", "turn_lengths",
        "turns", "speakers", "intensity",
    }  # fmt: skip
    for name, chart in made.items():
        picture(chart)
        text = standalone(chart, title=f"{name} <&>")
        xml.dom.minidom.parseString(text)
        assert "prefers-color-scheme" in text
