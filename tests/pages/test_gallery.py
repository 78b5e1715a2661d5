"""The gallery shows what the annotations say, whatever they say, and needs nothing but itself."""

from __future__ import annotations

import re

import pytest

from mmdia.pages.gallery import GalleryCard, GalleryTurn, gallery_page
from mmdia.pages.gallery_style import CONTROLS
from tests.pages import page_checks
from tests.pages.page_documents import HOSTILE


@pytest.fixture(autouse=True)
def form_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page with a search field has besides."""
    forms = {"label", "input", "select", "option", "output", "meter", "i"}
    monkeypatch.setattr(page_checks, "TAGS", page_checks.TAGS | forms)


def card(**more: object) -> GalleryCard:
    turns = tuple(
        GalleryTurn(
            ("Nora", "Sam"),
            f"line {k}",
            style="soft",
            emotion="joy",
            sounds=("sighs",),
            at_s=k * 2.0,
            play=(k * 2.0 + 0.5, k * 2.0 + 1.5),
        )
        for k in range(6)
    )
    fields: dict[str, object] = {
        "dialogue_id": "d 1", "title": "Film (1999)", "where": "at 0:01:00", "turns": turns,
        "relationship": ("Friends", "Old friends"), "interaction": ("Banter", "banter"), "tone": "warm",
        "intensity": 7.0, "volatility": None, "seconds": 12.5, "tags": ("train", "bench"),
        "description": "whole style", "speakers": (("Nora", "female", "calm"), ("Sam", "", None)),
    }  # fmt: skip
    return GalleryCard(**{**fields, **more})  # type: ignore[arg-type]


def page(*cards: GalleryCard, **more: object) -> page_checks.Seen:
    return page_checks.read(gallery_page(cards, title="T", lead="L.", **more))  # type: ignore[arg-type]


def test_a_card_shows_triplet_scores_styles_and_lines() -> None:
    seen = page(card())
    wanted = ["Friends", "Old friends", "Banter", "warm", "whole style", "calm", "line 5", "[sighs]"]
    wanted += ["joy, soft", "train", "bench", "12.5 s", "6 turns", "2 more turns", "Nora, Sam"]
    for said in wanted:
        assert said in seen.words, said
    assert "banter" not in seen.words.replace("Banter", ""), "a label that only repeats its category"
    assert seen.of("meter", "value") == ["7"]
    assert seen.of("article", "data-intensity") == ["7"]
    assert seen.of("article", "data-volatility") == [""]
    assert {"Friends", "Banter"} <= set(seen.of("option", "value"))


def test_lines_are_buttons_only_where_there_is_a_clip() -> None:
    assert "button" not in page(card()).tags
    seen = page(card(audio_href="clips/a b.flac"))
    assert seen.of("button", "data-start")[:2] == ["0.500", "2.500"]
    assert seen.of("audio", "src") == ["./clips/a%20b.flac"]
    seen = page(card(audio_href="a.flac", video_href="../out/a.mp4", poster_href="a.jpg"))
    assert seen.of("video", "src") == ["./../out/a.mp4"]
    assert "audio" not in seen.tags
    assert "film" in page(card(why=("no_media",))).words


def test_withheld_and_missing_things_are_said() -> None:
    turns = (GalleryTurn((), None, n_words=3), GalleryTurn(("A",), None, visibility="no_face"))
    words = page(
        card(turns=turns, relationship=(None, None), interaction=(None, None), tags=(), seconds=None)
    ).words
    for said in ("[3 words, withheld]", "[withheld]", "unknown", "(not seen)", "no labels"):
        assert said in words, said


def test_how_many_are_left_out_is_said() -> None:
    assert "40 more dialogues" in page(card(), left_out=40).words
    assert "more dialogue" not in page(card()).words
    assert "0 dialogues" in page().words
    assert "1960 to 1969" in page(card(), conditions=[("year", "1960 to 1969")]).words


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    turn = GalleryTurn((text,), text, style=text, emotion=text, sounds=(text,))
    seen = page(
        card(dialogue_id=text, title=text, relationship=(text, text), tone=text, turns=(turn,),
             tags=(text,), description=text, speakers=((text, text, text),), audio_href=text),
        conditions=[("text", text)],
    )  # fmt: skip
    assert len(seen.scripts) == 1


def test_the_script_asks_nothing_of_the_network() -> None:
    assert not re.search(r"fetch|XMLHttp|import|eval|innerHTML|https?:", CONTROLS)
    assert "id" in CONTROLS
    for name in ("cards", "controls", "search", "relationship", "interaction", "order", "count", "nothing"):
        assert f"getElementById('{name}')" in CONTROLS
        assert name in [v for _, n, v in page(card()).attributes if n == "id"]
