"""Listeners tell the right text from another one; none is needed to import the house."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mmdia.engines import listen_whisper, registry
from mmdia.errors import MissingDependency, MissingExtra, UsageError
from mmdia.schema.cue import Word
from tests.engines.sounds import RATE, hum, said
from tests.engines.test_registry import without

JFK = (
    "And so, my fellow Americans: ask not what your country can do for you, "
    "ask what you can do for your country."
)
OTHER = (
    "If called to a case supposed or suspected to be one of poisoning, the medical man has two duties "
    "to perform, to save the patient's life."
)


@pytest.mark.slow
def test_sphinx_tells_right_from_wrong(shared_data: Path) -> None:
    pytest.importorskip("pocketsphinx")
    engine = registry.listener("sphinx")
    voice = said(shared_data, "jfk.flac")
    right, wrong = engine.listen(JFK, voice, "en"), engine.listen(OTHER, voice, "en")
    assert right.score > 0.6 > engine.default_threshold
    assert wrong.score < 0.2 < engine.default_threshold
    assert right.n_words == 22
    assert engine.listen(JFK, voice, "en") == right, "no clip may colour the next"
    assert engine.listen(JFK, voice[: len(voice) // 8], "en").score < 0.2
    assert engine.listen(JFK, hum(5.0, level=0.1)).score < 0.2
    assert engine.knows("en-US")
    assert not engine.knows("de")
    assert not engine.knows(None), "it would take any language for English"


def test_sphinx_leaves_out_words_it_cannot_know() -> None:
    pytest.importorskip("pocketsphinx")
    engine = registry.listener("sphinx")
    assert engine.listen("Xqzzvrt, Qwrtzup!", hum(1.0)).n_words == 0
    assert engine.listen("Xqzzvrt, [sighs] come here", hum(1.0)).n_words == 2
    assert engine.listen("come here", np.zeros(0, np.float32)).score == 0


class FakeModel:
    """What `faster_whisper.WhisperModel` does, as far as it is used."""

    supported_languages = ("en",)
    opened: Any = None
    asked: Any = None

    def __init__(
        self,
        model_size_or_path: str,
        device: str = "auto",
        compute_type: str = "default",
        cpu_threads: int = 0,
        local_files_only: bool = False,
    ) -> None:
        FakeModel.opened = (model_size_or_path, device, cpu_threads, local_files_only)

    def transcribe(
        self,
        audio: Any,
        language: str | None,
        beam_size: int,
        temperature: float,
        condition_on_previous_text: bool,
    ) -> tuple[Any, Any]:
        FakeModel.asked = (len(audio), language, beam_size, temperature)
        texts = [" It is 9:58,", " Miss Vale."]
        return iter(SimpleNamespace(text=t) for t in texts), SimpleNamespace(language="en")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    library = pytest.importorskip("faster_whisper")
    for name in ("__init__", "transcribe"):
        # The fake must not take what the real one would refuse.
        real = inspect.signature(getattr(library.WhisperModel, name)).parameters
        taken = set(inspect.signature(getattr(FakeModel, name)).parameters)
        assert taken - {"local_files_only"} <= set(real)
    monkeypatch.setattr(library, "WhisperModel", FakeModel)


@pytest.mark.usefixtures("library")
def test_whisper_is_asked_for_what_can_be_repeated(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    engine = registry.listener(f"whisper:{tmp_path}")
    heard = engine.listen("It is nine fifty-eight, Miss Vale. Hurry!", hum(1.0), "en-GB")
    assert heard.score == pytest.approx(7 / 8)
    assert heard.text == "It is 9:58, Miss Vale."
    assert FakeModel.asked == (RATE, "en", 1, 0.0)
    assert FakeModel.opened == (str(tmp_path), "cpu", 1, True), "nothing may be downloaded unasked"
    assert engine.knows("en")
    assert not engine.knows("fr")
    assert not engine.knows(None)
    assert str(tmp_path.parent) not in engine.identity, "where a model lies is nobody's business"
    (tmp_path / "model.bin").write_bytes(b"others!")
    assert registry.listener(f"whisper:{tmp_path}").identity != engine.identity


class Scribe:
    """Writes down what it was told to."""

    kind = "asr"
    name = "scribe"
    identity = "scribe-7"
    listen_threshold = 0.42
    languages = ("fr",)

    def __init__(self, model: str | None = None, download: bool = False) -> None:
        self.model = model

    def recognize(self, blocks: Any, language: str | None = None) -> list[Word]:
        return [Word(k, k + 1, text) for k, text in enumerate(("bonjour", "monde"))]


def test_recognisers_of_others_listen_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    entry = metadata.EntryPoint("scribe", "tests.engines.test_listeners:Scribe", registry.GROUP)
    monkeypatch.setattr(registry.metadata, "entry_points", lambda group: [entry])
    engine = registry.listener("scribe:big")
    assert (engine.name, engine.identity, engine.default_threshold) == ("scribe", "scribe-7", 0.42)
    assert engine.listen("Bonjour, le monde!", hum(1.0), "fr").score == pytest.approx(2 / 3)
    assert engine.knows("fr-CA")
    assert not engine.knows("en")


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pocketsphinx", "faster_whisper")
    monkeypatch.setattr(listen_whisper, "bundled_model", lambda: None)
    for name in ("sphinx", "whisper"):
        with pytest.raises(MissingExtra, match="pip install"):
            registry.listener(name)
    with pytest.raises(UsageError, match="no such speech recogniser"):
        registry.listener("ears")
    assert list(registry.listeners()) == []


def test_a_model_that_is_not_here_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pocketsphinx")
    pytest.importorskip("faster_whisper")
    monkeypatch.setattr(listen_whisper, "bundled_model", lambda: None)
    with pytest.raises(MissingDependency):
        registry.listener("whisper")
    assert [engine.name for engine in registry.listeners()] == ["sphinx"]
