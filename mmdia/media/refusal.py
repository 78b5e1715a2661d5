"""Why a file cannot be opened as media, in words that help."""

from __future__ import annotations

import os
from pathlib import Path

from mmdia.errors import MediaNotFound, MediaUnreadable


def existing(path: str | os.PathLike[str]) -> Path:
    """The file, when there is one that can be opened.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It is a folder, a pipe or a device.
    """
    file = Path(path)
    if not file.exists():
        raise MediaNotFound("there is no such media file", path=file)
    if file.is_dir():
        raise MediaUnreadable("this is a folder, not a media file", path=file, hint="Name one file in it.")
    if not file.is_file():  # opening a pipe would wait for ever
        raise MediaUnreadable("this is a pipe or a device, not a media file", path=file)
    return file


def refuse_lookalikes(file: Path) -> None:
    """Name the usual impostors before libavformat answers "invalid data"."""
    try:
        with file.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise MediaUnreadable("the file cannot be read", path=file, got=str(error)) from error
    if not head:
        raise MediaUnreadable("the file is empty", path=file, hint="Download or copy it again.")
    if head.startswith(b"version https://git-lfs"):
        raise MediaUnreadable(
            "this is a Git LFS pointer, not the media itself",
            path=file,
            hint="Run `git lfs pull` in that repository.",
            code="lfs_pointer",
        )
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        raise MediaUnreadable(
            "this is a web page saved under a media name",
            path=file,
            hint="The download was refused or redirected; download the file itself.",
        )


def explain(file: Path, error: Exception) -> MediaUnreadable:
    """The error for a file that libavformat refused."""
    boxes = _mp4_boxes(file)
    if "ftyp" in boxes and "moov" not in boxes:
        return MediaUnreadable(
            "the file is truncated: its table of contents (moov) is missing",
            path=file,
            hint="Copy or download it again; a recording that was cut off cannot be used.",
            code="truncated_media",
        )
    if "moof" in boxes and "moov" not in boxes:
        return MediaUnreadable(
            "this is one segment of a stream, without its header",
            path=file,
            hint="Join the init segment and the segments first.",
        )
    return MediaUnreadable(
        "no media can be read from this file", path=file, got=str(error) or type(error).__name__,
        hint="Check that it plays in a player; if not, copy or download it again.",
    )  # fmt: skip


def _mp4_boxes(file: Path, limit: int = 64) -> list[str]:
    """Names of the top-level boxes of an mp4-like file, as far as they make sense."""
    names: list[str] = []
    size = file.stat().st_size
    with file.open("rb") as stream:
        at = 0
        while at + 8 <= size and len(names) < limit:
            stream.seek(at)
            head = stream.read(16)
            length, name = int.from_bytes(head[:4], "big"), head[4:8]
            if not name.isalnum():
                break
            names.append(name.decode("ascii", "replace"))
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8:
                break
            at += length
    return names
