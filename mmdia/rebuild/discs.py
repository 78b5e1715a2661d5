"""Copies of whole discs: which streams of a DVD's or Blu-ray's folder are the film, in order; images.

A DVD's film is the largest title set (``VTS_02_1.VOB`` and on), cut into files of 1 GB; ``VTS_02_0`` and
``VIDEO_TS.VOB`` are menus. A Blu-ray's is what the longest playlist with the largest stream plays, and
without playlists the largest stream.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePath

#: Images of discs, which are named but not read.
_IMAGES = frozenset({".iso", ".img", ".nrg", ".mdf"})
_PLAYLIST = ".mpls"
_VOB = re.compile(r"(?:video_ts|vts_(\d\d)_(\d))\.vob", re.IGNORECASE)

_Paths = list[PurePath]
Size = Callable[[str], int | None]
Small = Callable[[str], Path | None]


@dataclass(frozen=True, slots=True)
class Disc:
    """The folder of a disc.

    Attributes:
        place: Folder whose name is the film's.
        files: Streams of the film, in order; none in a folder of menus.
        inside: All its streams, menus too.
        says: What was taken, in words.
    """

    place: PurePath
    files: _Paths
    inside: _Paths
    says: str


def is_image(path: PurePath) -> bool:
    """Whether the name is that of a disc's image."""
    return path.suffix.lower() in _IMAGES


def is_of_disc(name: str) -> bool:
    """Whether the name is that of a disc's file that is no media."""
    return not name.startswith(".") and PurePath(name).suffix.lower() in {*_IMAGES, _PLAYLIST}


def find_discs(files: Iterable[PurePath], size: Size, small: Small) -> list[Disc]:
    """The discs among the files of a folder; `size` and `small` are those of its source."""
    dvds: dict[PurePath, _Paths] = {}
    blurays: dict[PurePath, _Paths] = {}
    lists: dict[PurePath, _Paths] = {}
    for file in files:
        inner = tuple(part.casefold() for part in file.parts[-3:-1])
        if _VOB.fullmatch(file.name):
            dvds.setdefault(file.parent, []).append(file)
        elif inner == ("bdmv", "stream") and file.stem.isdecimal():
            blurays.setdefault(file.parents[2], []).append(file)
        elif inner == ("bdmv", "playlist") and file.suffix.lower() == _PLAYLIST:
            lists.setdefault(file.parents[2], []).append(file)
    found = [_dvd(folder, vobs, size) for folder, vobs in dvds.items()]
    return found + [_bluray(f, streams, lists.get(f, []), size, small) for f, streams in blurays.items()]


def _dvd(folder: PurePath, vobs: _Paths, size: Size) -> Disc:
    sets: dict[str, dict[int, PurePath]] = {}
    for vob in vobs:
        m = _VOB.fullmatch(vob.name)
        if m and m[1] and m[2] != "0":
            sets.setdefault(m[1], {})[int(m[2])] = vob
    # What follows a gap has lost its place on the film's time line.
    whole = {k: [s[n] for n in takewhile(s.__contains__, range(1, 10))] for k, s in sets.items()}
    best = max(whole, key=lambda k: sum(size(str(f)) or 0 for f in whole[k]), default="")
    files = whole.get(best, [])
    says = f"a DVD's folder: title set {best} is the largest of {len(sets)}, menus are left out"
    if best and len(files) < len(sets[best]):
        says += f"; VTS_{best}_{len(files) + 1}.VOB is missing, what follows it is left out"
    place = folder.parent if folder.name.casefold() == "video_ts" else folder
    return Disc(place, files, vobs, says)


def _bluray(place: PurePath, streams: _Paths, lists: _Paths, size: Size, small: Small) -> Disc:
    by_name = {s.stem: s for s in streams}
    largest = max(streams, key=lambda s: size(str(s)) or 0)
    taken, says, longest = [largest], f"the largest of {len(streams)} streams", 0.0
    for one in lists:
        local = small(str(one))
        items = [] if local is None else read_playlist(local.read_bytes())
        names = [name for name, _ in items]
        seconds = sum(s for _, s in items)
        # One that plays a stream twice is a menu, or there to mislead.
        if largest.stem in names and len(by_name.keys() & names) == len(names) and seconds > longest:
            taken, longest = [by_name[name] for name in names], seconds
            says = f"playlist {one.name} ({seconds / 60:.0f} min)"
    return Disc(place, taken, streams, f"a Blu-ray's folder: {says}; the rest is left out")


def read_playlist(raw: bytes) -> list[tuple[str, float]]:
    """Streams that an ``.mpls`` file plays, with the seconds of each; none when it is something else."""
    if raw[:4] != b"MPLS":
        return []
    at = int.from_bytes(raw[8:12]) + 10
    items = []
    for _ in range(int.from_bytes(raw[at - 4 : at - 2])):
        ticks = int.from_bytes(raw[at + 18 : at + 22]) - int.from_bytes(raw[at + 14 : at + 18])
        items.append((raw[at + 2 : at + 7].decode("ascii", "replace"), ticks / 45_000))
        at += 2 + int.from_bytes(raw[at : at + 2])
    return items
