"""Why a file cannot be opened as media, in words that help."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.media.edit_list import names_beyond
from mmdia.media.encrypted import is_locked, refusal


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
    boxes = [name for name, _ in _mp4_boxes(file)]
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
    container = "mp4" if "moov" in boxes or "ftyp" in boxes else ""
    return nothing_comes(file, container, "no media can be read from this file", error)


def nothing_comes(
    file: Path, container: str, message: str, error: Exception | None = None
) -> MediaUnreadable:
    """The error for a file that gives nothing: it is encrypted, cut off, or damaged.

    Args:
        file: The file.
        container: libavformat's name of its format, as far as that is known.
        message: What happened.
        error: What libavformat said.
    """
    if is_locked(file):
        return refusal(file)
    got = None if error is None else str(error) or type(error).__name__
    if is_cut_off(file, container):
        hint = "It ends in the midst of what it began: copy or download it again."
        return MediaUnreadable(message, path=file, got=got, hint=hint, code="truncated_media")
    hint = "Check that it plays in a player; if not, copy or download it again."
    return MediaUnreadable(message, path=file, got=got, hint=hint, code="invalid_media")


def unstamped(file: Path) -> MediaUnreadable:
    """The error for a file of which nothing has a stamp."""
    return MediaUnreadable(
        "nothing in the file says when its pictures and sounds are played", path=file,
        hint="Write it anew: ffmpeg -fflags +genpts -i FILE -map 0 -c copy fixed.mkv",
        code="invalid_media",
    )  # fmt: skip


def is_cut_off(file: Path, container: str) -> bool:
    """Whether a file ends in the midst of what it began, as told by its form alone.

    Args:
        file: The file.
        container: libavformat's name of its format.
    """
    size = file.stat().st_size
    if "mp4" in container:
        boxes = list(_mp4_boxes(file, limit=1 << 20))
        bare = {name for name, _ in boxes}.isdisjoint(("mdat", "moof"))
        return bare or max(end for _, end in boxes) > size or _names_beyond(file)
    if container in ("mpegts", "mpeg"):
        return all(size % packet for packet in ((188, 192, 204) if container == "mpegts" else (2048,)))
    if container == "avi":
        with file.open("rb") as stream:
            return int.from_bytes(stream.read(8)[4:], "little") + 8 > size
    return False


def _names_beyond(file: Path) -> bool:
    """Whether the table of contents of an mp4 names samples beyond the end of the file."""
    try:
        return names_beyond(file)
    except MediaUnreadable:
        return False


def _mp4_boxes(file: Path, limit: int = 64) -> Iterator[tuple[str, int]]:
    """Names and ends of the top-level boxes of an mp4-like file, as far as they make sense."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        at = 0
        for _ in range(limit):
            stream.seek(at)
            head = stream.read(16)
            length, name = int.from_bytes(head[:4], "big"), head[4:8]
            if len(head) < 8 or not name.isalnum():
                return
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            at = at + length if length >= 8 else size
            yield name.decode("ascii", "replace"), at
