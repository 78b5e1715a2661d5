"""Edit lists and sample tables of mp4 files: what a track holds and which stretch of it is shown.

Read by ourselves (ISO/IEC 14496-12, 8.6 and 8.7), since opening a clip as media costs a hundred times more.

libavformat's mp4 muxer hides what lies before time 0 by an edit, but writes no end: what follows
the window would be shown. `set_ends` puts the end in after the file is closed, in place, so the
file's layout stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mmdia.errors import MediaUnreadable
from mmdia.media.packet_facts import Ints

#: Top-level boxes of a sane file; more are a sign of garbage.
_MAX_BOXES = 10_000


@dataclass(frozen=True, slots=True)
class Edit:
    """What a track shows.

    Attributes:
        delay: Seconds of nothing before it.
        media_time: First tick shown, in ticks of the track.
        duration: Seconds shown.
        time_base: Seconds per tick of the track.
    """

    delay: Fraction
    media_time: int
    duration: Fraction
    time_base: Fraction


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples (coded frames) of a track in decoding order.

    Attributes:
        stamps: Display stamps, ticks of the track, int64 (n,).
        offsets: Where each begins in the file, int64 (n,).
        sizes: Bytes of each, int64 (n,).
        width: Pixels a row, as the sample description says; 0 for sound.
        height: Rows of pixels.
        descriptions: How many sample descriptions the track has.
    """

    stamps: Ints
    offsets: Ints
    sizes: Ints
    width: int
    height: int
    descriptions: int


def set_ends(path: str | Path, durations: Mapping[str, Fraction]) -> None:
    """Let each track end at the second given for its kind.

    Args:
        path: An mp4 file.
        durations: Second of the clip at which a kind of track ends: ``vide``, ``soun``.

    Raises:
        MediaUnreadable: The file is no mp4, or a track has no edit list.
    """
    with Path(path).open("r+b") as stream:
        at, raw = _moov(stream, path)
        movie = bytearray(raw)
        scale = _movie_scale(movie)
        longest = 0
        for track in _tracks(movie):
            whole = round(durations[track.kind] * scale)
            delay = sum(length for length, media in track.edits(movie) if media == -1)
            # A track that starts late still ends with the others.
            track.set_length(movie, max(0, whole - delay), path)
            longest = max(longest, whole)
            _put(movie, track.header_at, whole, wide=track.header_wide)
        position, wide = _movie_length(movie)
        _put(movie, position, longest, wide=wide)
        stream.seek(at)
        stream.write(movie)


def read_edits(path: str | Path) -> dict[str, Edit]:
    """The edit of each kind of track, where the file has one edit (after an optional delay).

    Raises:
        MediaUnreadable: The file is no mp4.
    """
    movie = movie_box(path)
    scale = _movie_scale(movie)
    found: dict[str, Edit] = {}
    for track in _tracks(movie):
        edits = track.edits(movie)
        if edits and edits[-1][1] >= 0 and all(media == -1 for _, media in edits[:-1]):
            delay = sum(length for length, _ in edits[:-1])
            length, media = edits[-1]
            found[track.kind] = Edit(
                Fraction(delay, scale), media, Fraction(length, scale), Fraction(1, track.scale)
            )
    return found


def read_samples(path: str | Path) -> dict[str, Samples]:
    """The samples of each kind of track (``vide``, ``soun``).

    Raises:
        MediaUnreadable: The file is no mp4, or its tables do not fit together.
    """
    movie = movie_box(path)
    try:
        return {track.kind: _samples(movie, track) for track in _tracks(movie)}
    except (IndexError, ValueError, TypeError) as error:
        raise MediaUnreadable("the clip's sample tables are broken", path=path, got=str(error)) from error


def _samples(movie: bytes, track: _Track) -> Samples:
    boxes = _inside(movie, *track.media, b"minf", b"stbl")

    def rows(name: bytes, skip: int, kinds: str) -> Ints:
        first = boxes[name][0] + skip
        flat = np.frombuffer(movie, kinds, _number(movie, first - 4, 4), first)
        columns = [flat] if flat.dtype.names is None else [flat[field] for field in flat.dtype.names]
        return np.array(columns, np.int64)

    if b"stsz" not in boxes:
        raise ValueError("no sizes")
    first, _ = boxes[b"stsz"]
    same, count = _number(movie, first + 4, 4), _number(movie, first + 8, 4)
    sizes = np.full(count, same, np.int64) if same else rows(b"stsz", 12, ">u4")[0]
    lengths, steps = rows(b"stts", 8, ">u4,>u4")
    durations = np.repeat(steps, lengths)
    stamps = np.cumsum(durations) - durations
    if b"ctts" in boxes:
        lengths, shifts = rows(b"ctts", 8, ">u4,>i4")
        stamps = stamps + np.repeat(shifts, lengths)
    (chunks,) = rows(b"co64", 8, ">u8") if b"co64" in boxes else rows(b"stco", 8, ">u4")
    heads, counts, _ = rows(b"stsc", 8, ">u4,>u4,>u4")
    per = np.repeat(counts, np.diff([*heads, len(chunks) + 1]))
    before = np.cumsum(sizes) - sizes
    offsets = before + np.repeat(chunks - before[np.cumsum(per) - per], per)
    at = boxes[b"stsd"][0]
    width, height = (_number(movie, at + n, 2) if track.kind == "vide" else 0 for n in (40, 42))
    return Samples(stamps, offsets, sizes, width, height, _number(movie, at + 4, 4))


def names_beyond(path: str | os.PathLike[str]) -> bool:
    """Whether an mp4's tables name more, or lie farther, than the file holds; damaged counts read as False.

    Nothing is multiplied out: a damaged table may stand for billions of samples.

    Raises:
        MediaUnreadable: The file is no mp4.
    """
    movie, size = movie_box(path), os.path.getsize(path)
    for track in _tracks(movie):
        boxes = _inside(movie, *track.media, b"minf", b"stbl")
        for name, skip, kind in ((b"stco", 8, ">u4"), (b"co64", 8, ">u8"), (b"stsz", 12, ">u4")):
            if name not in boxes:
                continue
            first, last = boxes[name]
            rows = np.frombuffer(
                movie[first + skip : last],
                kind,
                min(_number(movie, first + skip - 4, 4), (last - first - skip) // int(kind[-1])),
            )
            if name == b"stsz":
                same = _number(movie, first + 4, 4)
                most = same * _number(movie, first + 8, 4) if same else int(rows.sum(dtype=np.int64))
            else:
                most = int(rows.max(initial=0))
            if most > size:
                return True
    return False


def movie_box(path: str | os.PathLike[str]) -> bytes:
    """The content of an mp4's movie box.

    Raises:
        MediaUnreadable: The file is no mp4.
    """
    with Path(path).open("rb") as stream:
        return _moov(stream, path)[1]


@dataclass(frozen=True, slots=True)
class _Track:
    """Where the numbers of one track stand in its movie box."""

    kind: str
    media: tuple[int, int]
    scale: int
    header_at: int
    header_wide: bool
    list_at: int | None

    def edits(self, movie: bytes | bytearray) -> list[tuple[int, int]]:
        """(length in ticks of the movie, first tick of the track or -1) of each edit."""
        if self.list_at is None:
            return []
        wide, count = movie[self.list_at] == 1, _number(movie, self.list_at + 4, 4)
        size, half = (20, 8) if wide else (12, 4)
        rows = [self.list_at + 8 + n * size for n in range(count)]
        return [(_number(movie, at, half), _number(movie, at + half, half, signed=True)) for at in rows]

    def set_length(self, movie: bytearray, ticks: int, path: str | Path) -> None:
        """Write the length of the last edit."""
        count = len(self.edits(movie))
        if self.list_at is None or not count:
            raise MediaUnreadable("a track of the clip has no edit list", path=path, got=self.kind)
        wide = movie[self.list_at] == 1
        _put(movie, self.list_at + 8 + (count - 1) * (20 if wide else 12), ticks, wide=wide)


def _moov(file: BinaryIO, path: str | os.PathLike[str]) -> tuple[int, bytes]:
    """Place and content of the movie box."""
    size, at = os.path.getsize(path), 0
    for _ in range(_MAX_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            break
        length, skip = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, skip = int.from_bytes(head[8:16], "big"), 16
        if length == 0:
            length = size - at
        if length < skip:
            break
        if head[4:8] == b"moov":
            file.seek(at + skip)
            return at + skip, file.read(length - skip)
        at += length
    raise MediaUnreadable("the clip is no mp4: it has no movie box", path=path)


def _boxes(raw: bytes | bytearray, first: int, last: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of content, end) of the boxes in raw[first:last]."""
    at = first
    while at + 8 <= last:
        length, skip = _number(raw, at, 4), 8
        if length == 1:
            length, skip = _number(raw, at + 8, 8), 16
        if length == 0:
            length = last - at
        if length < skip or at + length > last:
            return
        yield bytes(raw[at + 4 : at + 8]), at + skip, at + length
        at += length


def _child(raw: bytes | bytearray, name: bytes, first: int, last: int) -> tuple[int, int] | None:
    return next(((a, b) for n, a, b in _boxes(raw, first, last) if n == name), None)


def _inside(raw: bytes, first: int, last: int, *path: bytes) -> dict[bytes, tuple[int, int]]:
    """The boxes within the last of a path of boxes; none where it is not there."""
    for name in path:
        first, last = _child(raw, name, first, last) or (0, 0)
    return {name: (a, b) for name, a, b in _boxes(raw, first, last)}


def _tracks(movie: bytes | bytearray) -> Iterator[_Track]:
    for name, first, last in _boxes(movie, 0, len(movie)):
        if name != b"trak":
            continue
        header = _child(movie, b"tkhd", first, last)
        media = _child(movie, b"mdia", first, last)
        if header is None or media is None:
            continue
        clock, handler = _child(movie, b"mdhd", *media), _child(movie, b"hdlr", *media)
        if clock is None or handler is None:
            continue
        edits = _child(movie, b"edts", first, last)
        listed = None if edits is None else _child(movie, b"elst", *edits)
        wide = movie[header[0]] == 1
        yield _Track(
            kind=bytes(movie[handler[0] + 8 : handler[0] + 12]).decode("ascii", "replace"),
            media=media,
            scale=_number(movie, clock[0] + (20 if movie[clock[0]] == 1 else 12), 4),
            header_at=header[0] + (28 if wide else 20),
            header_wide=wide,
            list_at=None if listed is None else listed[0],
        )


def _movie_scale(movie: bytes | bytearray) -> int:
    return _number(movie, _movie_length(movie)[0] - 4, 4)


def _movie_length(movie: bytes | bytearray) -> tuple[int, bool]:
    """Where the movie's length stands, and whether in 64 bits; its unit stands just before."""
    header = _child(movie, b"mvhd", 0, len(movie))
    if header is None:
        raise MediaUnreadable("the movie box has no header")
    wide = movie[header[0]] == 1
    return header[0] + (24 if wide else 16), wide


def _number(raw: bytes | bytearray, at: int, size: int, *, signed: bool = False) -> int:
    return int.from_bytes(raw[at : at + size], "big", signed=signed)


def _put(raw: bytearray, at: int, value: int, *, wide: bool) -> None:
    size = 8 if wide else 4
    raw[at : at + size] = value.to_bytes(size, "big")


def sample_entries(path: str | os.PathLike[str]) -> list[list[bytes]]:
    """Names of the sample descriptions of each track, in order: ``avc1``, ``encv``.

    Raises:
        MediaUnreadable: The file is no mp4.
    """
    movie = movie_box(path)
    tracks = [(first, last) for name, first, last in _boxes(movie, 0, len(movie)) if name == b"trak"]
    inner = (_inside(movie, *track, b"mdia", b"minf", b"stbl").get(b"stsd") for track in tracks)
    return [[name for name, _, _ in _boxes(movie, at[0] + 8, at[1])] if at else [] for at in inner]
