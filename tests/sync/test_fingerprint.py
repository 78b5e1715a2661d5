from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmdia.align.fp_match import match
from mmdia.errors import MediaNotFound, MediaUnreadable, ReleaseError
from mmdia.schema.fingerprint import METHOD, Fingerprint, SoundBands
from mmdia.sync import fingerprint as room
from mmdia.sync.fingerprint import (
    fingerprint_film,
    fingerprint_path,
    listen_fingerprint,
    read_fingerprint,
    release_fingerprint,
    write_fingerprint,
)
from tests.align.sounds import RATE, scene

MADE = Fingerprint(bytes(range(40)), 4, 0.032, 0.064, METHOD)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.wav"
    soundfile.write(path, scene(70, 30), RATE)
    return path


def test_files_come_back(tmp_path: Path) -> None:
    path = fingerprint_path(tmp_path, "a~20b")
    write_fingerprint(path, MADE)
    assert path == tmp_path / "fingerprints" / "a~20b.mmfp"
    assert read_fingerprint(path) == MADE
    assert release_fingerprint(tmp_path, "a~20b") == MADE
    assert [p.name for p in path.parent.iterdir()] == ["a~20b.mmfp"]


def test_a_title_without_one_has_none(tmp_path: Path) -> None:
    assert release_fingerprint(tmp_path, "nothing") is None


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="cannot be read"):
        read_fingerprint(tmp_path / "missing.mmfp")
    (tmp_path / "bad.mmfp").write_bytes(MADE.to_bytes()[:-3])
    with pytest.raises(ReleaseError, match=r"bad\.mmfp.*cut off"):
        read_fingerprint(tmp_path / "bad.mmfp")


def test_a_copy_is_listened_to_once(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []
    listen = room.analyse_film

    def counted(path: Path, index: object) -> SoundBands:
        calls.append(path)
        return listen(path, index)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "analyse_film", counted)
    cache = tmp_path / "cache"
    first = listen_fingerprint(film, cache_dir=cache)
    again = listen_fingerprint(film.rename(tmp_path / "moved.wav"), cache_dir=cache)
    assert first == again
    assert len(calls) == 1
    (kept,) = cache.glob("*.bands")
    kept.write_bytes(kept.read_bytes()[:-9])
    assert listen_fingerprint(tmp_path / "moved.wav", cache_dir=cache) == first
    assert len(calls) == 2


def test_a_cache_that_cannot_be_written_is_done_without(film: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert listen_fingerprint(film, cache_dir=tmp_path / "file" / "cache").count > 1000


def test_the_fingerprint_of_a_film_finds_the_film(film: Path) -> None:
    fit = match(fingerprint_film(film), listen_fingerprint(film))
    assert fit.segments[0].offset_s == pytest.approx(0, abs=0.001)
    assert fit.probability > 0.9


def test_no_film_and_no_sound(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound):
        fingerprint_film(tmp_path / "no.wav")
    soundfile.write(tmp_path / "short.wav", np.zeros(200, np.float32), RATE)
    with pytest.raises(MediaUnreadable, match="too short"):
        fingerprint_film(tmp_path / "short.wav")
