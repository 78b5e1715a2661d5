"""Spellings of one name are one name, and a sequel's number is never lost."""

from __future__ import annotations

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmdia.corpus.spelling import ARTICLES, loose, moved_article, words
from mmdia.schema.names import real_path, written_path

_COUNTED = ("one two three four five six seven eight nine ten eleven twelve").split()
_ROMAN = "I II III IV V VI VII VIII IX X XI XII".split()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Seven Hundred Doors", "700 doors"),
        ("One Hundred and One Steps", "101 Steps"),
        ("One Hundred Eight Steps", "108 Steps"),
        ("Twenty-Two Bridges", "22 Bridges"),
        ("Two Thousand and One", "2001"),
        ("Twenty Thousand Nets", "20 Thousand Nets"),
        ("One Hundred Thousand Nets", "100000 Nets"),
        ("The Fifth Harbor", "5th Harbor"),
        ("Kronos III", "Kronos Three"),
        ("Ocean's 9½", "Oceans Nine and a Half"),
        ("8½ Weeks", "8.5 weeks"),
        ("8 1/2 Weeks", "8 1-2 Weeks"),
        ("Mr. & Mrs. Ostrowski", "Mister and Missus Ostrowski"),
        ("Doctor Pallas", "Dr. Pallas"),
    ],
)
def test_numbers_and_short_forms_are_one(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    "text", ["Two and Two", "One One One", "DD5.1", "2021.5.1", "The Hundred", "Halfway"]
)
def test_what_is_no_number_stays(text: str) -> None:
    assert "half" not in words(text)
    assert len(words(text)) == len(text.replace("The ", "").replace(".", " ").split())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Вокзал на троих", "Vokzal na troikh"),
        ("Осенний поезд", "Osenniy poyezd"),
        ("Щит и меч", "Shchit i mech"),
        ("Тіні забутих", "Tini zabutykh"),
        ("Τοπίο στην ομίχλη", "Topio stin omichli"),
        ("Lübars", "Luebars"),
        ("Smørøyet", "Smoeroeyet"),
        ("Straße", "Strasse"),
        ("Tōkyō", "Toukyou"),
        ("Zwölf Affen", "12 Affen"),
        ("Katz & Maus", "Katz und Maus"),
    ],
)
def test_alphabets_and_umlauts_are_one_loosely(one: str, other: str) -> None:
    assert loose(words(one)) == loose(words(other))


@pytest.mark.parametrize("other", ["Kronos 22", "Kronos", "Kronos 3", "Cronos 2"])
def test_loose_is_not_blind(other: str) -> None:
    assert loose(words("Kronos 2")) != loose(words(other))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Ferry, The (1950)", "The Ferry (1950)"),
        ("Himmel über Lübars, Der", "Der Himmel über Lübars"),
        ("Nuit des écluses, La", "La Nuit des écluses"),
        ("Avventura, L'", "L Avventura"),
        ("Último faro, El", "El Último faro"),
        ("Ponte, Il 1964", "Il Ponte 1964"),
        ("Rio escuro, O", "O Rio escuro"),
        ("Wateren, De", "De Wateren"),
        ("Ferry.(The).1950", "The Ferry.1950"),
        ("Mill, The - Part II", "The Mill - Part II"),
        ("Rain, or Nothing", None),
        ("Rain, theory of", None),
    ],
)
def test_articles_are_moved_back(text: str, right: str | None) -> None:
    assert moved_article(text) == right


@given(st.text(max_size=40))
@example("nine and a half")
@example("İ²½ one hundred")
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = words(text)
    if not once or once[0] not in ARTICLES:
        assert words(" ".join(once)) == once


@given(st.sampled_from(["Kronos", "Copper Mill", "Вокзал", "Über"]), st.integers(2, 12))
def test_the_number_of_a_sequel_is_never_lost(name: str, n: int) -> None:
    plain = words(name)
    for said in (str(n), _COUNTED[n - 1], *([_ROMAN[n - 1]] if n not in (5, 10) else [])):
        assert words(f"{name} {said}") == (*plain, str(n))
        assert loose(words(f"{name} {said}")) != loose(plain)


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
@given(st.binary(max_size=30))
@example(b"lit\\xff.mkv")
@example(b"\\\\x5cx\xff\\x5c")
def test_any_file_name_is_written_and_found_again(name: bytes) -> None:
    path = os.fsdecode(name)
    text = written_path(path)
    text.encode("utf-8")
    assert real_path(text) == path
