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


def test_few_lines_are_a_doubt_of_the_verdict_and_no_reason_against_clips():
    few = {"reasons": ("few_anchors",)}
    doubt = translation(5, confidence=0.857, evidence={"n_anchors": 5}, **few)
    built = title("a", file="a.mkv", verdict="translation", counts={"built": 2}, **few)
    said = read(rebuild_page(summary(titles=[built]), {"a": doubt})).words
    assert said.index("Not enough lines to tell (5): add subtitles") < said.index("all built")
    none = wrong(evidence={"n_lines": 4}, **few)
    refused = title("b", file="b.mkv", verdict="wrong_film", counts={"refused": 2}, **few)
    said = read(rebuild_page(summary(titles=[refused]), {"b": none})).words
    assert said.index("2 refused") < said.index("Not enough lines to tell (4): add subtitles")
    assert "Cannot tell: not enough lines" in said
    assert "Different film" not in said


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


@pytest.mark.slow
def test_a_thousand_titles_stay_small():
    rows = [title(f"tt{i:07}", file=f"film {i}.mkv", counts={"built": 100}) for i in range(1000)]
    maps = {f"tt{i:07}": translation() for i in range(60)}
    assert len(rebuild_page(summary(titles=rows), maps).encode()) < 1_500_000


OVERVIEW = {
    "availability": {
        "parts": {
            "all": {"dialogues": 12, "built": 7, "hours": 2.0, "built_hours": 1.25, "hours_share": 0.625},
            "bench": {"dialogues": 2, "built": 0, "hours": 0.5, "built_hours": 0.0, "hours_share": 0.0},
            "scripts": {"dialogues": 0, "built": 0, "hours": 0.0, "built_hours": 0.0, "hours_share": None},
        },
        "gone": 2,
    },
    "clips": {
        "files": {"audio": {"n": 7, "bytes": 3_500_000}, "turn video": {"n": 30, "bytes": 90}},
        "seconds": 8000.0,
        "shards": 3,
        "quality": {"loudness_lufs": {"n": 7, "low": -30.0, "median": -27.25, "high": -20.0},
                    "clipped_share": {"n": 7, "low": 0.0, "median": 0.0, "high": 0.25}},
        "speech": {"n": 5, "low": 0.5, "median": 0.9, "high": 1.0},
        "lead_in_s": {"n": 7, "low": 0.0, "median": 0.021, "high": 0.041},
        "interlaced": 1, "edit_list": 7, "restored": 2,
    },
    "estimate": {"dialogues": 7, "bytes": 4e6, "wall_s": 30.0},
}  # fmt: skip


def test_what_the_output_holds_is_told():
    said = read(rebuild_page(summary(**OVERVIEW), {})).words
    for part in ("What you have", "7 of 12", "1.25 of 2.00", "62.5 %", "2 clips of the receipt are gone",
                 "packed in 3 shards", "3.5 MB", "2.22 h of clips", "pictures of turns", "−27.3",
                 "25 %", "Text heard", "21 ms before it", "2 clips brought back", "1 clip of interlaced",
                 "7 clips with an edit list", "Foreseen", "4.0 MB", "30.0 s"):  # fmt: skip
        assert part in said, part


def test_bars_are_as_long_as_shares():
    page = rebuild_page(summary(**OVERVIEW), {})
    assert 'class="done" width="62.5%"' in page
    assert 'class="done" width="0%"' in page


def test_files_and_tracks_and_speech_of_a_title_are_told():
    files = [
        {"path": "good.mkv", "how": "id", "matched_by": ["id tt1", "same length"], "chosen": True,
         "verdict": "identity", "confidence": 0.99, "duration_s": 5400.0},
        {"path": "tv.avi", "how": "guess", "why_not": "better_copy", "chosen": False},
    ]  # fmt: skip
    row = title(
        "a", file="good.mkv", how="id", counts={"built": 7}, files=files,
        track={"number": 1, "language": "en", "title": "Stereo", "why": "language"},
        speech={"n": 4, "score": 0.2, "threshold": 0.5, "engine": "sphinx"},
    )  # fmt: skip
    said = read(rebuild_page(summary(titles=[row]), {"a": translation()})).words
    for part in ("1 other copy not taken", "sound track 1, en, Stereo: in the film's language",
                 "says 20 % of its text", "same length", "clips cut from it", "90.0 min",
                 "Another copy of this title fits the annotation better",
                 "4 clips listened to"):  # fmt: skip
        assert part in said, part


def test_a_cure_stands_beside_its_reason():
    said = read(rebuild_page(summary(reasons={"missing_media": 3, "no_media": 1, "new_code": 1}), {}))
    assert "Add it, or name it in media.csv." in said.words
    assert "no_media" not in said.words
    assert "new_code" in said.words


def test_clips_are_linked_and_the_gallery_where_it_is():
    facts = {"files": {"audio": {"n": 1, "bytes": 1}}, "links": {"d1": "clips/t/d1.flac"}}
    shown = rebuild_page({"clips": facts}, {})
    assert 'clips/t/d1.flac">' in shown
    assert "gallery.html</code>" in shown
    assert 'gallery.html">' in rebuild_page({"clips": {**facts, "gallery": True}}, {})
