"""File names: languages, kinds, sidecars."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdia.subtitles.identify import (
    find_sidecars,
    guess_kind_from_name,
    guess_language_from_name,
    is_sidecar_of,
)


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("Film.en.srt", "en"),
        ("Film.en.sdh.srt", "en"),
        ("Film.EN.srt", "en"),
        ("Film.eng.forced.srt", "en"),
        ("Film.ger.srt", "de"),
        ("Film.pt-BR.srt", "pt-BR"),
        ("Film.pt_br.srt", "pt-BR"),
        ("Film.pt_BR.srt", "pt-BR"),
        ("deadline.pt-br.vtt", "pt-BR"),
        ("Film.zh-Hans.ass", "zh-Hans"),
        ("Film.zh_Hant.ass", "zh-Hant"),
        ("Film.es-419.srt", "es-419"),
        ("2_English.srt", "en"),
        ("Film_German.srt", "de"),
        ("Film.Français.srt", "fr"),
        ("Film.Brazilian.srt", "pt-BR"),
        ("Film (English).srt", "en"),
        ("Film.hi.srt", "hi"),
        ("Film.en.hi.srt", "en"),
        ("videojs.chapters.en.vtt", "en"),
        ("en.srt", "en"),
        ("Film.srt", None),
        ("Dr.No.srt", None),
        ("The.English.Patient.srt", None),
        ("Film.2160p.srt", None),
        ("Film.xx-yy.srt", None),
        ("It.srt", None),
    ],
)
def test_language(name: str, tag: str | None) -> None:
    assert guess_language_from_name(name) == tag


def test_kind() -> None:
    assert guess_kind_from_name("a.chapters.en.vtt") == "chapters"
    assert guess_kind_from_name("a.descriptions.en.vtt") == "descriptions"
    assert guess_kind_from_name("a.en.vtt") is None
    assert guess_kind_from_name("chapters.srt") is None


@pytest.mark.parametrize(
    ("sub", "belongs"),
    [
        ("Film.srt", True),
        ("film.SRT", True),
        ("Film.en.srt", True),
        ("Film.en.sdh.srt", True),
        ("Film.mkv.srt", True),
        ("Film.mkv.en.srt", True),
        ("Film_English.vtt", True),
        ("Film-en.ass", True),
        ("Film (English).srt", True),
        ("Subs/Film.srt", True),
        ("subs/2_English.srt", True),
        ("Subs/Film/2_English.srt", True),
        ("Subtitles/Film.de.srt", True),
        ("Film Again.srt", False),
        ("Film.Again.en.srt", False),
        ("Filmen.srt", False),
        ("Other.srt", False),
        ("2_English.srt", False),
        ("deep/Film.srt", False),
        ("Subs/Other.srt", False),
        ("Subs/Other/2_English.srt", False),
        ("Film.txt", False),
    ],
)
def test_sidecars_by_name(sub: str, belongs: bool) -> None:
    assert is_sidecar_of(Path("/films") / sub, "/films/Film.mkv") is belongs


def test_best_sidecar_first(tmp_path: Path) -> None:
    names = [
        "Film.chapters.en.vtt",
        "Film.en.forced.srt",
        "Film.en.vtt",
        "Film.en.sdh.srt",
        "Film.en.srt",
        "Film.srt",
        "Other.srt",
        "Subs/3_German.srt",
        "Subs/Film.de.srt",
    ]
    (tmp_path / "Subs").mkdir()
    for name in [*names, "Film.mkv"]:
        (tmp_path / name).write_text("", encoding="utf-8")
    found = [path.relative_to(tmp_path).as_posix() for path in find_sidecars(tmp_path / "Film.mkv")]
    assert found == [
        "Film.srt",
        "Film.en.srt",
        "Film.en.vtt",
        "Film.en.sdh.srt",
        "Subs/Film.de.srt",
        "Subs/3_German.srt",
        "Film.en.forced.srt",
        "Film.chapters.en.vtt",
    ]
    (tmp_path / "Other.mp4").write_text("", encoding="utf-8")
    again = [path.name for path in find_sidecars(tmp_path / "Film.mkv")]
    assert "3_German.srt" not in again
    assert len(again) == len(found) - 1
    assert find_sidecars(tmp_path / "none" / "Film.mkv") == ()
