import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.errors import UsageError
from mmdia.pages.rebuild import rebuild_page
from mmdia.schema.receipt import TitleReceipt
from tests.pages.page_checks import read
from tests.pages.page_documents import HOSTILE, edited, field_text, translation, wrong


def title(name, **more):
    return TitleReceipt(title_id=name, **more).to_row(nulls=True)


def summary(**more):
    row = {
        "schema": "mmdia.rebuild-summary/1",
        "complete": False,
        "statuses": {"built": 7, "refused": 2, "missing_media": 3, "no_media": 1},
        "reasons": {"missing_media": 3, "wrong_film": 2},
        "titles": [
            title("a", file="A (1965).mkv", how="name", verdict="translation", confidence=0.9999, scale=1.0,
                  offset=12.5125, counts={"built": 7}),
            title("b", file="b.mkv", part=2, verdict="wrong_film", confidence=0.01, reasons=("wrong_film",),
                  counts={"refused": 2}, message="not it"),
            title("c", reasons=("missing_media",), counts={"missing_media": 3}),
        ],
        "unmatched": ["holiday.mov"],
        "ambiguous": {"x.mkv": ["a", "b"]},
        "broken": ["dialogues.jsonl:3: bad"],
        "kept": 4,
        "seconds": 12.3,
        "out": "/out",
    }  # fmt: skip
    return {**row, **more}


def test_every_title_and_reason_is_told():
    said = read(rebuild_page(summary(), {"a": translation(), "b": wrong()})).words
    for part in ("7 of 12 dialogues built", "Not complete",
                 "A (1965).mkv", "by its file name", "12.513 s later",
                 "+12.513", "Different film", "not it", "no file", "(part 2)", "7 / 7", "2 refused",
                 "holiday.mov", "dialogues.jsonl:3: bad", "x.mkv", "missing_media", "12.3 s"):  # fmt: skip
        assert part in said, part


def test_a_complete_run_says_so():
    row = summary(complete=True, statuses={"built": 1}, reasons={}, unmatched=[], ambiguous={}, broken=[])
    said = read(rebuild_page(row, {})).words
    assert "Complete" in said
    assert "Why not" not in said
    assert "Left over" not in said


def test_doubtful_maps_come_first():
    page = rebuild_page(summary(), {"a": translation(), "b": wrong(), "extra": edited(accepted=False)})
    plots = page[page.index("Time maps") :]
    assert plots.index(">b<") < plots.index(">extra<") < plots.index(">a<")


def test_an_empty_summary_makes_a_page():
    read(rebuild_page({}, {}))
    read(rebuild_page({"schema": "mmdia.rebuild-summary/1", "titles": None, "seconds": None}, {}))


def test_another_schema_is_refused():
    with pytest.raises(UsageError):
        rebuild_page({"schema": "mmdia.receipt/1"}, {})


def hostile_page(word):
    rows = [title(word, file=word, how=word, verdict=word, counts={word: 3}, reasons=(word,), message=word)]
    row = summary(titles=rows, unmatched=[word], ambiguous={word: [word]}, broken=[word], out=word,
                  statuses={word: 1}, reasons={word: 1})  # fmt: skip
    return read(rebuild_page(row, {word: translation()})).tags


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_text_adds_no_tag(said):
    assert hostile_page(said.encode("utf-8", "replace").decode("utf-8")) == hostile_page("plain")


@settings(max_examples=30, deadline=None)
@given(field_text.filter(bool), st.floats())
def test_any_text_and_number(word, value):
    rows = [{"title_id": word, "file": word, "confidence": value, "offset": value, "scale": value}]
    read(rebuild_page(summary(titles=rows, seconds=value), {}))


def test_a_thousand_titles_stay_small():
    rows = [title(f"tt{i:07}", file=f"film {i}.mkv", counts={"built": 100}) for i in range(1000)]
    maps = {f"tt{i:07}": translation() for i in range(60)}
    assert len(rebuild_page(summary(titles=rows), maps).encode()) < 1_500_000
