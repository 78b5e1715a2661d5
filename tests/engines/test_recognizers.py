"""Recognisers: words with times. PocketSphinx is run; Whisper's library is watched at its door."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mmdia.engines.registry import recognizer
from mmdia.errors import MissingDependency, UsageError
from tests.engines.sounds import RATE, blocks, hum, said


@pytest.mark.slow
def test_sphinx_hears_words_where_they_are(shared_data: Path) -> None:
    pytest.importorskip("pocketsphinx")
    voice = said(shared_data, "jfk.flac")[: round(2.4 * RATE)]
    sound = np.concatenate([np.zeros(2 * RATE, np.float32), voice])
    words = recognizer("sphinx").recognize(blocks(sound, [RATE]), "en-US")
    heard = [w.text for w in words]
    assert "fellow" in heard
    fellow = words[heard.index("fellow")]
    assert fellow.start_s == pytest.approx(2 + 1.24, abs=0.25)
    assert all(0 <= a.start_s < a.end_s for a in words)
    assert [w.start_s for w in words] == sorted(w.start_s for w in words)


def test_sphinx_knows_english_only() -> None:
    pytest.importorskip("pocketsphinx")
    with pytest.raises(UsageError, match="English"):
        recognizer("sphinx").recognize([], "de")


class FakeModel:
    """What `faster_whisper.WhisperModel` does, as far as it is used."""

    calls: list[dict[str, Any]]
    supported_languages = ("en", "de")

    def __init__(self, model_size_or_path: str, local_files_only: bool = False) -> None:
        FakeModel.opened = (model_size_or_path, local_files_only)
        FakeModel.calls = []

    def transcribe(
        self, audio: Any, language: str | None, word_timestamps: bool, condition_on_previous_text: bool
    ) -> tuple[Any, Any]:
        FakeModel.calls.append({"n": len(audio), "language": language, "words": word_timestamps})
        words = [
            SimpleNamespace(start=0.5, end=0.9, word=" Hello"),
            SimpleNamespace(start=1, end=1, word=" "),
        ]
        segments = [SimpleNamespace(words=words), SimpleNamespace(words=None)]
        return iter(segments), SimpleNamespace(language="de")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    library = pytest.importorskip("faster_whisper")
    for name in ("__init__", "transcribe"):
        # The fake must not take what the real one would refuse.
        real = inspect.signature(getattr(library.WhisperModel, name)).parameters
        assert set(inspect.signature(getattr(FakeModel, name)).parameters) <= set(real)
    assert isinstance(inspect.getattr_static(library.WhisperModel, "supported_languages"), property)
    monkeypatch.setattr(library, "WhisperModel", FakeModel)
    return library


@pytest.mark.usefixtures("library")
def test_whisper_words_lie_on_the_films_timeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmdia.engines.asr_whisper._PASSAGE_S", 4.0)
    words = recognizer("whisper", model="tiny").recognize([hum(7.0, level=0.1)])
    assert [w.text for w in words] == ["Hello", "Hello"]
    assert words[0].start_s == pytest.approx(0.5)
    assert 2.0 < words[1].start_s - 0.5 < 4.0
    assert FakeModel.opened == ("tiny", True), "nothing may be downloaded unasked"
    assert [c["language"] for c in FakeModel.calls] == [None, "de"]
    assert all(c["words"] for c in FakeModel.calls)


@pytest.mark.usefixtures("library")
def test_whisper_takes_a_language_and_may_download() -> None:
    engine = recognizer("whisper", model="tiny", download=True)
    engine.recognize([hum(1.0, level=0.1)], "en-GB")
    assert FakeModel.opened == ("tiny", False)
    assert FakeModel.calls[0]["language"] == "en"
    with pytest.raises(UsageError, match="language"):
        engine.recognize([hum(1.0)], "tlh")


def test_whisper_without_its_model(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper")
    with pytest.raises(UsageError, match=r"model\.bin"):
        recognizer("whisper", model=str(tmp_path)).recognize([])
    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(UsageError, match="cannot be opened"):
        recognizer("whisper", model=str(tmp_path)).recognize([])
    with pytest.raises(UsageError, match="no such Whisper model"):
        recognizer("whisper", model="gigantic").recognize([])
    with pytest.raises(MissingDependency, match="not on this machine") as caught:
        recognizer("whisper", model="tiny").recognize([])
    assert caught.value.exit_code == 3


def test_whisper_models_are_told_apart(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper")
    (tmp_path / "model.bin").write_bytes(b"a")
    one = recognizer("whisper", model=str(tmp_path)).identity
    (tmp_path / "model.bin").write_bytes(b"bc")
    assert one != recognizer("whisper", model=str(tmp_path)).identity
    assert recognizer("whisper").identity != recognizer("whisper", model="tiny").identity
