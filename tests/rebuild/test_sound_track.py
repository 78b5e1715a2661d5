from __future__ import annotations

from pathlib import Path

import pytest

from mmdia.media.probe import AudioStream
from mmdia.rebuild.sound_track import choose_stream, choose_track
from mmdia.schema.title import Title

ENGLISH = Title(title_id="t", language="en")


def tracks(*rows: str) -> tuple[AudioStream, ...]:
    """Tracks written ``language[:title][!][*]``; ! marks a commentary, * the default."""
    found = []
    for n, row in enumerate(rows):
        default, commentary = row.endswith("*"), "!" in row
        language, _, title = row.rstrip("*").replace("!", "").partition(":")
        found.append(
            AudioStream(
                n + 1, n, "ac3", 48000, 6, "5.1", language or None, title or None, default, commentary
            )
        )
    return tuple(found)


@pytest.mark.parametrize(
    ("rows", "asked", "number", "why"),
    [
        (["eng"], None, 0, "language"),
        (["ger*", "eng"], None, 1, "language"),
        (["ger*", "en-US"], None, 1, "language"),
        (["eng:Director's commentary*", "eng"], None, 1, "language"),
        (["eng!*", "eng"], None, 1, "language"),
        (["eng", "eng*"], None, 1, "language"),
        (["eng:Director’s Cut"], None, 0, "language"),
        ([""], None, 0, "only"),
        (["und"], None, 0, "only"),
        (["ger", ""], None, 1, "untagged"),
        (["eng:Audiokommentar mit dem Regisseur", "eng"], None, 1, "language"),
        (["eng:Audio Description", "eng"], None, 1, "language"),
        (["eng:AD", "eng"], None, 1, "language"),
        (["eng:Isolated score", "eng"], None, 1, "language"),
        (["ger", "eng", "fre*"], "fr", 2, "asked"),
        (["ger", "eng!"], "1", 1, "asked"),
        (["ger", "eng"], "0", 0, "asked"),
        (["eng:Commentary", "eng"], "eng", 1, "asked"),
    ],
)
def test_the_track_that_is_taken(rows: list[str], asked: str | None, number: int, why: str) -> None:
    choice = choose_stream(tracks(*rows), ENGLISH, asked)
    assert (choice.number, choice.refusal) == (number, None)
    assert choice.fact is not None
    assert (choice.fact.number, choice.fact.why) == (number, why)


@pytest.mark.parametrize(
    ("rows", "asked", "refusal"),
    [
        ([], None, "no_audio"),
        (["ger*"], None, "audio_language_mismatch"),
        (["ger", "fre"], None, "audio_language_mismatch"),
        (["eng:Commentary"], None, "commentary"),
        (["eng!", "ger"], None, "commentary"),
        (["eng!", "eng:Kommentar"], None, "commentary"),
        (["eng"], "7", "no_such_track"),
        (["eng"], "de", "no_such_track"),
        (["eng", "ger!"], "de", "commentary"),
    ],
)
def test_sound_that_is_refused(rows: list[str], asked: str | None, refusal: str) -> None:
    choice = choose_stream(tracks(*rows), ENGLISH, asked)
    assert (choice.number, choice.fact, choice.refusal) == (None, None, refusal)
    assert choice.message


def test_the_spoken_language_counts_before_that_of_the_annotation() -> None:
    dubbed = Title(title_id="t", language="en", audio_language="fr-FR")
    assert choose_stream(tracks("eng*", "fre"), dubbed, None).number == 1
    assert choose_stream(tracks("eng*"), dubbed, None).refusal == "audio_language_mismatch"


def test_the_exact_tag_counts_first() -> None:
    cantonese = Title(title_id="t", audio_language="yue")
    assert choose_stream(tracks("cmn*", "yue"), cantonese, None).number == 1


def test_a_title_without_language_takes_the_default_that_is_no_commentary() -> None:
    nobody = Title(title_id="t")
    assert choose_stream(tracks("ger", "eng*"), nobody, None).number == 1
    assert choose_stream(tracks("ger", "eng!*"), nobody, None).number == 0
    assert choose_stream(tracks("eng!*"), nobody, None).refusal == "commentary"


def test_a_file_is_opened(film: Path) -> None:
    assert choose_track(film, Title(title_id="t"), None).number == 0
