"""Pages over many alignments: batch, ranking, Table 6."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.pages.batch import batch_page
from mmdia.pages.ranking import ranking_page
from mmdia.pages.table6 import curve_plot, table6_page
from mmdia.schema.ranking import Batch, BatchRow, Ranking, RankRow, SubtitleScore, Table6
from tests.pages.page_checks import classes, picture, read
from tests.pages.page_documents import HOSTILE, field_text, numbers, translation, wrong

GOOD = BatchRow("a", "a.srt", "a.mkv", "accepted", "translation", 0.999, 5.0, 1.0, 1, 60, 60,
                evidence="sidecar", report="a.html")  # fmt: skip
REVIEW = BatchRow(
    "b", "b.srt", "b.mkv", "accepted", "segments", 0.97, 1.0, 1.0, 3, 60, 50, review=2, report="b.html"
)
GONE = BatchRow("c", "c.srt", None, "missing_media", reasons=("missing_media",))
BROKEN = BatchRow("d", "d.srt", "d.mkv", "failed", reasons=("invalid_media",), message="not a film")


def test_a_batch_lists_first_what_needs_a_person():
    seen = read(batch_page(Batch((GOOD, REVIEW, GONE, BROKEN), ("stranger.mkv",))))
    said = seen.words
    assert "2 of 4 pairs aligned and accepted" in said
    assert "3 pairs should be looked at" in said
    assert said.index("To look at") < said.index("Nothing to do") < said.index("stranger.mkv")
    assert "not a film" in said
    assert seen.of("a", "href") == ["./b.html", "./a.html"]


def test_a_calm_batch_and_an_empty_one():
    assert "Nothing needs a person" in read(batch_page(Batch((GOOD,)))).words
    assert "0 of 0 pairs" in read(batch_page(Batch(()))).words


rows = st.builds(
    BatchRow, name=field_text, annotation=field_text, media=st.none() | field_text, status=field_text,
    verdict=st.none() | field_text, confidence=numbers, offset_s=st.none() | numbers,
    scale=st.none() | numbers,
    reasons=st.lists(field_text, max_size=2).map(tuple), message=st.none() | field_text,
    evidence=st.none() | field_text, report=st.none() | field_text,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(rows, max_size=4), st.lists(field_text, max_size=2))
def test_any_batch_makes_a_page(some, unpaired):
    read(batch_page(Batch(tuple(some), tuple(unpaired))))


FIRST = RankRow(1, "s/good.srt", True, "translation", 0.99, 5.0, 1.0, lines=60, covers=0.98,
                start_spread_s=0.02, duration_spread_s=0.1, language="en",
                why="covers 98% of the speech")  # fmt: skip
LAST = RankRow(None, "s/wrong.srt", False, "wrong_film", 0.01, reasons=("wrong_film",), why="another film")


def test_a_ranking_says_what_to_take():
    made = Ranking("film.mkv", {"kind": "audio", "name": "film.mkv"}, (FIRST, LAST), ("no_subtitles",))
    said = read(ranking_page(made, {"s/good.srt": translation(), "s/wrong.srt": wrong()})).words
    assert "Take good.srt" in said
    assert "the sound of the media" in said
    assert "Another film." in said
    assert "no_subtitles" in said
    none = read(ranking_page(Ranking("film.mkv", {"kind": "none"}, (LAST,)), {})).words
    assert "None of them may be used" in none


def test_ties_are_offered_as_such():
    twin = RankRow(1, "s/twin.srt", True, "translation", 0.99, covers=0.98)
    assert "2 subtitles are equal" in read(ranking_page(Ranking("m", {}, (FIRST, twin)), {})).words


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_names_add_no_tag(said):
    said = said.encode("utf-8", "replace").decode("utf-8")

    def tags(word):
        row = RankRow(1, word, True, why=word, language=word, verdict=word, lines=1)
        score = SubtitleScore(
            word, None, 1, (word,), {"value": 0.5, "curve": {"0.1": 0.1, "1": 0.5}}, {"value": 0.1}
        )
        table = Table6(word, 1, 10, 0.5, word, (score,), ())
        return (
            read(ranking_page(Ranking(word, {"kind": word}, (row,), (word,)), {})).tags,
            read(table6_page(table)).tags,
        )

    assert tags(said) == tags("plain")


def score(name, key, value, curve):
    accuracy = {"value": value, "ci95": [value - 0.01, value + 0.01], "n": 100, "n_matched": 90,
                "start_only": 0.9, "curve": dict(zip(("0.1", "0.2", "0.5", "1"), curve, strict=True)),
                "median_start_s": -0.08, "median_end_s": 0.2, "drift_s_per_hour": 0.0}  # fmt: skip
    return SubtitleScore(name, key, 3, (), accuracy, {"value": 0.034, "length": 1000, "substitutions": 34})


def test_table6_shows_the_paper_beside_ours():
    rows = (
        score("ASR", "asr", 0.8, (0.2, 0.5, 0.8, 0.9)),
        score("Mine", None, 0.79, (0.1, 0.5, 0.79, 0.9)),
    )
    paper = ({"name": "ASR", "key": "asr", "accuracy": 0.871, "wer": 0.34},)
    made = Table6("ref", 3, 100, 0.5, "standard", rows, paper)
    said = read(table6_page(made)).words
    for part in ("0.800", "0.871", "0.34", "0.790", "0.100", "90 %", "+0.200", "not ranked against them"):
        assert part in said
    root = picture(curve_plot(made))
    assert len(classes(root, "curve")) == 2
    levels = [float(e.get("y") or 0) for e in classes(root, "name")]
    assert abs(levels[0] - levels[1]) >= 15  # labels that would meet are moved apart


def test_table6_without_values_makes_a_page():
    nothing = SubtitleScore(
        "x", None, 0, ("a",), {"value": None, "curve": {}, "n": 0}, {"value": None, "length": 0}
    )
    assert "lacks 1" in read(table6_page(Table6("r", 0, 0, 0.5, "none", (nothing,), ()))).words
