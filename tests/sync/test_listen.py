"""Listening to files: on the player's timeline, and once only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmdia.engines import registry
from mmdia.errors import MediaNotFound, MediaUnreadable, UsageError
from mmdia.schema.cue import Word
from mmdia.sync.listen import activity_digest, listen, recognise

RATE = 16_000


@pytest.fixture
def film(tmp_path: Path) -> Path:
    sound = np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32) * 0.001
    sound[2 * RATE : 3 * RATE] += 0.3 * np.sin(np.arange(RATE) * 0.1).astype(np.float32)
    path = tmp_path / "film.wav"
    soundfile.write(path, sound, RATE)
    return path


class Parrot:
    """Counts how often it is asked."""

    name = "parrot"
    identity = "parrot-1"
    asked = 0

    def recognize(self, blocks: Iterable[object], language: str | None = None) -> list[Word]:
        Parrot.asked += 1
        assert sum(1 for _ in blocks) > 0
        return [Word(1.00004, 1.2, "polly"), Word(1.25, 1.5, "wants"), Word(3.0, 3.4, language or "nuts")]


@pytest.fixture
def parrot(monkeypatch: pytest.MonkeyPatch) -> type[Parrot]:
    Parrot.asked = 0
    monkeypatch.setattr(registry, "recognizer", lambda name, **_: Parrot())
    return Parrot


def test_a_film_is_heard_once(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    first = listen(film, "webrtc", cache=cache)
    assert first.duration_s == pytest.approx(4.0, abs=0.03)
    assert first.detector == "webrtc"
    assert listen(film, "webrtc") == first, "the cache must not change the answer"
    monkeypatch.setattr("mmdia.sync.listen.iter_speech", lambda *a, **k: pytest.fail("decoded again"))
    moved = film.rename(tmp_path / "another name.wav")
    assert listen(moved, "webrtc", cache=cache) == first


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b'{"schema": "mmdia.activity/1"}', b"\xff\xfe"])
def test_a_broken_cache_is_made_anew(film: Path, tmp_path: Path, junk: bytes) -> None:
    cache = tmp_path / "cache"
    first = listen(film, "webrtc", cache=cache)
    kept = next((cache / "activity").iterdir())
    good = kept.read_bytes()
    kept.write_bytes(junk)
    assert listen(film, "webrtc", cache=cache) == first
    assert kept.read_bytes() == good
    assert [p.name for p in kept.parent.iterdir()] == [kept.name], "nothing half-written is left"


@pytest.mark.slow
def test_a_cache_that_lies_is_not_believed(film: Path, tmp_path: Path) -> None:
    first = listen(film, "webrtc", cache=tmp_path)
    kept = next((tmp_path / "activity").iterdir())
    facts = json.loads(kept.read_text())
    for change in ({"step_s": 0}, {"step_s": float("nan")}, {"start_s": None}, {"probability": "????"}):
        kept.write_text(json.dumps({**facts, **change}))
        assert listen(film, "webrtc", cache=tmp_path) == first


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_done_without(film: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert listen(film, "webrtc", cache=blocked) == listen(film, "webrtc")


def test_the_digest_tells_films_and_detectors_apart(film: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.wav"
    soundfile.write(other, np.zeros(RATE, np.float32), RATE)
    copy = tmp_path / "copy.wav"
    copy.write_bytes(film.read_bytes())
    assert activity_digest(film, "webrtc") == activity_digest(copy, "webrtc")
    seen = {activity_digest(f, "webrtc", t) for f in (film, other) for t in (None, 0, "en")}
    assert len(seen) == 6


def test_what_cannot_be_heard_says_so(film: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound):
        listen(tmp_path / "none.mp4", "webrtc")
    with pytest.raises(UsageError, match="no such detector"):
        listen(film, "ears")
    with pytest.raises(UsageError, match="no such audio track"):
        listen(film, "webrtc", audio_track=3)
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    with pytest.raises(MediaUnreadable):
        listen(empty, "webrtc")


def test_what_is_said_is_written_down_once(film: Path, tmp_path: Path, parrot: type[Parrot]) -> None:
    first = recognise(film, "parrot", cache=tmp_path)
    assert [c.text for c in first] == ["polly wants", "nuts"]
    assert first[0].words[0] == Word(1.0, 1.2, "polly")
    assert recognise(film, "parrot", cache=tmp_path) == first
    assert parrot.asked == 1
    assert recognise(film, "parrot", cache=tmp_path, language="de")[-1].text == "de"
    assert parrot.asked == 2
    for kept in (tmp_path / "words").iterdir():
        kept.write_text('{"schema": "mmdia.words/1", "words": [[1, 2]]}')
    assert recognise(film, "parrot", cache=tmp_path) == first
    assert recognise(film, "parrot") == first
    assert parrot.asked == 4
