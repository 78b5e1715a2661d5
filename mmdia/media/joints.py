"""Recordings joined byte by byte: a clock that starts over is read on one continuous time line.

Parts of a DVD title and recordings of television are joined so (``cat a.ts b.ts``). The stamps of a
part lie anywhere; the first picture of a part is shown when the last one of the part before has been
shown, and its sound lies to its pictures as it did in the part. Stamps are shifted as packets are
read (`media.packets`), so that every pass over the film sees one clock.

What counts as a jump is what the ffmpeg program corrects in such formats: steps back by over a
second, or forward by over ten. Smaller steps forward are holes in one recording and stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from mmdia.errors import MediaUnreadable
from mmdia.media.packet_facts import NO_PTS, Ints
from mmdia.media.packets import SEEKABLE, Shifts

#: Stamps that fall by more than this tell of a clock that starts over, seconds.
_BACK_S = 1.0
#: Stamps that rise by more than this do so as well, in formats that may be joined and in others
#: (where libavformat takes a clock that starts over for one that wrapped).
_ONWARD_S, _WRAPPED_S = 10.0, 3600.0
#: A step forward that is usual in a stream (a slide show) is none.
_USUAL = 20
#: Picture and sound jump by the same, but for what one outlasts the other, seconds.
_ALIKE_S = 5.0
#: Packets on either side of a jump that say whether it stays.
_AHEAD = 25
#: Packets whose distances tell how long the last one of a part lasts.
_TAIL = 50


@dataclass(frozen=True)
class Track:
    """Stamps of one stream as the file has them, `NO_PTS` where it has none.

    Attributes:
        order: Stamps that rise in decoding order, one for each packet, ticks.
        shown: Display stamps.
        time_base: Seconds per tick.
    """

    order: Ints
    shown: Ints
    time_base: Fraction


def find_jumps(track: Track, container: str) -> list[tuple[int, float]]:
    """(number of the packet, seconds) of each step at which the clock jumps for good."""
    numbers = np.flatnonzero(track.order != NO_PTS)
    known = track.order[numbers]
    steps = np.diff(known) * float(track.time_base)
    if not len(steps):
        return []
    onward = _WRAPPED_S if container in SEEKABLE else max(_ONWARD_S, _USUAL * float(np.median(steps)))
    found = np.flatnonzero((steps < -_BACK_S) | (steps > onward)).tolist()
    base = float(track.time_base)
    return [(int(numbers[k + 1]), float(steps[k])) for k in found if _stays(known, k, base, onward)]


def _stays(known: Ints, at: int, base: float, onward: float) -> bool:
    """Whether the stamps after a jump go on from there; a single damaged one does not."""
    ahead = float(np.median(known[at + 1 : at + 1 + _AHEAD]))
    behind = float(np.median(known[max(0, at + 1 - _AHEAD) : at + 1]))
    moved = (ahead - behind) * base
    return moved < -_BACK_S or moved > onward


@dataclass(frozen=True)
class Joints:
    """Where recordings are joined.

    Attributes:
        video: Shifts of the picture.
        audio: Shifts of the sound.
        unshown: Packets of picture that no decoder can show at the beginning of a part.
    """

    video: Shifts = ()
    audio: Shifts = ()
    unshown: tuple[int, ...] = ()


def join(container: str, video: Track | None, keys: Sequence[int], audio: Track | None) -> Joints:
    """How the parts of a film are laid on one time line.

    Args:
        container: libavformat's name of the format.
        video: The picture's stamps.
        keys: Packets of picture at which decoding can start, rising.
        audio: The sound's stamps.

    Raises:
        MediaUnreadable: The clock jumps (code ``clock_jumps``) in a format that is sought in, or back
            in one of the streams only: nothing says then what follows on what.
    """
    tracks = [track for track in (video, audio) if track is not None]
    jumps = [find_jumps(track, container) for track in tracks]
    if not any(jumps):
        return Joints()
    pairs, lonely = _pair(jumps[0], jumps[-1])
    back = [step for _, step in lonely if step < 0]
    if (container in SEEKABLE and any(jumps)) or back:
        step = (back or [step for found in jumps for _, step in found])[0]
        raise _refusal(f"a jump by {step:.0f} s")
    if not pairs:
        return Joints()
    ends = [len(tracks[0].order), *(len(tracks[-1].order) for _ in tracks[1:])]
    starts = [[0, *(pair[n] for pair in pairs), end] for n, end in zip((0, -1), ends, strict=False)]
    lead = replace(tracks[0], shown=tracks[0].shown.copy())
    shift, shifts, unshown = 0, list[int](), list[int]()
    mine = list[tuple[int, int]]()
    before: Ints | None = None
    for first, last in pairwise(starts[0]):
        mended = _mend(lead, first, last)
        shown = _shown(lead, first, last, keys if video is not None else None)
        if not len(shown):
            raise _refusal("a part without a picture that decodes")
        stamps = np.sort(lead.shown[shown])
        if before is not None:
            shift += int(before[-1]) + _step(before) - int(stamps[0])
            shifts.append(shift)
            unshown += sorted(set(range(first, last)) - set(shown.tolist()))
            mine.append((first, shift))
        mine += [at for n, ticks in mended for at in ((n, shift + ticks), (n + 1, shift)) if at[0] < last]
        before = stamps
    if len(tracks) == 1:
        return Joints(tuple(mine), (), tuple(unshown)) if video is not None else Joints((), tuple(mine))
    per = tracks[0].time_base / tracks[1].time_base
    sound = tuple((n, round(shift * per)) for n, shift in zip(starts[1][1:-1], shifts, strict=True))
    return Joints(tuple(mine), sound, tuple(unshown))


def shifted(stamps: Ints, shifts: Shifts) -> Ints:
    """Stamps on the continuous time line, int64; `NO_PTS` stays."""
    out: Ints = stamps.copy()
    for (first, ticks), last in zip(shifts, [*(n for n, _ in shifts[1:]), len(stamps)], strict=True):
        part = out[first:last]
        part[part != NO_PTS] += ticks
    return out


def _pair(
    ours: list[tuple[int, float]], theirs: list[tuple[int, float]]
) -> tuple[list[tuple[int, int]], list[tuple[int, float]]]:
    """Jumps that two streams share, in order, and those of one alone."""
    pairs, lonely, rest = [], [], list(theirs)
    for number, step in ours:
        at = next((k for k, (_, other) in enumerate(rest) if abs(other - step) < _ALIKE_S), None)
        if at is None:
            lonely.append((number, step))
            continue
        lonely += rest[:at]
        pairs.append((number, rest[at][0]))
        rest = rest[at + 1 :]
    return pairs, lonely + rest


def _mend(track: Track, first: int, last: int) -> list[tuple[int, int]]:
    """Mend display stamps that libavformat took from beyond a joint; (packet, ticks added) of each.

    It tells the pictures that others wait for (P, in MPEG-2) by the decoding stamp of the next one.
    """
    order, mended = track.order[first:last], list[tuple[int, int]]()
    known = order[order != NO_PTS]
    for n in range(max(first, last - _TAIL), last):
        apart = (int(track.shown[n]) - int(track.order[n])) * float(track.time_base)
        if NO_PTS not in (track.shown[n], track.order[n]) and abs(apart) > _BACK_S:
            right = int(known.max()) + _step(known) * (1 + len(mended))
            mended.append((n, right - int(track.shown[n])))
            track.shown[n] = right
    return mended


def _shown(track: Track, first: int, last: int, keys: Sequence[int] | None) -> Ints:
    """Packets first .. last - 1 that are shown: those before a part's first key picture are not."""
    numbers: Ints = np.arange(first, last)
    numbers = numbers[track.shown[first:last] != NO_PTS]
    if keys is None:
        return numbers
    key = next((k for k in keys if first <= k < last and track.shown[k] != NO_PTS), last)
    shown: Ints = numbers[(numbers >= key) & (track.shown[numbers] >= track.shown[min(key, last - 1)])]
    return shown


def _step(stamps: Ints) -> int:
    """Ticks for which the last of sorted stamps stands: as long as those before it."""
    steps = np.diff(np.unique(stamps[-_TAIL:]))
    return int(np.median(steps)) if len(steps) else 0


def _refusal(got: str) -> MediaUnreadable:
    return MediaUnreadable(
        "the file's clock starts over within it: several recordings are joined",
        expected="recordings that can be told apart",
        got=got,
        hint="Cut them apart, or write the file anew: ffmpeg -i FILE -map 0 -c copy fixed.mkv",
        code="clock_jumps",
    )
