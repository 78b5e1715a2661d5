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
from typing import TypeAlias

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


#: Number of the packet, and by how much the clock jumps there, seconds.
_Jump: TypeAlias = tuple[int, float]


def find_jumps(track: Track, container: str) -> list[_Jump]:
    """(number of the packet, seconds) of each step at which the clock jumps for good."""
    numbers = np.flatnonzero(track.order != NO_PTS)
    known = track.order[numbers]
    steps = np.diff(known) * float(track.time_base)
    if not len(steps):
        return []
    onward = _WRAPPED_S if container in SEEKABLE else max(_ONWARD_S, _USUAL * float(np.median(steps)))
    found = []
    for k in np.flatnonzero((steps < -_BACK_S) | (steps > onward)).tolist():
        # Stamps that go on from there; a single damaged one does not.
        ahead, behind = known[k + 1 : k + 1 + _AHEAD], known[max(0, k + 1 - _AHEAD) : k + 1]
        moved = float(np.median(ahead) - np.median(behind)) * float(track.time_base)
        if moved < -_BACK_S or moved > onward:
            found.append((int(numbers[k + 1]), float(steps[k])))
    return found


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
    ours, theirs = _shared(jumps[0], jumps[-1]), _shared(jumps[-1], jumps[0])
    lonely = {step for found in jumps for _, step in found} - {step for _, step in (*ours, *theirs)}
    back = [step for step in lonely if step < 0]
    if container in SEEKABLE or back or len(ours) != len(theirs):
        raise _refusal(f"a jump by {(back or [step for found in jumps for _, step in found])[0]:.0f} s")
    if not ours:
        return Joints()
    lead = replace(tracks[0], shown=tracks[0].shown.copy())
    ends = [0, *(number for number, _ in ours), len(tracks[0].order)]
    total, shifts, unshown = 0, [], list[int]()
    mine = list[tuple[int, int]]()
    before: Ints | None = None
    for first, last in pairwise(ends):
        mended = _mend(lead, first, last)
        shown = _shown(lead, first, last, keys if video is not None else None)
        if not len(shown):
            raise _refusal("a part without a picture that decodes")
        stamps = np.sort(lead.shown[shown])
        if before is not None:
            total += int(before[-1]) + _step(before) - int(stamps[0])
            shifts.append(total * lead.time_base)
            unshown += sorted(set(range(first, last)) - set(shown.tolist()))
            mine.append((first, total))
        mine += [at for n, ticks in mended for at in ((n, total + ticks), (n + 1, total)) if at[0] < last]
        before = stamps
    if video is None:
        return Joints((), tuple(mine))
    if audio is None:
        return Joints(tuple(mine), (), tuple(unshown))
    sound = tuple((n, round(at / audio.time_base)) for (n, _), at in zip(theirs, shifts, strict=True))
    return Joints(tuple(mine), sound, tuple(unshown))


def shifted(stamps: Ints, shifts: Shifts) -> Ints:
    """Stamps on the continuous time line, int64; `NO_PTS` stays."""
    out: Ints = stamps.copy()
    for (first, ticks), last in zip(shifts, [*(n for n, _ in shifts[1:]), len(stamps)], strict=True):
        part = out[first:last]
        part[part != NO_PTS] += ticks
    return out


def _shared(ours: list[_Jump], theirs: list[_Jump]) -> list[_Jump]:
    """Jumps of one stream that another one has as well."""
    return [jump for jump in ours if any(abs(jump[1] - other) < _ALIKE_S for _, other in theirs)]


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
        got=got,
        hint="Cut them apart, or write the file anew: ffmpeg -i FILE -map 0 -c copy fixed.mkv",
        code="clock_jumps",
    )
