"""The list of readers: open one by name, ask which can be used."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal

from mmdia.errors import MissingTool, UsageError
from mmdia.media.backends.port import FrameReader

Backend = Literal["av", "decord", "ffmpeg"]


def open_reader(path: str | Path, backend: Backend = "av") -> FrameReader:
    """Open a film for reading frames.

    Args:
        path: The film.
        backend: ``av`` (default, reads everything), ``decord`` (extra) or ``ffmpeg`` (a pipe from
            the program; each request decodes from the film's start).

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: The file cannot be read, or not by this backend.
        MissingExtra: decord is not installed.
        MissingTool: No ffmpeg program is found.
        UsageError: No such backend, or the file has no picture.
    """
    if backend == "av":
        from mmdia.media.backends.pyav import AvReader

        return AvReader(path)
    if backend == "decord":
        from mmdia.media.backends.decord import DecordReader

        return DecordReader(path)
    if backend == "ffmpeg":
        from mmdia.media.backends.pipe import PipeReader

        return PipeReader(path)
    raise UsageError("no such backend", expected="av, decord or ffmpeg", got=backend)


def available_backends() -> dict[str, str | None]:
    """Each backend, with None when it can be used, else what is missing."""
    from mmdia.media.graph import find_ffmpeg

    found: dict[str, str | None] = {"av": None, "decord": None, "ffmpeg": None}
    if importlib.util.find_spec("decord") is None:
        found["decord"] = "decord is not installed; run: pip install 'mmdia[decord]'"
    try:
        find_ffmpeg()
    except MissingTool as error:
        found["ffmpeg"] = str(error)
    return found
