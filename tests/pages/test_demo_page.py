import pytest

from mmdia.pages.demo import SCRIPT, DemoClip, DemoCopy, demo_page
from tests.pages.page_checks import read
from tests.pages.page_documents import HOSTILE, edited, translation, wrong

LINES = [("Nora", "I keep the things that people forget.", 0.0, 1.99), ("Sam", "Wait!", 62.5, 64.0)]


def clip(**more):
    fields = {
        "dialogue_id": "clip_1",
        "title": "Office",
        "audio_href": "clips/a 1.flac",
        "video_href": "clips/a.mp4",
        "poster_href": "clips/a.jpg",
        "lines": LINES,
        "first_frame_ok": True,
        "last_frame_ok": False,
    }
    return DemoClip(**{**fields, **more})


def copy(document, **more):
    fields = {
        "name": "Broadcast",
        "description": "runs faster",
        "verdict": document.verdict,
        "confidence": document.confidence,
        "offset_s": 12.5125,
        "scale": 960 / 1001,
        "scale_ratio": "960/1001",
        "built": 6,
        "total": 7,
        "refused": {"edit_inside": 1},
        "timemap": document,
        "clips": [clip(), clip(dialogue_id="clip_2", title="Window")],
    }
    return DemoCopy(**{**fields, **more})


def test_the_page_plays_and_compares():
    seen = read(demo_page([copy(translation()), copy(edited(), name="Cut")]))
    assert seen.of("video", "src") == ["./clips/a.mp4"] * 4
    assert seen.of("video", "poster") == ["./clips/a.jpg"] * 4
    assert seen.of("audio", "src") == ["./clips/a%201.flac"] * 4
    assert set(seen.of("video", "preload") + seen.of("audio", "preload")) == {"none"}
    assert seen.of("button", "data-start")[:2] == ["0.000", "62.500"]
    assert seen.of("button", "data-end")[:2] == ["1.990", "64.000"]
    for part in ("Broadcast", "Cut", "6 of 7", "+12.513", "960/1001", "first frame right",
                 "last frame wrong",
                 "2 of 4", "edit_inside", "12.513 s later", "1:02.5"):  # fmt: skip
        assert part in seen.words, part
    assert seen.scripts == [SCRIPT]


def test_every_comparison_row_leads_to_its_copy():
    seen = read(demo_page([copy(translation()), copy(edited())]))
    targets = [v for v in seen.of("a", "href") if v and v.startswith("#")]
    assert targets == ["#copy-0", "#copy-1"]
    assert seen.of("h2", "id") == ["copy-0", "copy-1"]


def test_a_refused_clip_has_no_player_and_says_why():
    gone = clip(audio_href=None, video_href=None, status="refused", reasons=["absent_in_media"],
                first_frame_ok=None, last_frame_ok=None)  # fmt: skip
    seen = read(demo_page([copy(edited(), clips=[gone])]))
    assert "video" not in seen.tags
    assert "button" not in seen.tags
    assert "The dialogue was cut out of this copy." in seen.words
    assert "Wait!" in seen.words


def test_sound_alone_can_be_played():
    seen = read(demo_page([copy(translation(), clips=[clip(video_href=None, poster_href=None)])]))
    assert "video" not in seen.tags
    assert seen.tags.count("button") == 2


def test_empty_demos_make_pages():
    read(demo_page([]))
    read(demo_page([copy(wrong(), clips=[], offset_s=None, scale_ratio=None, refused={})]))


def test_numbers_that_are_none():
    nan = float("nan")
    lines = [("a", "b", nan, float("inf"))]
    read(demo_page([copy(wrong(), offset_s=nan, scale=nan, confidence=nan, clips=[clip(lines=lines)])]))


def hostile_page(word):
    made = clip(dialogue_id=word, title=word, audio_href="a" + word, video_href=word + "v",
                poster_href="p" + word,
                lines=[(word, word, 0.0, 1.0)], status=word, reasons=[word])  # fmt: skip
    one = copy(translation(), name=word, description=word, verdict=word, scale_ratio=word,
               refused={word: 1},
               clips=[made])  # fmt: skip
    return read(demo_page([one], title=word))


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_text_adds_no_tag(said):
    seen = hostile_page(said)
    assert seen.tags == hostile_page("plain").tags
    assert seen.scripts == [SCRIPT]
