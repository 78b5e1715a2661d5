from mmdia.pages.alignment import alignment_page
from mmdia.pages.review import media_span, review_section
from mmdia.pages.sound import fingerprint_plot, sound_section, speech_plot
from mmdia.schema.timemap import ReviewRow, TimeMapFile
from tests.pages.page_checks import classes, picture, read
from tests.pages.page_documents import edited, translation, wrong

EDIT = ReviewRow(
    kind="edit_place_unsure", anno_start=190.0, anno_end=300.0, lines=(17, 18, 19), detail="Look here"
)


def words(document: TimeMapFile) -> str:
    return read(alignment_page(document, texts=[f"spoken {i}" for i in range(60)])).words


def test_what_must_be_confirmed_comes_first():
    said = words(edited(needs_review=(EDIT,)))
    assert "1 place to confirm" in said
    order = [
        said.index(w) for w in ("What a person must confirm", "Two minutes by ear", "Timelines", "Evidence")
    ]
    assert order == sorted(order)
    assert "Look here." in said
    assert "edit_place_unsure" in said
    assert "spoken 17" in said
    assert "spoken 18" in said
    assert "and 1 more" in said


def test_times_are_those_of_the_player():
    assert media_span(edited(), EDIT) == (202.5, 220.5)  # 300 s lies behind the 92 s that are missing
    assert (
        "0:03:20" in read(review_section(edited(needs_review=(EDIT,)), None)).words
    )  # three seconds before


def test_the_whole_film_is_said_so():
    lines = [line.model_copy(update={"anno_start": 20 + 10.0 * line.i}) for line in translation().lines]
    whole = ReviewRow(kind="speed_not_standard", anno_start=20.0, anno_end=610.0, detail="Odd speed")
    said = words(translation(lines=tuple(lines), needs_review=(whole,)))
    assert "the whole film" in said
    assert "Anywhere" in said


def test_nothing_to_confirm_is_said_too():
    assert "Nothing. The two checks by ear" in words(translation())
    assert "no line was placed" in words(wrong())


def test_many_places_unfold():
    rows = tuple(EDIT.model_copy(update={"detail": f"place {k}"}) for k in range(500))
    said = words(edited(needs_review=rows))
    assert "388 more places" in said
    assert "100 more places" in said


def test_speech_is_drawn_over_player_time():
    doc = translation(evidence={"kind": "audio", "mode": "audio", "detector": "webrtc"})
    shares = [0.0, 0.5, 1.0, 0.25] * 20
    root = picture(speech_plot(doc, 0.0, 10.0, shares))
    assert len(classes(root, "bar")) == 60
    assert classes(root, "placed")
    assert root.get("aria-label") == "Speech in 43.8 % of this copy; 60 lines placed."
    speech = {"start_s": 0.0, "step_s": 10.0, "share": shares}
    said = words(
        translation(evidence={"kind": "audio", "mode": "audio", "detector": "webrtc", "speech": speech})
    )
    assert "What was heard" in said
    assert "webrtc heard speech" in said
    assert "Led by speech in the sound, heard by webrtc." in said
    assert "Speech heard by" in said


def test_same_soundtrack_is_drawn_over_annotation_time():
    root = picture(fingerprint_plot(0.0, 5.0, [1.0, 1.0, 0.2, 0.9]))
    assert len(classes(root, "high")) == 3
    assert root.get("aria-label") == "The soundtrack of the annotated copy was found in 75 % of it."


def test_no_sound_no_section():
    assert sound_section(translation()) is None
    assert sound_section(translation(evidence={"speech": "?"})) is None
    assert sound_section(translation(evidence={"speech": {"share": []}})) is None
