from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

import pytest

from mmdia.rebuild import guess
from mmdia.rebuild.match import match_media
from mmdia.schema.title import Title

TITLES = {
    "alien": Title(title_id="alien", kind="movie", name="Alien", year=1979),
    "e": Title(title_id="e", kind="episode", series="The Office", season=2, episode=8),
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the second reader is asked; it answers as if it were installed."""
    seen: list[tuple[str, str]] = []
    answers: dict[tuple[str, str], dict[str, Any]] = {
        ("my alien rip.mkv", "movie"): {"title": "Alien", "year": 1979},
        ("alien wrong year.mkv", "movie"): {"title": "Alien", "year": 2003},
        ("office rip 208 the office.mkv", "episode"): {
            "title": ["x", "The Office"],
            "season": 2,
            "episode": [7, 8],
        },
    }

    def read(path: str, kind: str) -> dict[str, Any]:
        seen.append((path, kind))
        return answers.get((path, kind), {})

    monkeypatch.setattr(guess, "is_installed", lambda: True)
    monkeypatch.setattr(guess, "_read", read)
    return seen


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("my alien rip.mkv", "alien"),
        ("alien wrong year.mkv", None),
        ("office rip 208 the office.mkv", "e"),
        ("holiday.mkv", None),
    ],
)
def test_what_is_read_counts_when_the_catalogue_has_it(
    asked: list[tuple[str, str]], path: str, title: str | None
) -> None:
    hits = guess.by_guess(PurePath(path), TITLES)
    assert set(hits) == (set() if title is None else {title})
    assert all("guessit" in m.says for m in hits.values())


def test_only_names_that_hold_a_title_are_read(asked: list[tuple[str, str]], tmp_path: Path) -> None:
    for name in ("holiday.mkv", "Alien.1979.mkv", "my alien rip.mkv"):
        (tmp_path / name).write_bytes(b"")
    found = match_media(tmp_path, TITLES)
    assert asked == [("my alien rip.mkv", "movie")]
    assert [(c.path, c.how) for c in found.by_title["alien"]] == [
        ("Alien.1979.mkv", "name"),
        ("my alien rip.mkv", "guess"),
    ]


def test_it_is_done_without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(guess, "is_installed", lambda: False)
    (tmp_path / "my alien rip.mkv").write_bytes(b"")
    assert match_media(tmp_path, TITLES).unmatched == ("my alien rip.mkv",)


@pytest.mark.slow
def test_the_real_reader_is_asked_with_the_kind_of_title() -> None:
    pytest.importorskip("guessit")
    hits = guess.by_guess(PurePath("Alien.Directors.Cut.1979.mkv"), TITLES)
    assert set(hits) == {"alien"}
