"""Backends of media access: which there are, whether they work here, which one is meant.

Built in: ``av`` (reads everything, always there), ``torchcodec``, ``decord`` and ``soundfile``.
Others register by an entry point of the group ``mmdia.readers`` that names a backend object or a
class without arguments (`mmdia.media.reader_port.Backend`); `mmdia.testing.conformance` checks one.

``auto`` means soundfile for clips of sound, and av for all else. A backend that is asked for and
does not load is told of once, and av (or soundfile) reads instead; a file about which a backend
cannot be right is an error, never a wrong frame.
"""

from __future__ import annotations

import warnings
import wave
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np

from mmdia.errors import UsageError
from mmdia.media.reader_port import Backend, Kind, Rgb

#: A name, or a name for each of ``picture`` and ``sound``.
Choice: TypeAlias = str | Mapping[str, str]

BUILT_IN = ("av", "torchcodec", "decord", "soundfile")
GROUP = "mmdia.readers"


@lru_cache(maxsize=1)
def backends() -> Mapping[str, Backend]:
    """All backends by name, those of other packages too; a broken registration is left out."""
    return {**_built_in(), **{name: backend for name, (backend, _) in _registered().items() if backend}}


def _built_in() -> dict[str, Backend]:
    from mmdia.media.reader_av import AvBackend
    from mmdia.media.reader_decord import DecordBackend
    from mmdia.media.reader_soundfile import SoundfileBackend
    from mmdia.media.reader_torchcodec import TorchcodecBackend

    made: tuple[Backend, ...] = (AvBackend(), TorchcodecBackend(), DecordBackend(), SoundfileBackend())
    return {backend.name: backend for backend in made}


@lru_cache(maxsize=1)
def _registered() -> dict[str, tuple[Backend | None, str | None]]:
    from importlib import metadata

    found: dict[str, tuple[Backend | None, str | None]] = {}
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda e: e.name):
        if entry.name in BUILT_IN:
            continue
        try:
            loaded: Any = entry.load()
            made = loaded() if isinstance(loaded, type) else loaded
        except (ImportError, OSError, RuntimeError, AttributeError, TypeError, ValueError) as error:
            found[entry.name] = None, f"does not load: {_first_line(error)}"
            continue
        good = isinstance(made, Backend)
        found[entry.name] = (made, None) if good else (None, f"{entry.value} is no backend")
    return found


def health() -> list[dict[str, Any]]:
    """Whether each backend works here, by reading a tiny film and clip: rows for ``mmdia doctor``.

    Keys: ``backend``, ``reads`` (list of ``picture``, ``sound``), ``version``, ``usable``,
    ``problem`` (one line, None when usable), ``instead`` (who reads in its place).
    """
    rows: list[dict[str, Any]] = []
    for name, backend in backends().items():
        with TemporaryDirectory(prefix="mmdia-doctor-", ignore_cleanup_errors=True) as folder:
            problem = backend.problem() or _failing(backend, Path(folder))
        row = {"backend": name, "reads": sorted(backend.reads), "version": backend.version()}
        rows.append({**row, "usable": problem is None, "problem": problem, "instead": problem and "av"})
    for name, (made, why) in _registered().items():
        if made is None:
            row = {"backend": name, "reads": [], "version": None}
            rows.append({**row, "usable": False, "problem": why, "instead": "av"})
    return rows


def _failing(backend: Backend, folder: Path) -> str | None:
    """How a backend fails to read a film of three grey pictures or a clip of three samples, in one line."""
    from mmdia.media.index import build_index

    path, meant = str(folder / "film"), [40, 120, 200]
    try:
        for kind in sorted(backend.reads):
            if kind == "picture":
                _write_greys(path, meant)
                picture = backend.open_picture(path, build_index(path))
                got = [float(frame.mean()) for frame in picture.fetch(0, 3)]
                picture.close()
            else:
                with wave.open(path, "wb") as out:
                    out.setparams((1, 2, 24_000, 0, "NONE", ""))
                    out.writeframes(np.array(meant, "<i2").tobytes())
                sound = backend.open_sound(path, None)
                got = (sound.read(0, 3) * 32768).ravel().tolist()
                sound.close()
            if len(got) != 3 or max(abs(a - b) for a, b in zip(got, meant, strict=True)) > 8:
                return f"reads {kind} wrongly: got {np.round(got).tolist()}, not {meant}"
    except Exception as error:  # whatever a library raises is what the doctor is asked for
        return f"loads, but opens no film: {type(error).__name__}: {_first_line(error)}"
    return None


def _write_greys(path: str, levels: list[int]) -> None:
    import av

    with av.open(path, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        for level in levels:
            grey = np.full((64, 64, 3), level, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        out.mux(stream.encode(None))


def resolve(choice: Choice, kind: Kind, *, film: bool) -> Backend:
    """The backend that is meant.

    A single name counts for what that backend reads at all; the rest is automatic, so that
    ``decord`` gives pictures by decord and sound by soundfile or av.

    Args:
        choice: A name, or ``{"picture": name, "sound": name}``.
        kind: What is to be read.
        film: From a film, rather than from a clip of a rebuild.

    Raises:
        UsageError: There is no such backend, or it does not read this.
    """
    known = backends()
    single = isinstance(choice, str)
    name = choice if isinstance(choice, str) else choice.get(kind, "auto")
    if name != "auto" and name not in known:
        raise UsageError("no such backend", expected=", ".join(["auto", *known]), got=repr(name))
    if name != "auto" and kind not in known[name].reads:
        if not single:
            raise UsageError(f"{name} reads no {kind}", expected=", ".join(sorted(known[name].reads)))
        name = "auto"
    if single and name == "soundfile" and film:
        name = "auto"
    automatic = known["soundfile" if kind == "sound" and not film else "av"]
    if name == "auto":
        return automatic
    problem = _problem(name)
    if problem is None:
        return known[name]
    _tell_once(name, problem, automatic.name)
    return automatic


@cache
def _problem(name: str) -> str | None:
    """Asked once: a library that did not load does not load later either."""
    return backends()[name].problem()


@cache
def _tell_once(name: str, problem: str, instead: str) -> None:
    text = f"{name}: {problem}; {instead} reads instead (see: mmdia doctor)"
    warnings.warn(text, UserWarning, stacklevel=4)


def check_choice(choice: Choice) -> None:
    """Refuse a choice that names what is not there, before any work is done.

    Raises:
        UsageError: See `resolve`; or a key that is neither ``picture`` nor ``sound``.
    """
    if not isinstance(choice, str):
        unknown = sorted(set(choice) - {"picture", "sound"})
        if unknown:
            raise UsageError("no such kind of media", expected="picture, sound", got=", ".join(unknown))
    for kind in ("picture", "sound"):
        resolve(choice, kind, film=False)


def every_frame(path: str | Path, choice: Choice = "auto") -> Iterator[Rgb]:
    """All frames of a file, in display order: uint8 (height, width, 3), upright.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It cannot be read, or not by this backend.
        UsageError: It has no picture, or there is no such backend.
    """
    from mmdia.media.index import build_index, require_video

    index = build_index(path)
    video = require_video(index, path)
    file = resolve(choice, "picture", film=True).open_picture(str(path), index)
    try:
        yield from file.fetch(0, video.n_frames)
    finally:
        file.close()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
