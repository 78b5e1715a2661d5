from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from mmdia.corpus.locate import ReleaseHandle
from mmdia.errors import MediaNotFound, UsageError
from mmdia.release.fingerprint import fingerprint
from mmdia.sync.fingerprint import read_fingerprint
from tests.align.sounds import RATE, scene

MakeRelease = Callable[..., ReleaseHandle]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.wav"
    soundfile.write(path, scene(71, 8), RATE)
    return path


def test_into_a_file(film: Path, tmp_path: Path) -> None:
    report = fingerprint(film, out=tmp_path / "deep" / "a.mmfp")
    made = read_fingerprint(tmp_path / "deep" / "a.mmfp")
    assert (report.words, report.n_bytes) == (made.count, report.path.stat().st_size)
    assert report.duration_s == pytest.approx(8, abs=0.2)
    assert report.title_id is None
    assert report.to_row()["schema"] == "mmdia.fingerprint-report/1"


def test_into_a_release_under_the_safe_name(film: Path, make_release: MakeRelease) -> None:
    handle = make_release(
        dialogues=[], titles=[{"title_id": "S01 E02"}, {"title_id": "Film"}, {"title_id": "film"}]
    )
    report = fingerprint(film, release=handle.path, title_id="S01 E02")
    assert report.path == handle.path / "fingerprints" / "S01~20E02.mmfp"
    assert report.path.is_file()
    other = fingerprint(film, release=handle.path, title_id="film")
    assert other.path.name.startswith("film~~")  # differs from "Film" by more than case


@pytest.mark.parametrize("names", [{}, {"out": "a", "release": "b"}, {"release": "b"}])
def test_where_to_must_be_clear(film: Path, tmp_path: Path, names: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        fingerprint(film, **{k: tmp_path / v for k, v in names.items()})  # type: ignore[arg-type]


def test_unknown_titles_missing_films_and_overwriting(
    film: Path, tmp_path: Path, make_release: MakeRelease
) -> None:
    handle = make_release(dialogues=[], titles=[{"title_id": "t"}])
    with pytest.raises(UsageError, match="no such title"):
        fingerprint(film, release=handle.path, title_id="u")
    with pytest.raises(MediaNotFound):
        fingerprint(tmp_path / "none.mkv", out=tmp_path / "a.mmfp")
    before = film.read_bytes()
    with pytest.raises(UsageError, match="overwrite"):
        fingerprint(film, out=film)
    assert film.read_bytes() == before
