import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.pages.alignment import alignment_page
from mmdia.pages.checks import absent_lines, annotation_time, checks, dialogues, doubtful_lines
from mmdia.pages.words import clock, number, percent, signed, standing, tone, verdict
from mmdia.schema.reasons import explain
from mmdia.schema.timemap import DiscrepancySeries, LineRow, SegmentRow, TimeMapFile
from tests.pages.page_checks import read
from tests.pages.page_documents import HOSTILE, document, documents, edited, pal, text, translation, wrong


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(documents, st.none() | st.lists(text, max_size=6))
def test_any_document_makes_a_page(doc, texts):
    assert "script" not in read(alignment_page(doc, texts=texts)).tags


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_text_everywhere_adds_no_tag(said):
    said = said.encode("utf-8", "replace").decode("utf-8")
    lines = tuple(
        LineRow(i=i, start=i, end=i + 1, present=i != 2, confidence=0.1, dialogue_id=said) for i in range(4)
    )
    calm = tuple(line.model_copy(update={"dialogue_id": "d"}) for line in lines)

    def tags(word, rows):
        doc = translation(
            lines=rows, annotation=word, media=word, reasons=(word,), evidence={word: word, "kind": word}
        )
        return read(alignment_page(doc, texts=[word] * 4)).tags

    assert tags(said, lines) == tags("plain", calm)


def test_an_empty_document_makes_a_page():
    read(alignment_page(TimeMapFile(verdict="wrong_film", confidence=0.0)))


def test_verdicts_in_words():
    assert verdict(translation()) == "Same film, 12.513 s later"
    early = document("translation", [(0.0, 700.0, 1.0, -3.0)])
    assert verdict(early) == "Same film, 3.000 s earlier"
    assert verdict(pal()) == "Same film, PAL speed-up 25/23.976 (×0.959041)"
    assert verdict(document("speed", [(0, 700, 0.96, 0)], scale_ratio="24/25")) == (
        "Same film, PAL speed-up 25/24 (×0.96)"
    )
    assert verdict(document("speed", [(0, 700, 1.01, 0)])) == "Same film, plays slower, by 1.000 % (×1.01)"
    assert verdict(edited()) == "Same film, edited: 3 pieces (92.0 s missing, 45.0 s added)"
    assert verdict(wrong()) == "Different film"
    assert verdict(document("identity", [(0, 700, 1, 0)])) == "Same film, same timing"
    # No subtitles is no proof of another film: the page must not say so.
    assert verdict(wrong(reasons=("no_evidence",))) == "Cannot tell: nothing to compare"


def test_tone_and_standing_agree_with_the_policy():
    assert (tone(translation()), standing(translation())) == ("good", "Accepted")
    assert (tone(wrong()), standing(wrong())) == ("bad", "Refused")
    assert tone(translation(confidence=0.7)) == "warn"
    refused = edited(accepted=False, policy="paper")
    assert (tone(refused), standing(refused)) == ("warn", "Refused by the policy “paper”")


def test_the_page_says_what_a_person_needs():
    texts = [f"Spoken line {i}" for i in range(60)]
    said = read(alignment_page(edited(), texts=texts)).words
    for part in (
        "edited: 3 pieces",
        "Accepted",
        explain("edits_found")[1:],
        "edits_found",
        "film.mkv",
        "+12.500",
    ):
        assert part in said
    assert "Absent from this copy: 10 lines" in said
    assert "Spoken line 19" in said


def test_texts_follow_the_index_of_the_line():
    doc = translation()
    lines = tuple(line.model_copy(update={"present": line.i != 7}) for line in reversed(doc.lines))
    said = read(
        alignment_page(doc.model_copy(update={"lines": lines}), texts=[f"<{i}>" for i in range(60)])
    ).words
    assert "<7>" in said


def test_checks_cover_both_ends_and_both_sides_of_an_edit():
    found = [(c.why.split(":")[0], c.line.i) for c in checks(edited())]
    assert found[0] == ("Early in the film", 0)
    assert found[-1] == ("Late in the film", 59)
    before, after = (i for why, i in found if "92.0 s missing" in why)
    doc = edited()
    assert doc.lines[before].present
    assert doc.lines[after].present
    assert (before, after) == (17, 28)
    assert all(not line.present for line in doc.lines[before + 1 : after])
    assert len([why for why, _ in found if "45.0 s added" in why]) == 2


def test_nothing_to_check_for_the_wrong_film():
    assert checks(wrong()) == []
    assert "Subtitles of another film" in alignment_page(wrong())


def test_annotation_time_is_found_for_present_and_absent_lines():
    doc = edited()
    for line, (a, _) in zip(doc.lines, [(20 + i * 10.0, 0) for i in range(60)], strict=True):
        if line.present:
            assert annotation_time(doc, line) == pytest.approx(a)
    gone = LineRow(i=0, start=240 + 12.5, end=250.0, present=False, confidence=0.0)
    assert annotation_time(doc, gone) == pytest.approx(240.0)


def test_absent_and_doubtful_lines():
    doc = translation()
    lines = [line.model_copy(update={"confidence": 0.9}) for line in doc.lines]
    lines[3] = lines[3].model_copy(update={"confidence": 0.5})
    lines[4] = lines[4].model_copy(update={"confidence": float("nan")})
    lines[5] = lines[5].model_copy(update={"confidence": 0.0, "present": False})
    doc = doc.model_copy(update={"lines": tuple(lines)})
    assert [line.i for line in doubtful_lines(doc)] == [4, 3]
    assert [line.i for line in absent_lines(doc)] == [5]


def test_dialogues_count_once_by_their_worst_turn():
    def line(i, name, present, sure):
        return LineRow(i=i, start=i, end=i + 1, present=present, confidence=sure, dialogue_id=name)

    rows = (
        line(0, "a", True, 0.9),
        line(1, "a", True, 0.9),
        line(2, "b", True, 0.9),
        line(3, "b", True, 0.2),
        line(4, "c", False, 0.9),
        line(5, "c", True, 0.1),
    )
    found = dialogues(translation(lines=rows))
    assert (found.total, found.whole, found.doubtful, found.cut) == (3, 1, 1, 1)
    assert dialogues(translation()) is None


@pytest.mark.parametrize("absent", [False, True])
def test_a_whole_film_stays_below_a_megabyte(absent):
    n = 1400
    doc = document("translation", [(0.0, 6700.0, 1.0, 12.5)], n, 6600.0)
    if absent:
        lines = tuple(line.model_copy(update={"present": False}) for line in doc.lines)
        doc = doc.model_copy(update={"lines": lines})
    page = alignment_page(doc, texts=["A line of some fifty letters, as films have them."] * n)
    assert len(page.encode()) < 400_000
    read(page)


@pytest.mark.slow
def test_a_hundred_thousand_lines_stay_below_a_megabyte():
    n = 100_000
    pieces = [(k * 7.0, k * 7.0 + 6.0, 1.0, 0.1 * k) for k in range(3000)]
    lines = [
        LineRow(i=i, start=i * 0.2, end=i * 0.2 + 1, present=i % 2 == 0, confidence=0.5) for i in range(n)
    ]
    times = [i * 0.2 for i in range(n)]
    more = {"anno_time": times, "start": [t * 0.01 for t in times], "duration": times}
    doc = TimeMapFile(
        verdict="segments",
        confidence=0.9,
        segments=tuple(SegmentRow(anno_start=a, anno_end=b, offset=o) for a, b, _, o in pieces),
        lines=tuple(lines),
        discrepancy=DiscrepancySeries(**more),
    )
    assert len(alignment_page(doc, texts=["x" * 5000] * n).encode()) < 1_000_000


def test_numbers_as_people_write_them():
    assert clock(3723.4567, 3) == "1:02:03.457"
    assert clock(59.9996, 3) == "0:01:00.000"
    assert clock(-2.0) == "−0:00:02"
    assert clock(float("nan")) == "–"
    assert clock(-0.0001) == "0:00:00"
    assert number(12.5125) == "12.513"
    assert number(-0.0001) == "0.000"
    assert signed(12.5125) == "+12.513"
    assert signed(-1.0, 1) == "−1.0"
    assert signed(0.0) == "0.000"
    assert signed(float("inf")) == "–"


@pytest.mark.parametrize(
    ("share", "said"),
    [(1.0, "100 %"), (0.99999, "> 99.9 %"), (0.9994, "99.9 %"), (0.9999, "> 99.9 %"), (0.5, "50 %"),
     (0.0042, "0.42 %"), (0.0, "0 %"), (1e-6, "< 0.1 %"), (float("nan"), "–")],
)  # fmt: skip
def test_certainty_is_never_rounded_up(share, said):
    assert percent(share) == said


def test_a_segment_without_order_is_left_out():
    rows = (SegmentRow(anno_start=5, anno_end=1), SegmentRow(anno_start=0, anno_end=1, scale=-1))
    assert "places nothing" in alignment_page(translation(segments=rows))


def test_evidence_is_told_with_units():
    evidence = {
        "kind": "none",
        "n_pairs": 18231,
        "coverage": 0.975,
        "residual_mad_s": 0.02,
        "new": [1],
        "flag": True,
    }
    said = read(alignment_page(translation(evidence=evidence))).words
    for part in ("no subtitles were found", "18,231", "97.5 %", "0.020 s", "new [1]", "flag true"):
        assert part in said, part
