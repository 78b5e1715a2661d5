from __future__ import annotations

from pathlib import Path

import pytest

from mmdia.sync.annotation import track_of_file
from mmdia.sync.evidence import Collected, Wanted, collect
from mmdia.sync.identify import Catalogue, CatalogueTitle, identify
from mmdia.sync.timemap import AlignParams
from tests.sync.films import cut, dubbed, film, moved, write


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("titles")
    return Catalogue(
        [
            CatalogueTitle(f"t{k}", None, track_of_file(write(folder / f"t{k}.srt", film(k, 60))))
            for k in range(12)
        ]
    )


@pytest.mark.parametrize(
    ("copy", "by"),
    [
        (lambda c: moved(c, 30), "words"),
        (lambda c: cut(moved(c, 0, 0.96), 60, 90), "words"),
        (lambda c: dubbed(moved(c, 12)), "pattern"),
    ],
    ids=["later", "pal-cut", "dubbed"],
)
def test_a_copy_is_found_among_titles(catalogue: Catalogue, tmp_path: Path, copy, by: str) -> None:
    media = write(tmp_path / "unknown.srt", copy(film(7, 60)))
    found, maps = identify(str(media), collect(media, Wanted()), catalogue, top=3)
    assert found.found is not None
    assert (found.found.title_id, found.found.screened_by) == ("t7", by)
    assert found.titles == 12
    assert maps["t7"].accepted
    assert found.to_row()["title_id"] == "t7"


@pytest.mark.slow
def test_none_is_named_when_none_fits(catalogue: Catalogue, tmp_path: Path) -> None:
    media = write(tmp_path / "unknown.srt", film(99, 60))
    found, _ = identify(str(media), collect(media, Wanted()), catalogue, top=1)
    assert found.found is None
    assert found.matches  # what was looked at is told all the same
    assert not any(m.accepted for m in found.matches)
    assert found.to_row()["title_id"] is None


def test_a_mode_limits_what_is_asked(catalogue: Catalogue, tmp_path: Path) -> None:
    media = write(tmp_path / "unknown.srt", moved(film(3, 60), 4))
    collected = collect(media, Wanted(mode="timing"))
    found, _ = identify(str(media), collected, catalogue, params=AlignParams("timing"), top=2)
    assert found.found is not None
    assert (found.found.title_id, found.found.screened_by) == ("t3", "pattern")


def test_nothing_to_compare_is_told(catalogue: Catalogue) -> None:
    found, maps = identify("x", Collected((), ("no_subtitles", "no_audio")), catalogue)
    assert (found.found, found.matches, maps) == (None, (), {})
    assert found.missing == ("no_subtitles", "no_audio")
    few, _ = identify("x", Collected(()), Catalogue([]))
    assert few.titles == 0
