"""Which streams of a film are encrypted: their packets look like any other, and decode to nothing or noise.

Containers say so, each in its way: mp4 by the names of its sample descriptions (ISO/IEC 14496-12,
8.12: ``encv``, ``enca``; ``drmi``, ``drms`` in Apple's shops), Matroska by a ContentEncryption of the
track (RFC 9559, 5.1.4.1.31), transport streams in the header of each packet (ISO/IEC 13818-1,
2.4.3.3), and DVDs in that of a packetized stream's (2.4.3.7).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmdia.errors import MediaUnreadable
from mmdia.media.edit_list import sample_entries

#: Sample descriptions of what is encrypted.
_ENTRIES = frozenset({b"encv", b"enca", b"drmi", b"drms"})
#: Matroska: segment, tracks, one track, its encodings, one of them, its encryption.
_PATH = (0x18538067, 0x1654AE6B, 0xAE, 0x6D80, 0x6240, 0x5035)
_CLUSTER = 0x1F43B675
#: So much is looked at, bytes, from the start and from the middle of a stream without a header.
_LOOK = 1 << 20
#: A packetized stream's header with a scrambling control that is not 0.
_SCRAMBLED = re.compile(rb"\0\0\x01[\xbd\xe0-\xef]..[\x90-\xbf]", re.DOTALL)
#: So many scrambled sectors of a DVD are no accident.
_SECTORS = 8


def encrypted_streams(path: str | os.PathLike[str], container: Any) -> frozenset[int]:
    """Numbers of the streams that nobody can decode without a key; `container` is the film, opened."""
    name = container.format.name
    try:
        if "mp4" in name:
            entries = enumerate(sample_entries(path))
            return frozenset(n for n, names in entries if not _ENTRIES.isdisjoint(names))
        with Path(path).open("rb") as file:
            head = file.read(_LOOK)
            file.seek(Path(path).stat().st_size // 2)
            middle = file.read(_LOOK)
    except (OSError, MediaUnreadable):
        return frozenset()
    if "matroska" in name:
        return frozenset(n for n, locked in enumerate(_tracks(head)) if locked)
    if name == "mpegts":
        ids = _scrambled(head) | _scrambled(middle)
        return frozenset(s.index for s in container.streams if s.id in ids)
    if name == "mpeg" and len(_SCRAMBLED.findall(head + middle)) >= _SECTORS:
        return frozenset(s.index for s in container.streams)
    return frozenset()


def is_locked(path: str | os.PathLike[str]) -> bool:
    """Whether a file that cannot be opened says that it is encrypted: an mp4, or a transport stream."""
    try:
        with Path(path).open("rb") as file:
            if _scrambled(file.read(_LOOK)):
                return True
        return any(not _ENTRIES.isdisjoint(names) for names in sample_entries(path))
    except (OSError, MediaUnreadable):
        return False


def leave_out(
    path: str | os.PathLike[str], container: Any, video: Any, audio: Any
) -> tuple[Any, Any, tuple[str, ...]]:
    """Picture and sound, None in place of an encrypted one, and the kinds of which the film has no other.

    Raises:
        MediaUnreadable: Nothing is left.
    """
    locked = encrypted_streams(path, container)
    video, audio = (None if s is None or s.index in locked else s for s in (video, audio))
    left = {"video": video, "audio": audio}
    kinds = {s.type for s in container.streams if s.index in locked}
    lost = tuple(kind for kind in left if left[kind] is None and kind in kinds)
    if lost and video is None and audio is None:
        raise refusal(path)
    return video, audio, lost


def refusal(path: str | os.PathLike[str]) -> MediaUnreadable:
    """The error for a film of which nothing can be decoded."""
    cure = "Get a copy without copy protection."
    return MediaUnreadable("the film is encrypted", path=path, hint=cure, code="encrypted")


def _tracks(head: bytes) -> Iterator[bool]:
    """Whether each track of a Matroska file is encrypted, in order."""
    for first, last in _elements(head, 0, len(head), _PATH[:3]):
        yield any(True for _ in _elements(head, first, last, _PATH[3:]))


def _elements(head: bytes, at: int, last: int, path: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """(start of content, end) of the elements at the end of a path of identifiers."""
    while at + 2 <= min(last, len(head)):
        width = 9 - head[at].bit_length()
        name, at = int.from_bytes(head[at : at + width], "big"), at + width
        if width > 4 or name == _CLUSTER or at >= len(head):
            return
        width = 9 - head[at].bit_length()
        unknown = (1 << 7 * width) - 1
        size = int.from_bytes(head[at : at + width], "big") & unknown
        at += width
        end = last if size == unknown else min(last, at + size)
        if name == path[0] and len(path) == 1:
            yield at, end
        elif name == path[0]:
            yield from _elements(head, at, end, path[1:])
        at = end


def _scrambled(data: bytes) -> set[int]:
    """Identifiers of a transport stream's parts most of whose packets are scrambled."""
    for size in (188, 192, 204):
        first = next((n for n in range(size) if data[n::size][:20] == b"\x47" * 20), None)
        if first is not None:
            break
    else:
        return set()
    seen, locked = Counter[int](), Counter[int]()
    for at in range(first, len(data) - 4, size):
        number = int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF
        seen[number] += 1
        locked[number] += data[at + 3] >> 7
    return {number for number, count in locked.items() if 2 * count > seen[number]}
